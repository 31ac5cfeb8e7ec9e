"""The whole state of the sandbox, and what can happen in it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from . import keywords
from .calls import KEPT_CALLS, Calls
from .events import Events
from .handsets import Handsets
from .later import Later, Order, Pending
from .people import People
from .pulse import Pulse
from .records import SUBSCRIBED, Call, Channel, Event, Group, Mail, Profile, Text
from .states import States

KEPT_MAILS = 2_000
DEFAULT_NUMBER = "+12025550100"
# Takes a text in Braze's place; returns whether it did.
Relay = Callable[[str, str, Group], bool]


class World:
    """Who Braze knows, what is on the phones and in the mailbox, which calls came.

    Every public method takes the lock; whoever reads several things in a row takes `lock` around them.
    """

    def __init__(
        self,
        groups: Mapping[str, Channel] | None = None,
        *,
        number: str = DEFAULT_NUMBER,
        now: Callable[[], float] = time.time,
        keep_calls: int = KEPT_CALLS,
    ) -> None:
        self.pulse = Pulse(now)
        self.lock = self.pulse.lock
        self.later = Later()
        self._keep_calls = keep_calls
        self._first_groups = dict(groups or {})
        self._first_number = number
        self.event_log = Events(self.pulse, keep=keep_calls)
        self.relay: Relay = lambda *_: False
        self._clear()

    def _clear(self) -> None:
        self.groups: dict[str, Group] = {}
        for group_id, channel in self._first_groups.items():
            self.set_group(group_id, channel=channel)
        self.people = People(self.pulse)
        self.states = States(self.pulse, self.people, self.groups, self.event_log)
        self.handsets = Handsets(self.pulse, self.people, self.states, self.event_log)
        self.event_log.kept.clear()
        self.call_log = Calls(self.pulse, keep=self._keep_calls)
        self.mailbox: deque[Mail] = deque(maxlen=KEPT_MAILS)
        self._mail_count = 0

    def reset(self) -> None:
        """Begin again, with the groups there were at first."""
        with self.lock:
            self.pulse.restart()
            self.later.drop()
            self._clear()
            self.pulse.forget()

    # --- reading

    @property
    def profiles(self) -> list[Profile]:
        with self.lock:
            return list(self.people.profiles.values())

    @property
    def calls(self) -> list[Call]:
        with self.lock:
            return list(self.call_log.kept)

    @property
    def mails(self) -> list[Mail]:
        with self.lock:
            return list(self.mailbox)

    @property
    def events(self) -> list[Event]:
        with self.lock:
            return list(self.event_log.kept)

    @property
    def pending_applications(self) -> list[Pending]:
        return self.later.pending

    def profile(self, external_id: str) -> Profile | None:
        with self.lock:
            return self.people.get(external_id)

    def holders(self, address: str) -> list[Profile]:
        """Return the profiles with this phone or email."""
        with self.lock:
            return self.people.holders(address)

    def state(self, group_id: str, address: str) -> str | None:
        """Return the state of an address in a group, as its holders have it; None if none was set."""
        with self.lock:
            return next((holder.states.get(group_id) for holder in self.people.holders(address)), None)

    def texts(self, phone: str) -> list[Text]:
        with self.lock:
            return self.handsets.thread(phone)

    def calls_to(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    def wait_until(self, predicate: Callable[[], object], timeout: float = 30.0) -> bool:
        """Wait until something is true of this world. Return whether it came true."""
        return self.pulse.wait_until(predicate, timeout)

    # --- what happens

    def set_group(
        self,
        group_id: str,
        channel: Channel,
        *,
        name: str = "",
        double_opt_in: bool | None = None,
        number: str = "",
        **words: Sequence[str],
    ) -> Group:
        """Add or change a group. Double opt-in is on for texts unless said otherwise.

        `words` are the four kinds that a `Group` has. Raise ValueError if Braze would refuse them.
        """
        is_on = channel == "sms" if double_opt_in is None else double_opt_in
        name = name or {"sms": "SMS", "email": "Email"}[channel]
        with self.lock:
            number = number or self._number_of(group_id, channel)
            group = Group(group_id, channel, name, is_on, number, **words)
            keywords.check(group)
            self.groups[group_id] = group
            self.pulse.beat()
        return group

    def _number_of(self, group_id: str, channel: Channel) -> str:
        """Return the number a group has, or the next one for a new SMS group."""
        if group_id in self.groups or channel != "sms":
            return self.groups[group_id].number if group_id in self.groups else ""
        others = sum(group.channel == "sms" for group in self.groups.values())
        return f"+1202555{189 + others:04}" if others else self._first_number

    def set_by_address(self, group: Group, address: str, state: str, *, double_opt_in: bool = False) -> str:
        """Set a group state by phone or email. Return what became of it, in words."""
        with self.lock:
            if self._asks_first(group, state, double_opt_in):
                return self._ask(group, address)
            if self.states.set_for_address(group, address, state):
                return f"{address} is {state}"
            return f"nobody holds {address}: {state} is parked for 30 days"

    def set_by_external_id(self, group: Group, external_id: str, state: str, *, double_opt_in: bool = False) -> str:
        with self.lock:
            profile = self.people.get(external_id)
            if profile is None:
                return f"no profile {external_id}: nothing to set or park"
            return self.set_on_profile(group, profile, state, double_opt_in=double_opt_in)

    def set_on_profile(self, group: Group, profile: Profile, state: str, *, double_opt_in: bool = False) -> str:
        with self.lock:
            if self._asks_first(group, state, double_opt_in):
                if profile.phone is None:
                    return "double opt-in for a profile without a phone: nothing happens"
                return self._ask(group, profile.phone)
            self.states.set_for_profile(group, profile, state)
            return f"{profile.external_id or 'anonymous profile'} is {state}"

    def send_text(self, phone: str, body: str, group_id: str | None = None) -> None:
        """Text from a handset to the number of an SMS group: the one it heard from last, or the first."""
        with self.lock:
            heard_from = [text.group_id for text in self.handsets.thread(phone)][-1:]
            first = [group.id for group in self.groups.values() if group.channel == "sms"][:1]
            chosen = [group_id] if group_id is not None else heard_from or first
            group = self.groups.get(chosen[0]) if chosen else None
            if group is None or group.channel != "sms":
                raise LookupError("there is no such SMS group to text to")
            self.handsets.add(phone, body, group, inbound=True)
            if not self.relay(phone, body, group):
                self.handsets.receive(phone, body, group)

    def add_mail(self, mail: Mail) -> None:
        with self.lock:
            self._mail_count += 1
            mail.number, mail.at, mail.revision = self._mail_count, self.pulse.now(), self.pulse.beat()
            self.mailbox.append(mail)

    def apply_late(self, order: Order = "arrival") -> int:
        """Apply what was accepted but not applied yet. Return how many calls that were."""
        return self.later.apply_all(order)

    def _asks_first(self, group: Group, state: str, flag: bool) -> bool:
        """The flag counts for texts only, to subscribe only, and where the group has double opt-in on.

        What the flag does where the group has it off is not documented: here it then does nothing.
        """
        return flag and state == SUBSCRIBED and group.channel == "sms" and group.double_opt_in

    def _ask(self, group: Group, phone: str) -> str:
        holders = self.people.holders(phone)
        if not holders:
            return f"double opt-in, but nobody holds {phone}: nothing happens"
        if holders[0].states.get(group.id) == SUBSCRIBED:
            return f"{phone} is subscribed already: no prompt"
        return self.handsets.ask(phone, group)
