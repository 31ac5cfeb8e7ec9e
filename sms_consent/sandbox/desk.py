"""What people and systems other than the site do at Braze: the help desk, imports, readers of mail, a carrier."""

from __future__ import annotations

from datetime import UTC, datetime

from .events import CSV_IMPORT, REST_API, SOURCES
from .records import EMAIL_SUBSCRIBE_STATES, SUBSCRIBED, UNSUBSCRIBED, Group, Profile, clean_email, clean_phone
from .world import World

# P-doi: these always enter double opt-in, where a group has it on.
ASKING_SOURCES = ("SDK", "Preference Center")


class HelpDesk:
    """Acts on the fake Braze past the site. Each act returns in words what it did, or raises LookupError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def set_state(self, who: str, group_id: str, state: str, source: str = "Dashboard") -> str:
        """Subscribe or unsubscribe a phone, an email address or an external id.

        By REST API an address that nobody holds is parked; a CSV import makes a profile for it.
        """
        if state not in (SUBSCRIBED, UNSUBSCRIBED) or source not in SOURCES:
            raise ValueError(f"state is {SUBSCRIBED} or {UNSUBSCRIBED}; source one of {', '.join(SOURCES)}")
        with self._world.lock, self._world.event_log.caused_by(source):
            group = self._group(group_id)
            address = _address(who)
            if source == REST_API and address:
                return self._world.set_by_address(group, address, state)
            profile = self._import(who) if source == CSV_IMPORT else self._profile(who)
            return self._world.set_on_profile(group, profile, state, double_opt_in=source in ASKING_SOURCES)

    def set_global_email(self, email: str, state: str, source: str = "Subscription Page") -> str:
        """Set the global email state: opted_in, subscribed or unsubscribed."""
        if state not in EMAIL_SUBSCRIBE_STATES or source not in SOURCES:
            raise ValueError(f"state is one of {', '.join(EMAIL_SUBSCRIBE_STATES)}; source of {', '.join(SOURCES)}")
        with self._world.lock, self._world.event_log.caused_by(source):
            profile = self._profile(clean_email(email) or "")
            self._world.states.set_global_email_for_profile(profile, state)
        return f"{profile.email} is {state}"

    def mark_as_spam(self, email: str) -> str:
        """Complain about a mail. Braze notes it, and leaves every subscription as it was (P-substatus)."""
        with self._world.lock:
            profile = self._profile(clean_email(email) or "")
            at = datetime.fromtimestamp(self._world.pulse.now(), UTC)
            profile.attributes["marked_email_as_spam_at"] = at.isoformat(timespec="seconds")
            self._world.people.touch(profile)
            self._world.event_log.marked_as_spam(profile)
        return f"{profile.email} marked a mail as spam"

    def block(self, phone: str, group_id: str) -> str:
        """Have the provider refuse the texts of a group to a number, until it texts an opt-in word."""
        with self._world.lock:
            number = clean_phone(phone)
            if number is None:
                raise LookupError(f"{phone} is no number")
            self._world.handsets.block(number, self._group(group_id))
        return f"the provider refuses texts to {number}"

    def _group(self, group_id: str) -> Group:
        if group_id not in self._world.groups:
            raise LookupError(f"there is no group {group_id}")
        return self._world.groups[group_id]

    def _profile(self, who: str) -> Profile:
        address, people = _address(who), self._world.people
        found = people.newest_holder(address) if address else people.get(who)
        if found is None:
            raise LookupError(f"Braze knows nobody as {who or 'that'}")
        return found

    def _import(self, who: str) -> Profile:
        try:
            return self._profile(who)
        except LookupError:
            phone, email = clean_phone(who), clean_email(who)
            profile = self._world.people.create(external_id=None if phone or email else who)
        self._world.states.move(profile, "sms", phone)
        self._world.states.move(profile, "email", email)
        return profile


def _address(who: str) -> str | None:
    return clean_phone(who) or clean_email(who)
