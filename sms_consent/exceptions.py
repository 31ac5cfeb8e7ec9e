"""What can go wrong with consent, one type per next step."""

from __future__ import annotations


class ConsentError(Exception):
    """Base of everything here."""


class AppendOnlyError(ConsentError):
    """Somebody tried to change or delete what may only be added to."""


class UnplacedError(ConsentError):
    """A text or an opt-out of which nothing says whose it is. Braze has no more to tell of it: have a person know."""


class DisclosureError(ConsentError):
    """A disclosure lacks something that it must say; `problems` lists what, each with its requirement number."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems
