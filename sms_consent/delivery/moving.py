"""A person's address at Braze that takes the place of another: a profile keeps its states when that changes (R-phones).

So what the old one had agreed to must be gone before the new one comes, and Braze applies calls in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings

from sms_consent.braze import payloads
from sms_consent.choices import STANDING, Told
from sms_consent.delivery.loading import Profile, Standing
from sms_consent.models import Program
from sms_consent.outbox import CARRIES, MOVED, ONE_OR_ANOTHER, Claim

AT_ONCE = timedelta(0)


def without_its_number(profile: Profile, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a profile's call is to say: a number gives way to none before there is another.

    Nothing can be unsubscribed under a new number that is yet to be asked: it may be a stranger's (rule 11). So it
    waits as well while the profile may carry what the old one had agreed to: it would be subscribed unasked (rule 2).
    """
    before = profile.accepted.get("phone")
    if CARRIES not in profile.accepted and (not before or wanted.get("phone") in (None, before)):
        return dict(wanted)
    return {name: value for name, value in wanted.items() if name not in ("phone", "country")}


@dataclass
class Move:
    """What a call changes about a profile, as against what Braze has of it.

    `is_first`: its number is still to come. `takes` says whether a program's line takes anything, by slug.
    """

    claim: Claim
    profile: Profile
    changed: Mapping[str, Any]
    standings: Mapping[str, list[Standing]]
    programs: Mapping[int, Program]
    is_first: bool
    takes: Callable[[str], bool]

    def again_in(self) -> timedelta | None:
        """Return after how long the call is followed by another; None if by none.

        At once where the new number is still to come, and nothing stays of the old one. When all calls have landed
        (rule 7) where something does; where one with another address may be in flight: a moment ago this one's was no
        news, or is none now; and where it takes one away.
        """
        if self.carries_on:
            return settings.BRAZE_RECHECK_AFTER
        if self.is_first:
            return AT_ONCE
        return settings.BRAZE_RECHECK_AFTER if self._is_to_be_repeated() else None

    def _is_to_be_repeated(self) -> bool:
        if any(self._takes_away(name) for name in payloads.ADDRESSES):
            return True  # see `left`
        if payloads.is_moving(self.changed, self.profile.accepted):
            return self.claim.was_unknown or self.profile.was_told_lately
        # A repeat was waiting, a call went astray, or the new number is not to be told of after all.
        return self.profile.was_told_lately and (self.claim.was_unknown or self._has_lost_its_number())

    def _has_lost_its_number(self) -> bool:
        return self.profile.accepted.get("phone", ONE_OR_ANOTHER) is None and not self.claim.was_recheck

    def _takes_away(self, name: str) -> bool:
        accepted = self.profile.accepted
        return bool(accepted.get(name)) and payloads.takes_away(name, self.changed, accepted)

    @property
    def carries_on(self) -> bool:
        """Whether, after this call, the profile may have states of a number that it has lost.

        So it is until the call that takes the number away is repeated, and unsubscribes them: if it may say so of all.
        """
        return self.carried is not None

    @cached_property
    def carried(self) -> list[int] | None:
        """The ids of the programs that stay with the profile, as far as that is known; None if none does.

        Those that the lost number goes on with, and those that it could not leave.
        """
        before = self.profile.accepted
        if CARRIES in before:
            is_over = self._is_last_of_it and all(
                self.takes(it.slug) for it in self._left() if it.pk in before[CARRIES]
            )
            return None if is_over else before[CARRIES]
        if not payloads.takes_away("phone", self.changed, before):
            return None
        spared = self._spared("phone")
        rows = self.standings.get(spared or "", ())
        on = sorted({row.program for row in rows if row.state in STANDING or self._cannot_leave(row)})
        return on if on or spared is None else None

    def _cannot_leave(self, row: Standing) -> bool:
        """Whether Braze may have the number subscribed, and its opt-out waits for a line that has stopped.

        For a program that is offered no more nobody waits: its group may be gone for good.
        """
        program, has_joined = self.programs[row.program], row.told not in (Told.NOTHING, Told.UNSUBSCRIBED)
        return has_joined and program.is_active and not self.takes(program.slug)

    @property
    def _is_last_of_it(self) -> bool:
        """Whether the profile has been told that it has no number, and nothing can have brought one since."""
        return self.claim.was_recheck and self.profile.accepted.get("phone", ONE_OR_ANOTHER) is None

    def left(self) -> list[Program]:
        """Return the programs of which the profile keeps nothing, but for those whose line has stopped.

        Where an address is taken away: not those on which that goes on, for whether Braze takes it away first is not
        known. When the call is repeated the profile has had none for minutes, so that it is about nobody's address, and
        goes for all. Where a mailbox that is proven takes the place of another: those that it has not joined.
        """
        return [program for program in self._left() if self.takes(program.slug)]

    def _left(self) -> list[Program]:
        found = []
        for name, is_sms in payloads.ADDRESSES.items():
            spared = self._spared(name)
            if spared is not None:
                on = {row.program for row in self.standings.get(spared, ()) if row.state in STANDING}
                found += [it for pk, it in self.programs.items() if it.is_sms == is_sms and pk not in on]
        return [program for program in found if program.subscription_group_id]

    def _spared(self, name: str) -> str | None:
        """Return the address whose programs are left alone; empty if there is none, None if all are."""
        before = self.profile.accepted.get(name)
        if name == "phone" and CARRIES in self.profile.accepted and not self._is_last_of_it:
            return None
        if payloads.takes_away(name, self.changed, self.profile.accepted):
            return None if before == ONE_OR_ANOTHER else before or ""
        return self.changed["email"] if name == "email" and self._takes_the_place() else None

    def _takes_the_place(self) -> bool:
        profile = self.profile
        if not (profile.is_proven and self.changed.get("email") and "email" in profile.accepted):
            return False
        return MOVED in profile.accepted or self.changed["email"] != profile.accepted["email"]

    def notes(self) -> dict[str, Any]:
        """Return what is written down, beside the attributes, of what the profile may keep until the call is repeated.

        Of its mailbox, too: a repeat that fails, or dies with its worker, has still to say what that has not joined.
        """
        carried = {CARRIES: self.carried} if self.carries_on else {}
        has_moved = self._takes_the_place() and self.again_in() is not None
        return {**carried, MOVED: True} if has_moved else carried
