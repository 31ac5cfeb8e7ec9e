"""What is checked of the words that were shown."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from sms_consent import statements
from sms_consent.models import Disclosure


class Words:
    """The published words as they are now; `damage` says which of them are not what they call themselves."""

    def __init__(self) -> None:
        self.known: dict[int | None, bytes] = {None: b""}  # their SHA-256 by the disclosure's id
        self.damage: list[str] = []
        for pk, words, called in _published():
            sha = sha256(words).hexdigest().encode()
            self.known[pk] = sha
            if called != sha:
                self.damage.append(f"Words #{pk} are kept under another SHA-256 than theirs.")


def _published() -> Iterator[tuple[int, bytes, bytes]]:
    table = Disclosure._meta.db_table
    words, called = (statements.written("text", name) for name in ("words", "sha256"))
    last = -(2**63)
    while found := statements.read(
        f"SELECT id, {words}, {called} FROM {table} "  # noqa: S608 - our own names
        f"WHERE published_at IS NOT NULL AND id > {last:d} ORDER BY id LIMIT 1000"
    ):
        yield from found
        last = found[-1][0]
