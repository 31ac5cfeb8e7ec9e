"""The phones: a thread of texts per number, Braze's default keywords, and double opt-in."""

from __future__ import annotations

from collections import deque

from .people import People
from .pulse import Pulse
from .records import SUBSCRIBED, UNSUBSCRIBED, Group, Text
from .states import States

# R-keywords: only a text that is exactly one of these words counts.
OPT_IN_WORDS = frozenset({"START", "YES", "UNSTOP"})
OPT_OUT_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
HELP_WORDS = frozenset({"HELP", "INFO"})
CONFIRM_WORDS = frozenset({"Y", "YES"})

PROMPT_PAUSE_SECONDS = 24 * 3600
CONFIRM_SECONDS = 30 * 86_400
KEPT_TEXTS = 5_000

PROMPT = "Reply Y to get our texts. Msg & data rates may apply. Reply HELP for help, STOP to stop."
CONFIRMED = "Thank you, you will get our texts. Reply HELP for help, STOP to stop."
STOPPED = "You will get no more texts from us. Reply START if you change your mind."
HELP = "These are our promotional texts. Reply STOP to stop them."


class Handsets:
    """Every handset of this world. Which texts there are, and what Braze does about those it gets."""

    def __init__(self, pulse: Pulse, people: People, states: States) -> None:
        self._pulse = pulse
        self._people = people
        self._states = states
        self.texts: deque[Text] = deque(maxlen=KEPT_TEXTS)
        self._counter = 0
        self._prompted_at: dict[tuple[str, str], float] = {}
        self._awaiting: dict[tuple[str, str], float] = {}

    def thread(self, phone: str) -> list[Text]:
        return [text for text in self.texts if text.phone == phone]

    def ask(self, phone: str, group: Group) -> str:
        """Send the double opt-in prompt on somebody's behalf: once per rolling 24 hours (P-doi)."""
        prompted_at = self._prompted_at.get((phone, group.id))
        if prompted_at is not None and self._pulse.now() - prompted_at < PROMPT_PAUSE_SECONDS:
            return f"{phone} was asked within the last 24 hours: no second prompt"
        self._prompt(phone, group)
        return f"{phone} was asked to confirm by text"

    def receive(self, phone: str, body: str, group: Group) -> None:
        """Take a text that a handset sent to the number of this group."""
        self._add(phone, body, group, inbound=True)
        word = body.strip().upper()
        if word in CONFIRM_WORDS and self._is_awaited(phone, group):
            self._set(phone, group, SUBSCRIBED, CONFIRMED)
        elif group.double_opt_in and word in group.prompt_words:
            self._prompt(phone, group)
        elif word in OPT_IN_WORDS:
            self._set(phone, group, SUBSCRIBED, CONFIRMED)
        elif word in OPT_OUT_WORDS:
            self._set(phone, group, UNSUBSCRIBED, STOPPED)
        elif word in HELP_WORDS:
            self._add(phone, HELP, group)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The numbers, each with a group id, that were asked and have not answered; newest first."""
        oldest = self._pulse.now() - CONFIRM_SECONDS
        return [key for key, at in reversed(self._awaiting.items()) if at >= oldest]

    def _prompt(self, phone: str, group: Group) -> None:
        self._awaiting.pop((phone, group.id), None)
        self._prompted_at[phone, group.id] = self._awaiting[phone, group.id] = self._pulse.now()
        self._add(phone, PROMPT, group)

    def _is_awaited(self, phone: str, group: Group) -> bool:
        asked_at = self._awaiting.get((phone, group.id))
        return asked_at is not None and self._pulse.now() - asked_at <= CONFIRM_SECONDS

    def _set(self, phone: str, group: Group, state: str, reply: str) -> None:
        """Set the state; an unknown number becomes an anonymous profile (R-unknown)."""
        self._awaiting.pop((phone, group.id), None)
        if not self._people.holders(phone):
            self._states.move(self._people.create(), "sms", phone)
        self._states.set_for_address(group, phone, state)
        self._add(phone, reply, group)

    def _add(self, phone: str, body: str, group: Group, *, inbound: bool = False) -> None:
        self._counter += 1
        revision = self._pulse.beat()
        self.texts.append(Text(self._counter, phone, body, inbound, self._pulse.now(), group.id, revision))
