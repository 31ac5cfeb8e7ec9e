"""What Braze has yet to be told: marking, claiming and settling. The only writer of what Braze was told.

The outbox says "out of date", never what to send. A change replaces a row's version and makes it due; a
worker claims rows under a lease, builds the payload from the newest state, and settles by version: a row
that changed meanwhile, or whose lease has gone, is marked again instead of being called done.
"""

from sms_consent.outbox.claims import (
    Claim,
    claim_global_emails,
    claim_identities,
    claim_merges,
    claim_numbers,
    claim_opt_outs,
    claim_people,
)
from sms_consent.outbox.marking import (
    MAX_ASKS,
    NOTIFY_CHANNEL,
    claim_identity,
    forget_group,
    forget_some,
    mark,
    mark_joined,
    mark_left,
    mark_waiting,
    merge_away,
    moving,
    send_again,
    touch,
    wake,
)
from sms_consent.outbox.settling import (
    Outcome,
    close_rides,
    forget_profiles,
    note_left,
    note_looked,
    open_riders,
    open_rides,
    settle_global_emails,
    settle_identities,
    settle_profiles,
    settle_riders,
    settle_subscriptions,
    unsent,
)

__all__ = [
    "MAX_ASKS",
    "NOTIFY_CHANNEL",
    "Claim",
    "Outcome",
    "claim_identities",
    "claim_identity",
    "claim_global_emails",
    "claim_merges",
    "claim_numbers",
    "claim_opt_outs",
    "claim_people",
    "close_rides",
    "forget_group",
    "forget_profiles",
    "forget_some",
    "mark",
    "mark_joined",
    "mark_left",
    "mark_waiting",
    "merge_away",
    "moving",
    "note_left",
    "note_looked",
    "open_riders",
    "open_rides",
    "send_again",
    "settle_identities",
    "settle_global_emails",
    "settle_profiles",
    "settle_riders",
    "settle_subscriptions",
    "touch",
    "unsent",
    "wake",
]
