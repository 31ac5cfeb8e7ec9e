"""Whom the fake Braze knows: profiles, and how to find them."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable

from .pulse import Pulse
from .records import Channel, Json, Profile


class People:
    """The profiles, least recently changed first, with an index per external id and address."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self.profiles: OrderedDict[str, Profile] = OrderedDict()
        self._by_external_id: dict[str, Profile] = {}
        # Phones start with +, emails hold an @: one index serves both.
        self._by_address: dict[str, dict[str, Profile]] = {}

    def get(self, external_id: str) -> Profile | None:
        return self._by_external_id.get(external_id)

    def get_by_alias(self, alias: Json) -> Profile | None:
        return next((profile for profile in self.profiles.values() if alias in profile.aliases), None)

    def holders(self, address: str) -> list[Profile]:
        """Return every profile with this phone or email: neither is unique at Braze."""
        return list(self._by_address.get(address, {}).values())

    def newest_holder(self, address: str) -> Profile | None:
        """Return whichever of them changed last: whom Braze means when one is to be named."""
        return max(self.holders(address), key=lambda one: one.revision, default=None)

    def create(self, *, external_id: str | None = None, alias: Json | None = None) -> Profile:
        now = self._pulse.now()
        profile = Profile(braze_id=uuid.uuid4().hex[:24], created_at=now, updated_at=now)
        self.profiles[profile.braze_id] = profile
        if external_id is not None:
            self.name(profile, external_id)
        if alias is not None:
            profile.aliases.append(alias)
        self.touch(profile)
        return profile

    def name(self, profile: Profile, external_id: str) -> None:
        """Give an anonymous profile its external id."""
        profile.external_id = external_id
        self._by_external_id[external_id] = profile
        self.touch(profile)

    def touch(self, profile: Profile) -> None:
        """Note that a profile changed just now."""
        profile.updated_at = self._pulse.now()
        profile.revision = self._pulse.beat()
        self.profiles.move_to_end(profile.braze_id)

    def house(self, profile: Profile, channel: Channel, address: str | None) -> None:
        """Put a profile under a new address, or under none."""
        self._leave(profile, profile.address(channel))
        if channel == "sms":
            profile.phone = address
        else:
            profile.email = address
        if address is not None:
            self._by_address.setdefault(address, {})[profile.braze_id] = profile
        self.touch(profile)

    def delete(self, profile: Profile) -> None:
        """Forget a profile; the states of an address that only it held go with it (P-subset-v1)."""
        for address in (profile.phone, profile.email):
            self._leave(profile, address)
        if profile.external_id is not None:
            del self._by_external_id[profile.external_id]
        del self.profiles[profile.braze_id]
        self._pulse.forget()

    def merge(self, gone: Profile, kept: Profile) -> None:
        """Fold one profile into another: what the kept one lacks, it takes over (P-merge)."""
        phone, email = kept.phone or gone.phone, kept.email or gone.email
        if email != kept.email:
            kept.email_subscribe = gone.email_subscribe
        kept.states = {**gone.states, **kept.states}
        kept.attributes = {**gone.attributes, **kept.attributes}
        kept.aliases += gone.aliases
        kept.events += gone.events
        kept.purchases += gone.purchases
        self.delete(gone)
        self.house(kept, "sms", phone)
        self.house(kept, "email", email)

    def _leave(self, profile: Profile, address: str | None) -> None:
        if address is None:
            return
        others = self._by_address[address]
        del others[profile.braze_id]
        if not others:
            del self._by_address[address]


def pick(candidates: Iterable[Profile], prioritization: Iterable[str] = ()) -> Profile | None:
    """Choose one profile as Braze's `prioritization` does; None if there is none or it stays ambiguous."""
    found = list(candidates)
    for rule in prioritization:
        if rule in ("identified", "unidentified"):
            found = [one for one in found if (one.external_id is not None) == (rule == "identified")]
        elif rule in ("most_recently_updated", "least_recently_updated"):
            found = sorted(found, key=lambda one: one.revision, reverse=rule.startswith("most"))[:1]
    return found[0] if len(found) == 1 else None
