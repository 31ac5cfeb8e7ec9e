"""What is checked of seals and of the records under them."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef
from django.utils import timezone

from sms_consent import merkle, seals, statements, triggers
from sms_consent.models import Program, Seal, SealedRecord
from sms_consent.sealing import LATEST_COMMIT
from sms_consent.verification.rows import Item, Row
from sms_consent.verification.words import Words

RECORDED_AT = b',"recorded_at":"'


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


class Seen(NamedTuple):
    """What was gone through: when the newest record was written down, and what says that they are under a seal."""

    newest: bytes
    ids: list[Any]
    positions: list[Any]
    leaves: list[Any]


class Verifier:
    """One run; fills its report."""

    def __init__(self) -> None:
        self.report = Report()
        self._words = Words()
        self._programs = set(Program.objects.values_list("pk", flat=True))
        self._keys, self._retired = seals.our_keys(), set[str]()
        self._before: Seal | None = None
        self._newest = ""  # when the newest sealed record was written down, but never later than it was sealed
        if missing := triggers.missing():
            self._found(f"Triggers that are missing or altered: {', '.join(missing)}.")
        for words in self._words.damage:
            self._found(words)

    def check_seal(self, seal: Seal, items: Iterable[Row]) -> None:
        """Check a seal, the records under it, and that they are those which it was made over."""
        self._check_chain(seal)
        sealed_at = statements.moment(seal.sealed_at)
        self._newest = min(self._newest, sealed_at)  # a clock that had been ahead was put right
        seen = self._check_records(items)
        self._newest = min(max(seen.newest.decode(errors="replace"), self._newest), sealed_at)
        self._check_tree(seal, seen)
        self.report.seals += 1
        self.report.sealed += len(seen.ids)
        self._before = seal

    def check_unsealed(self, items: Iterable[Row]) -> None:
        """Check what can be checked of records that no seal is over yet."""
        self._newest = min(self._newest, statements.moment(timezone.now()))
        self.report.unsealed += len(self._check_records(items).ids)

    def _check_records(self, items: Iterable[Row]) -> Seen:
        """Compute every hash anew; return what is left to check.

        One loop without a call to anything of ours: it is run for every record.
        """
        floor, known, erased, newest = _a_while_before(self._newest).encode(), self._words.known, 0, b""
        ids: list[Any] = []
        positions: list[Any] = []
        leaves: list[Any] = []
        for item in items:
            pk, said, disclosure, words, commitment, opened, position, leaf, _ = item
            ids.append(pk)
            positions.append(position)
            leaves.append(leaf)
            if opened:
                is_proven = hexlify(sha256(opened).digest()) == commitment
            else:
                is_proven = opened is not None
                erased += is_proven
            at = said.find(RECORDED_AT) + len(RECORDED_AT) if said else 0
            recorded_at = said[at : at + 32] if said else b""
            if recorded_at > newest:
                newest = recorded_at
            if not (
                said
                and is_proven
                and leaf == sha256(b"\x00" + said).digest()
                and known.get(disclosure) == words
                and recorded_at >= floor
            ) and (fault := self._fault(Item(*item[:-1]), recorded_at < floor)):
                self._found(f"Record #{pk} {fault}.", pk)
        self.report.erased += erased
        return Seen(newest, ids, positions, leaves)

    def _fault(self, item: Item, is_old: bool) -> str:
        """Say what is wrong with a record; empty if nothing is."""
        if item.said is None:
            return "was deleted"
        if item.position is None and not statements.sound(item.said, self._programs):
            return "is none that this site wrote: something in it is no value of its kind"
        if item.position is not None and item.leaf != merkle.leaf_hash(item.said):
            return "was edited"
        if item.opened is None:
            return "has lost its evidence: it was deleted, not erased"
        if item.opened and hexlify(sha256(item.opened).digest()) != item.commitment:
            return "has other evidence than it was made with"
        if self._words.known.get(item.disclosure) != item.words:
            return "shows other words than were shown"
        if is_old:
            return "was put into the past: it says it was written down long before what was sealed before it"
        return ""

    def _check_tree(self, seal: Seal, seen: Seen) -> None:
        ids = [pk if isinstance(pk, int) else -1 for pk in seen.ids]
        places = seen.positions
        if len(places) != seal.count or places != [*range(len(places))]:  # its count may say anything
            gap = next((at for at, place in enumerate(places) if place != at), len(ids))
            before, after = (ids[at] if 0 <= at < len(ids) else None for at in (gap - 1, gap))
            words = (
                f"Seal {seal.number} is over {seal.count} records: between #{before} and #{after} one is gone or new."
            )
            self._found(words, _between(before, after))
            return
        if ids != sorted(ids):
            wrong = next(b for a, b in zip(ids, ids[1:], strict=False) if a > b)
            self._found(f"Record #{wrong} is not where it was when seal {seal.number} was made.", wrong)
        elif merkle.root([leaf for leaf in seen.leaves if isinstance(leaf, bytes)]).hex() != seal.root:
            first, last = ids[0], ids[-1]
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
        if before and before.key != seal.key:
            self._retired.add(before.key)
        if not seals.is_signed(seal):
            self._found(f"Seal {number} was altered: its signature does not hold.", _first_under(number))
        elif seal.key not in self._keys:
            words = f"Seal {number} was made anew, or SEAL_FORMER_KEYS lacks its key {seal.key}."
            self._found(words, _first_under(number))
        elif seal.key in self._retired:
            words = (
                f"Seal {number} bears a former key, although the seals before it bear a newer one: it was made anew."
            )
            self._found(words, _first_under(number))
        elif number == expected and seal.total != seal.count + (before.total if before else 0):
            self._found(f"Seal {number} miscounts.", _first_under(number))

    def check_end(self) -> None:
        """Check that nothing claims to be under a seal that is not there. What was sealed meanwhile is none of it."""
        rows = SealedRecord.objects.all()
        if rows.count() == self.report.sealed:
            return
        stray = rows.exclude(Exists(Seal.objects.filter(pk=OuterRef("seal_id")))).order_by("seal_id", "position")
        for record in stray.values_list("record_id", flat=True)[:1]:
            self._found(f"Record #{record} is under a seal that is missing.", record)

    def compare(self, kept: Iterable[Seal]) -> None:
        """Compare with seals that were kept elsewhere."""
        kept = iter(kept)
        while some := list(islice(kept, seals.READ_AT_ONCE)):
            ours = {it.number: it for it in seals.stored(f"number IN {statements.listed(it.number for it in some)}")}
            for seal in some:
                if not self._is_kept(seal, ours.get(seal.number)):
                    return

    def _is_kept(self, seal: Seal, ours: Seal | None) -> bool:
        """Whether the ledger goes on at least to this seal of the file."""
        if not seals.is_signed(seal):
            self._found(f"Seal {seal.number} in the file bears no valid signature.")
        elif ours is None:
            last = SealedRecord.objects.order_by("-seal_id", "-position").values_list("record_id", flat=True).first()
            after = f"after #{last}" if last else "from the first on"
            self._found(f"Seal {seal.number} in the file is not in the ledger: what came {after} was cut off.")
            return False
        elif seals.fingerprint(ours) != seals.fingerprint(seal):
            words = f"Seal {seal.number} is not the one in the file: the ledger was sealed anew."
            self._found(words, _first_under(seal.number))
        return True

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
    return SealedRecord.objects.filter(seal=seal).order_by("position").values_list("record_id", flat=True).first()
