"""What happened at the fake Braze, in the words of its Currents export (braze.md §9.1).

Field names and their places are those of Braze's own samples for the custom HTTP export
(Appboy/currents-examples, sample-data/Custom HTTP); ids of campaigns and the like are left out.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .pulse import Pulse
from .records import Event, Group, Json, Profile

KEPT_EVENTS = 5_000

GROUP_STATE = "users.behaviors.subscriptiongroup.StateChange"
GLOBAL_STATE = "users.behaviors.subscription.GlobalStateChange"
INBOUND_TEXT = "users.messages.sms.InboundReceive"
SPAM = "users.messages.email.MarkAsSpam"
REJECTION = "users.messages.sms.Rejection"

REST_API = "REST API"
INBOUND_MESSAGE = "Inbound Message"
CSV_IMPORT = "CSV Import"
USER_MERGE = "User Merge"
SOURCES = (
    "Dashboard",
    REST_API,
    CSV_IMPORT,
    "Preference Center",
    "Subscription Page",
    "SDK",
    "Canvas User Update Step",
    INBOUND_MESSAGE,
    "Migration",
    USER_MERGE,
)
# How the global state is spelled here; only "Subscribed" is in Braze's sample.
GLOBAL_STATUS = {"opted_in": "Opted-In", "subscribed": "Subscribed", "unsubscribed": "Unsubscribed"}

STOPPED_AT_PROVIDER = "21610"
REJECTED = "Attempt to send to unsubscribed recipient"


class Events:
    """The events so far, newest last. `heard` is called with each, under the world's lock.

    `source` is who is at it just now; the REST API unless somebody says otherwise.
    """

    def __init__(self, pulse: Pulse, *, keep: int = KEPT_EVENTS) -> None:
        self._pulse = pulse
        self.kept: deque[Event] = deque(maxlen=keep)
        self.source = REST_API
        self.heard: Callable[[Event], None] | None = None

    @contextmanager
    def caused_by(self, source: str) -> Iterator[None]:
        """What changes in here was changed by this source."""
        before, self.source = self.source, source
        try:
            yield
        finally:
            self.source = before

    def group_state_changed(self, profile: Profile, group: Group) -> None:
        address = profile.address(group.channel)
        self._emit(
            GROUP_STATE,
            profile,
            subscription_group_id=group.id,
            subscription_status=profile.states[group.id],
            channel=group.channel,
            channel_identifier=address,
            phone_number=profile.phone,
            email_address=profile.email,
            state_change_source=self.source,
        )

    def global_state_changed(self, profile: Profile) -> None:
        self._emit(
            GLOBAL_STATE,
            profile,
            subscription_status=GLOBAL_STATUS[profile.email_subscribe],
            channel="email",
            channel_identifier=profile.email,
            email_address=profile.email,
            state_change_source=self.source,
        )

    def text_received(self, profile: Profile | None, phone: str, body: str, group: Group, action: str) -> None:
        """Tell of a text, whatever it said. `action` is Subscribed, Unsubscribed or None (as a word).

        A number that nobody holds has no profile to name: `user` is empty then.
        """
        self._emit(
            INBOUND_TEXT,
            profile,
            user_phone_number=phone,
            inbound_phone_number=group.number,
            subscription_group_id=group.id,
            action=action,
            message_body=body,
            media_urls=[],
        )

    def marked_as_spam(self, profile: Profile) -> None:
        self._emit(SPAM, profile, email_address=profile.email, esp="Sandbox", user_agent="")

    def text_rejected(self, profile: Profile | None, phone: str, group: Group) -> None:
        """Tell that the provider would not take a text: it has a STOP of its own from that number."""
        self._emit(
            REJECTION,
            profile,
            to_phone_number=phone,
            from_phone_number=group.number,
            subscription_group_id=group.id,
            error=REJECTED,
            provider_error_code=STOPPED_AT_PROVIDER,
        )

    def _emit(self, event_type: str, profile: Profile | None, **properties: object) -> None:
        if self.kept.maxlen == 0 and self.heard is None:
            return
        event = Event(
            event_type=event_type,
            id=str(uuid.uuid4()),
            time=int(self._pulse.now()),
            user=_user(profile) if profile else {},
            properties={name: value for name, value in properties.items() if value is not None},
            email=(profile.email if profile else None) or "",
        )
        self.kept.append(event)
        if self.heard is not None:
            self.heard(event)


def _user(profile: Profile) -> Json:
    """Return whom an event is about. `external_user_id` and `timezone` are there if Braze knows them."""
    known = {
        "user_id": profile.braze_id,
        "external_user_id": profile.external_id,
        "timezone": profile.attributes.get("time_zone"),
    }
    return {name: value for name, value in known.items() if value is not None}
