"""Where an address must stand by what people did, whatever the site has written down: the table of docs, once more.

An act that was not answered has happened or has not, so that an address has several standings that it may have.
Nothing here knows the site's code.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NONE, ASKED, IN, OUT, STOPPED = "none", "asked", "in", "out", "stopped"
BY_HANDSET = "in, by the handset"  # who has not proven a number cannot take back what its handset agreed to
STATES = {
    NONE: "none",
    ASKED: "pending",
    IN: "subscribed",
    BY_HANDSET: "subscribed",
    OUT: "unsubscribed",
    STOPPED: "unsubscribed",
}
Table = dict[str, tuple[str, ...]]

TICK_TEXTS: Table = {NONE: (IN,), OUT: (ASKED,)}
TICK_EMAILS: Table = {NONE: (ASKED,), OUT: (ASKED,)}
PRESS: Table = {ASKED: (IN,)}
PRESS_ONE_OF_SEVERAL: Table = {ASKED: (ASKED, IN)}  # an opt-out may have voided the request of this very mail
JOIN_EMAILS: Table = dict.fromkeys((NONE, ASKED, OUT), (IN,))
JOIN_TEXTS: Table = {NONE: (IN,), ASKED: (ASKED, IN), OUT: (ASKED, IN)}  # in only where the handset has shown itself
LEAVE: Table = {IN: (OUT,), ASKED: (ASKED, OUT), BY_HANDSET: (BY_HANDSET, OUT)}  # what they asked for themselves
LEAVE_EMAILS: Table = dict.fromkeys((NONE, ASKED, IN), (OUT,))
LEAVE_BY_NUMBER: Table = LEAVE_EMAILS | {BY_HANDSET: (OUT,)}
STOP: Table = dict.fromkeys(STATES, (STOPPED,))
OPT_IN_WORD: Table = dict.fromkeys(STATES, (BY_HANDSET,))
# Braze asks the handset once more. After a STOP of which the site has not heard it may stay stopped: the expected
# failure in test_overtaken_looks.py.
OPT_IN_WORD_ASKED: Table = dict.fromkeys((NONE, OUT), (ASKED,)) | {STOPPED: (ASKED, STOPPED)}
ASK: Table = {NONE: (ASKED,), OUT: (ASKED,)}
YES: Table = {ASKED: (ASKED, BY_HANDSET)}  # it may come before the site has asked


@dataclass
class Page:
    """One address on one program: where it may stand, and what led there."""

    address: str
    may: set[str] = field(default_factory=lambda: {NONE})
    acts: list[str] = field(default_factory=list)

    def write(self, table: Table, words: str, *, is_certain: bool) -> None:
        """Note an act. What the table does not name stays as it is."""
        after = {state for before in self.may for state in table.get(before, (before,))}
        self.may = after if is_certain else self.may | after
        self.acts.append(words if is_certain else f"{words} (not answered)")

    @property
    def states(self) -> set[str]:
        """What the ledger may say."""
        return {STATES[standing] for standing in self.may}


class Diary:
    """A page for each address and program; of one person's, so that no two threads write on one."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}

    def note(self, address: str, table: Table, words: str, *, is_certain: bool) -> None:
        """Note an act about an address; there is one program for each channel."""
        self.pages.setdefault(address, Page(address)).write(table, words, is_certain=is_certain)
