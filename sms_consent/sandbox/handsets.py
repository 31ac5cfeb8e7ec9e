"""The phones: a thread of texts per number, what Braze makes of a text, and double opt-in."""

from __future__ import annotations

from collections import deque

from . import keywords
from .events import INBOUND_MESSAGE, Events
from .people import People
from .pulse import Pulse
from .records import SUBSCRIBED, UNSUBSCRIBED, Group, Text
from .states import States

PROMPT_PAUSE_SECONDS = 24 * 3600
CONFIRM_SECONDS = 30 * 86_400
KEPT_TEXTS = 5_000

PROMPT = "Reply {word} to get our texts. Msg & data rates may apply. Reply HELP for help, STOP to stop."
CONFIRMED = "Thank you, you will get our texts. Reply HELP for help, STOP to stop."
STOPPED = "You will get no more texts from us. Reply START if you change your mind."
HELP = "These are our promotional texts. Reply STOP to stop them."
REPLIES: dict[keywords.Meaning, str] = {"opt_in": CONFIRMED, "opt_out": STOPPED, "help": HELP}
NO_ACTION = "None"


class Handsets:
    """Every handset of this world. Which texts there are, and what Braze does about those it gets."""

    def __init__(self, pulse: Pulse, people: People, states: States, events: Events) -> None:
        self._pulse = pulse
        self._people = people
        self._states = states
        self._events = events
        self.texts: deque[Text] = deque(maxlen=KEPT_TEXTS)
        self._counter = 0
        self._prompted_at: dict[tuple[str, str], float] = {}
        self._awaiting: dict[tuple[str, str], float] = {}
        # Whom the provider sends nothing to, and from which group; Braze does not know it.
        self._blocked: set[tuple[str, str]] = set()

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
        """Do what Braze does about a text that reached the number of this group.

        Every text is told as an event; of an unknown number that said no opt-in or opt-out word, Braze
        makes no profile (R-unknown), so that this event names nobody.
        """
        with self._events.caused_by(INBOUND_MESSAGE):
            action = self._act(phone, body, group)
        self._events.text_received(self._people.newest_holder(phone), phone, body, group, action)

    def _act(self, phone: str, body: str, group: Group) -> str:
        """Return Subscribed, Unsubscribed or None (the word): what the text did, as InboundReceive has it."""
        meaning = keywords.meaning(body, group)
        if meaning == "opt_in":
            self._blocked.discard((phone, group.id))
        if meaning == "opt_out":
            return self._set(phone, group, UNSUBSCRIBED, STOPPED)
        if keywords.is_among(body, group.confirm_words) and self._is_awaited(phone, group):
            return self._set(phone, group, SUBSCRIBED, CONFIRMED)
        if group.double_opt_in and keywords.is_among(body, group.prompt_words):
            self._introduce(phone)
            self._prompt(phone, group)
        elif meaning == "opt_in":
            return self._set(phone, group, SUBSCRIBED, CONFIRMED)
        elif meaning == "help":
            self.send(phone, HELP, group)
        return NO_ACTION

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The numbers, each with a group id, that were asked and have not answered; newest first."""
        oldest = self._pulse.now() - CONFIRM_SECONDS
        return [key for key, at in reversed(self._awaiting.items()) if at >= oldest]

    def block(self, phone: str, group: Group) -> None:
        """Have the provider refuse texts to a number, beginning with one that was just sent."""
        self._blocked.add((phone, group.id))
        self._events.text_rejected(self._people.newest_holder(phone), phone, group)

    def send(self, phone: str, body: str, group: Group) -> None:
        """Text a handset, unless the provider refuses to."""
        if (phone, group.id) in self._blocked:
            self._events.text_rejected(self._people.newest_holder(phone), phone, group)
        else:
            self.add(phone, body, group)

    def add(self, phone: str, body: str, group: Group, *, inbound: bool = False) -> None:
        """Put a text into the thread of a number."""
        self._counter += 1
        revision = self._pulse.beat()
        self.texts.append(Text(self._counter, phone, body, inbound, self._pulse.now(), group.id, revision))

    def _prompt(self, phone: str, group: Group) -> None:
        self._awaiting.pop((phone, group.id), None)
        self._prompted_at[phone, group.id] = self._awaiting[phone, group.id] = self._pulse.now()
        self.send(phone, PROMPT.format(word=group.confirm_words[0]), group)

    def _is_awaited(self, phone: str, group: Group) -> bool:
        asked_at = self._awaiting.get((phone, group.id))
        return asked_at is not None and self._pulse.now() - asked_at <= CONFIRM_SECONDS

    def _set(self, phone: str, group: Group, state: str, reply: str) -> str:
        self._awaiting.pop((phone, group.id), None)
        self._introduce(phone)
        self._states.set_for_address(group, phone, state)
        self.send(phone, reply, group)
        return state

    def _introduce(self, phone: str) -> None:
        """Make an unknown number an anonymous profile (R-unknown)."""
        if not self._people.holders(phone):
            self._states.move(self._people.create(), "sms", phone)
