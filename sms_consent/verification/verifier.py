"""What is checked of seals and of the records under them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sms_consent import ledger, merkle, seals, statements, triggers
from sms_consent.models import Disclosure, Seal, SealedRecord
from sms_consent.sealing import LATEST_COMMIT
from sms_consent.verification.rows import (
    AT_ONCE,
    COMMITMENT,
    DISCLOSURE,
    ID,
    LEAF,
    PAYLOAD,
    POSITION,
    RECORDED,
    SALT,
    STATEMENT,
    WORDS,
    Row,
)


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was; `record` is the id of the first record concerned, where one can be named."""

    words: str
    record: int | None = None


@dataclass
class Report:
    """What was gone through, and what was found. `erased` are records whose evidence was erased, which is no damage."""

    seals: int = 0
    sealed: int = 0
    unsealed: int = 0
    erased: int = 0
    damage: list[Damage] = field(default_factory=list)


class Verifier:
    """One run; fills its report."""

    def __init__(self) -> None:
        self.report = Report()
        self._words = {None: ""} | {pk: sha256(words.encode()).hexdigest() for pk, words in _published()}
        self._keys = seals.our_keys()
        self._before: Seal | None = None
        self._newest: Any = None  # when the newest sealed record was written down, as the database gives it
        if missing := triggers.missing():
            self._found(f"Triggers that are missing or altered: {', '.join(missing)}.")

    def check_seal(self, seal: Seal, rows: Sequence[Row]) -> None:
        """Check a seal, the records under it, and that they are those which it was made over."""
        self.report.seals += 1
        self.report.sealed += len(rows)
        self._check_chain(seal)
        self._check_records(rows)
        self._check_tree(seal, rows)
        self._before = seal

    def check_unsealed(self, rows: Sequence[Row]) -> None:
        """Check what can be checked of records that no seal is over yet."""
        self.report.unsealed += len(rows)
        self._check_records(rows)

    def _check_records(self, rows: Sequence[Row]) -> None:
        floor = _a_while_before(self._newest)
        for row in rows:
            fault = self._fault(row)
            if not fault and floor is not None and row[RECORDED] < floor:
                fault = "was put into the past: it says it was written down long before what was sealed before it"
            if fault:
                self._found(f"Record #{row[ID]} {fault}.", row[ID])
        times = [row[RECORDED] for row in rows if row[LEAF] is not None and row[RECORDED] is not None]
        self._newest = max([*times, *([self._newest] if self._newest else [])], default=None)

    def _fault(self, row: Row) -> str:
        if row[COMMITMENT] is None:
            return "was deleted"
        leaf, payload = row[LEAF], row[PAYLOAD]
        if leaf is not None and merkle.leaf_hash(statements.statement(row[STATEMENT]).encode()) != leaf:
            return "was edited"
        if payload is None:
            return "has lost its evidence: it was deleted, not erased"
        if payload and ledger.commitment(row[SALT], payload) != row[COMMITMENT]:
            return "has other evidence than it was made with"
        if not payload:
            self.report.erased += 1
        return "" if self._words.get(row[DISCLOSURE]) == row[WORDS] else "shows other words than were shown"

    def _check_tree(self, seal: Seal, rows: Sequence[Row]) -> None:
        gap = next((at for at, row in enumerate(rows) if row[POSITION] != at), len(rows))
        if gap != seal.count or len(rows) != seal.count:
            before, after = (rows[at][ID] if 0 <= at < len(rows) else None for at in (gap - 1, gap))
            words = (
                f"Seal {seal.number} is over {seal.count} records, of which one between #{before} and #{after} is gone"
            )
            self._found(f"{words} or new.", _between(before, after))
            return
        if wrong := next((b[ID] for a, b in zip(rows, rows[1:], strict=False) if a[ID] > b[ID]), None):
            self._found(f"Record #{wrong} is not where it was when seal {seal.number} was made.", wrong)
        elif merkle.root([bytes(row[LEAF]) for row in rows]).hex() != seal.root:
            first, last = rows[0][ID], rows[-1][ID]
            self._found(f"Seal {seal.number} was made over others than #{first} to #{last} as they are now.", first)

    def _check_chain(self, seal: Seal) -> None:
        before, number = self._before, seal.number
        expected = before.number + 1 if before else 1
        if number != expected:
            self._found(f"Seal {expected} is missing.", _first_under(expected))
        elif seal.previous != (seals.fingerprint(before) if before else seals.NOTHING_BEFORE):
            self._found(
                f"Seal {number} does not follow from the one before: one of them was made anew.", _first_under(number)
            )
        if not seals.is_signed(seal):
            self._found(f"Seal {number} was altered: its signature does not hold.", _first_under(number))
        elif seal.key not in self._keys:
            words = f"Seal {number} was made anew, or SEAL_FORMER_KEYS lacks its key {seal.key}."
            self._found(words, _first_under(number))
        elif number == expected and seal.total != seal.count + (before.total if before else 0):
            self._found(f"Seal {number} miscounts.", _first_under(number))

    def check_end(self) -> None:
        """Check that nothing claims to be under a seal after the last one."""
        last = self._before.number if self._before else 0
        stray = SealedRecord.objects.filter(seal_id__gt=last).order_by("seal_id", "position").first()
        if stray:
            self._found(f"Seal {stray.seal_id} is missing.", stray.record_id)

    def compare(self, kept: Iterable[Seal]) -> None:
        """Compare with seals that were kept elsewhere."""
        for seal in kept:
            ours = Seal.objects.filter(number=seal.number).first()
            if not seals.is_signed(seal):
                self._found(f"Seal {seal.number} in the file bears no valid signature.")
            elif ours is None:
                last = SealedRecord.objects.order_by("-seal_id", "-position").first()
                after = f"after #{last.record_id}" if last else "from the first on"
                self._found(f"Seal {seal.number} in the file is not in the ledger: what came {after} was cut off.")
                return
            elif seals.fingerprint(ours) != seals.fingerprint(seal):
                words = f"Seal {seal.number} is not the one in the file: the ledger was sealed anew."
                self._found(words, _first_under(seal.number))

    def _found(self, words: str, record: int | None = None) -> None:
        self.report.damage.append(Damage(words, record))


def _a_while_before(at: Any) -> Any:
    """Return how far back what is sealed later may reach, in the shape in which the database gives times."""
    if not isinstance(at, str):
        return at and at - LATEST_COMMIT
    try:
        return str(datetime.fromisoformat(at) - LATEST_COMMIT)
    except ValueError:
        return None  # no time at all: whoever put that there has edited the record, which is found by itself


def _between(before: int | None, after: int | None) -> int | None:
    """Return the id of the one record that can have stood between two, if there is just one."""
    return before + 1 if before and after and after - before == 2 else None


def _first_under(seal: int) -> int | None:
    row = SealedRecord.objects.filter(seal=seal).order_by("position").first()
    return row.record_id if row else None


def _published() -> Iterator[tuple[int, str]]:
    rows = Disclosure.objects.filter(published_at__isnull=False)
    return rows.values_list("pk", "words").order_by("pk").iterator(AT_ONCE)
