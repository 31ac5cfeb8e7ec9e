"""Subscription states, which belong to a number or an email address more than to a profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .events import REST_API, USER_MERGE, Events
from .people import People
from .pulse import Pulse
from .records import DEFAULT_EMAIL_SUBSCRIBE, Channel, Group, Parked, Profile

PARKED_SECONDS = 30 * 86_400
GLOBAL_EMAIL = "email_subscribe"


class States:
    """Group states and the global email state, their spreading, parking and inheriting (braze.md §§1, 7).

    Each change to a profile is told as an event. A parked state is none: there is nobody to tell of.
    """

    def __init__(self, pulse: Pulse, people: People, groups: dict[str, Group], events: Events) -> None:
        self._pulse = pulse
        self._people = people
        self._groups = groups
        self._events = events
        self.parked: dict[str, dict[str, Parked]] = {}

    def set_for_address(self, group: Group, address: str, state: str) -> bool:
        """Set a state for all who hold the address. With no holder it is parked; return False then."""
        holders = self._people.holders(address)
        for profile in holders:
            self._write(profile, group, state)
        if not holders:
            self._park(address, group.id, state)
        return bool(holders)

    def set_for_profile(self, group: Group, profile: Profile, state: str) -> None:
        """Set a state on a profile, and on those who share its phone or email."""
        self._write(profile, group, state)
        address = profile.address(group.channel)
        if address is not None:
            self.set_for_address(group, address, state)

    def set_global_email(self, address: str, state: str) -> bool:
        """Set the global email state for all who hold the address, or park it (/email/status)."""
        holders = self._people.holders(address)
        for profile in holders:
            self._write_global(profile, state)
        if not holders:
            self._park(address, GLOBAL_EMAIL, state)
        return bool(holders)

    def set_global_email_for_profile(self, profile: Profile, state: str) -> None:
        """Set it on a profile, and so on everyone with the same address (P-substatus)."""
        self._write_global(profile, state)
        if profile.email is not None:
            self.set_global_email(profile.email, state)

    def move(self, profile: Profile, channel: Channel, address: str | None) -> list[str]:
        """Give a profile an address (or none). If Braze knows the address, its states come along.

        If it does not, the profile keeps what it had: at Braze consent travels to a new number
        unless the caller withdraws it first (R-phones). What was parked came by a call, and is told as its doing.
        """
        before = profile.address(channel)
        if address == before:
            return []
        source = self._events.source if self._people.holders(address or "") else REST_API
        known = self._known(address) if address is not None else {}
        with self._events.caused_by(source), self._telling(profile):
            self._people.house(profile, channel, address)
            if channel == "email":
                fallback = DEFAULT_EMAIL_SUBSCRIBE if before is not None else profile.email_subscribe
                profile.email_subscribe = known.pop(GLOBAL_EMAIL, fallback)
            states = {key: state for key, state in known.items() if self._has_channel(key, channel)}
            profile.states.update(states)
        return [f"{address} brought its state along: {state}" for state in states.values()]

    def merge(self, gone: Profile, kept: Profile) -> None:
        """Fold one profile into another, which may gain states by it."""
        with self._events.caused_by(USER_MERGE), self._telling(kept):
            self._people.merge(gone, kept)

    def _known(self, address: str) -> dict[str, str]:
        """Return what is known of an address: from a profile that holds it, or parked."""
        for other in self._people.holders(address):
            return {**other.states, GLOBAL_EMAIL: other.email_subscribe}
        oldest = self._pulse.now() - PARKED_SECONDS
        parked = self.parked.pop(address, {})
        return {key: one.state for key, one in parked.items() if one.at >= oldest}

    def _has_channel(self, group_id: str, channel: Channel) -> bool:
        group = self._groups.get(group_id)
        return group is not None and group.channel == channel

    def _write(self, profile: Profile, group: Group, state: str) -> None:
        if profile.states.get(group.id) != state:
            with self._telling(profile):
                profile.states[group.id] = state
            self._people.touch(profile)

    def _write_global(self, profile: Profile, state: str) -> None:
        if profile.email_subscribe != state:
            with self._telling(profile):
                profile.email_subscribe = state
            self._people.touch(profile)

    @contextmanager
    def _telling(self, profile: Profile) -> Iterator[None]:
        """Tell afterwards what of a profile's states changed in here."""
        before, global_before = dict(profile.states), profile.email_subscribe
        yield
        for key, state in profile.states.items():
            if before.get(key) != state and key in self._groups:
                self._events.group_state_changed(profile, self._groups[key])
        if profile.email_subscribe != global_before:
            self._events.global_state_changed(profile)

    def _park(self, address: str, key: str, state: str) -> None:
        self.parked.setdefault(address, {})[key] = Parked(state, self._pulse.now())
        self._pulse.beat()
