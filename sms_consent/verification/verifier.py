"""What is checked of seals and of the records under them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.db.models import Exists, OuterRef
from django.utils import timezone

from sms_consent import ledger, merkle, seals, statements, triggers
from sms_consent.models import Disclosure, Seal, SealedRecord
from sms_consent.sealing import LATEST_COMMIT
from sms_consent.statements import NAMES
from sms_consent.verification.rows import AT_ONCE, Item

DISCLOSURE, WORDS, COMMITMENT, RECORDED = map(
    NAMES.index, ("disclosure_id", "words_sha256", "commitment", "recorded_at")
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
        self._words: dict[int | None, str] = {None: "", **dict(_published())}
        self._keys = seals.our_keys()
        self._before: Seal | None = None
        self._newest = ""  # when the newest sealed record was written down, but never later than it was sealed
        if missing := triggers.missing():
            self._found(f"Triggers that are missing or altered: {', '.join(missing)}.")

    def check_seal(self, seal: Seal, items: Sequence[Item]) -> None:
        """Check a seal, the records under it, and that they are those which it was made over."""
        self.report.seals += 1
        self.report.sealed += len(items)
        self._check_chain(seal)
        sealed_at = statements.moment(seal.sealed_at)
        self._newest = min(self._newest, sealed_at)  # a clock that had been ahead was put right
        self._check_records(items)
        times = [item.record[RECORDED] for item in items if item.record]
        self._newest = min(max([*times, self._newest]), sealed_at)
        self._check_tree(seal, items)
        self._before = seal

    def check_unsealed(self, items: Sequence[Item]) -> None:
        """Check what can be checked of records that no seal is over yet."""
        self.report.unsealed += len(items)
        self._newest = min(self._newest, statements.moment(timezone.now()))
        self._check_records(items)

    def _check_records(self, items: Sequence[Item]) -> None:
        floor = _a_while_before(self._newest)
        for item in items:
            fault = self._fault(item)
            if not fault and item.record and item.record[RECORDED] < floor:
                fault = "was put into the past: it says it was written down long before what was sealed before it"
            if fault:
                self._found(f"Record #{item.id} {fault}.", item.id)

    def _fault(self, item: Item) -> str:
        record, evidence = item.record, item.evidence
        if record is None:
            return "was deleted"
        if item.leaf is not None and merkle.leaf_hash(statements.statement(record).encode()) != item.leaf:
            return "was edited"
        if evidence is None:
            return "has lost its evidence: it was deleted, not erased"
        if not evidence[1]:
            self.report.erased += 1
        elif ledger.commitment(*evidence) != record[COMMITMENT]:
            return "has other evidence than it was made with"
        return "" if self._words.get(record[DISCLOSURE]) == record[WORDS] else "shows other words than were shown"

    def _check_tree(self, seal: Seal, items: Sequence[Item]) -> None:
        gap = next((at for at, item in enumerate(items) if item.position != at), len(items))
        if gap != seal.count or len(items) != seal.count:
            before, after = (items[at].id if 0 <= at < len(items) else None for at in (gap - 1, gap))
            words = (
                f"Seal {seal.number} is over {seal.count} records: between #{before} and #{after} one is gone or new."
            )
            self._found(words, _between(before, after))
            return
        if wrong := next((b.id for a, b in zip(items, items[1:], strict=False) if a.id > b.id), None):
            self._found(f"Record #{wrong} is not where it was when seal {seal.number} was made.", wrong)
        elif merkle.root([item.leaf for item in items if item.leaf]).hex() != seal.root:
            first, last = items[0].id, items[-1].id
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
        """Check that nothing claims to be under a seal after the last one. What was sealed meanwhile is none of it."""
        last = self._before.number if self._before else 0
        bare = SealedRecord.objects.filter(seal_id__gt=last).exclude(
            Exists(Seal.objects.filter(pk=OuterRef("seal_id")))
        )
        stray = bare.order_by("seal_id", "position").first()
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


def _a_while_before(moment: str) -> str:
    """Return how far back what is sealed later may reach; before anything is sealed, as far as it likes."""
    try:
        return statements.moment(datetime.fromisoformat(moment) - LATEST_COMMIT) if moment else ""
    except (ValueError, OverflowError):
        return ""  # no time at all, and earlier than any: it is forgotten with the next seal


def _between(before: int | None, after: int | None) -> int | None:
    """Return the id of the one record that can have stood between two, if there is just one."""
    return before + 1 if before and after and after - before == 2 else None


def _first_under(seal: int) -> int | None:
    row = SealedRecord.objects.filter(seal=seal).order_by("position").first()
    return row.record_id if row else None


def _published() -> Iterator[tuple[int, str]]:
    """Yield the SHA-256 of published words by the disclosure's id."""
    rows = Disclosure.objects.filter(published_at__isnull=False).order_by("pk")
    for pk, words in rows.values_list("pk", "words").iterator(AT_ONCE):
        yield pk, sha256(words.encode()).hexdigest()
