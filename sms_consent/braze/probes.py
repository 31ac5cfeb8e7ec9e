"""Which permissions the key needs, and for each a call that tells whether it has it and cannot change anything.

Each call names nobody, no group and no state: `{}` as the body, or no parameters. A key that may make it is told
400; one that may not, 401 or 403 (braze.md §§2, 6). That Braze looks at the key before the body is not documented.
"""

from __future__ import annotations

from dataclasses import dataclass

from sms_consent.braze.client import (
    DELETE,
    EMAIL_STATUS,
    GET_STATUS,
    IDENTIFY,
    MERGE,
    SET_STATUS,
    TRACK,
    USER_STATUS,
)


@dataclass(frozen=True)
class Probe:
    """A permission, the call that shows it, and what does not work without it."""

    permission: str
    method: str
    path: str
    use: str


PROBES = (
    # https://www.braze.com/docs/api/endpoints/user_data/post_user_track: 400 without attributes, events, purchases
    Probe("users.track", "POST", TRACK, "nobody gets a profile at Braze, and no email consent arrives there"),
    # https://www.braze.com/docs/api/endpoints/subscription_groups/post_update_user_subscription_group_status:
    # group, state and an address are required
    Probe("subscription.status.set", "POST", SET_STATUS, "no number is subscribed, and no opt-out arrives at Braze"),
    # https://www.braze.com/docs/api/endpoints/subscription_groups/get_list_user_subscription_group_status: the group
    # and an address are required
    Probe("subscription.status.get", "GET", GET_STATUS, "this check cannot see whether the groups are there"),
    # https://www.braze.com/docs/api/endpoints/subscription_groups/get_list_user_subscription_groups: an address is
    # required
    Probe("subscription.groups.get", "GET", USER_STATUS, "an earlier STOP at Braze stays unseen, so no number is told"),
    # https://www.braze.com/docs/api/endpoints/email/post_email_subscription_status: address and state are required
    Probe("email.status", "POST", EMAIL_STATUS, "who has left every email program is not unsubscribed from all emails"),
    # https://www.braze.com/docs/api/endpoints/user_data/post_users_merge: the pairs are required
    Probe("users.merge", "POST", MERGE, "somebody who turns out to be known already stays two people at Braze"),
    # https://www.braze.com/docs/api/endpoints/user_data/post_user_identify: somebody to identify is required
    Probe("users.identify", "POST", IDENTIFY, "a number that Braze saw first is not tied to the person who signs up"),
    # https://www.braze.com/docs/api/endpoints/user_data/post_user_delete: one kind of identifier is required
    Probe("users.delete", "POST", DELETE, "whoever is erased here stays at Braze"),
)
