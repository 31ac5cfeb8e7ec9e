"""What Braze has yet to be told: marking, claiming and settling. The only writer of what Braze was told.

The outbox says "out of date", never what to send. A change replaces a row's version and makes it due; a
worker claims rows under a lease, builds the payload from the newest state, and settles by version: a row
that changed meanwhile, or whose lease has gone, is marked again instead of being called done.
"""

from sms_consent.outbox.claims import (
    Claim,
    claim_merges,
    claim_numbers,
    claim_opt_outs,
    claim_people,
    waiting_since,
)
from sms_consent.outbox.marking import (
    MAX_ASKS,
    NOTIFY_CHANNEL,
    forget_group,
    insist,
    mark,
    mark_holders,
    mark_left,
    mark_waiting,
    merge_away,
    send_again,
    touch,
    wake,
)
from sms_consent.outbox.seeing import busy, note_seen
from sms_consent.outbox.settling import (
    Outcome,
    close_rides,
    forget_profiles,
    note_left,
    note_looked,
    open_riders,
    open_rides,
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
    "busy",
    "claim_merges",
    "claim_numbers",
    "claim_opt_outs",
    "claim_people",
    "close_rides",
    "forget_group",
    "forget_profiles",
    "insist",
    "mark",
    "mark_holders",
    "mark_left",
    "mark_waiting",
    "merge_away",
    "note_left",
    "note_looked",
    "note_seen",
    "open_riders",
    "open_rides",
    "send_again",
    "settle_profiles",
    "settle_riders",
    "settle_subscriptions",
    "touch",
    "unsent",
    "waiting_since",
    "wake",
]
