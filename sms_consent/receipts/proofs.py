"""The proof that a record is in the ledger: what is sealed of it, its seal, and the way from one to the other."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sms_consent import merkle, seals, statements
from sms_consent.models import Seal, SealedRecord
from sms_consent.receipts.acts import Deed

Json = dict[str, Any]


def proofs_of(deeds: Iterable[Deed]) -> list[Json]:
    """Return one proof a record, in their order.

    `record` is what is sealed; `evidence`, where it is shown, is salt and payload, whose SHA-256 over "salt, line feed,
    payload" is the record's commitment. `seal` is null while no seal is over it yet, which takes a minute; `index` and
    `path` lead from the record's leaf hash to the seal's root (RFC 6962, section 2.1.1).
    """
    done = list(deeds)
    rows = statements.of_records(deed.record.pk for deed in done)
    places = {place.record_id: place for place in SealedRecord.objects.filter(record__in=rows)}
    trees = _trees({place.seal_id for place in places.values()})
    return [_proof(deed, rows[deed.record.pk], places.get(deed.record.pk), trees) for deed in done]


Tree = tuple[Json, list[bytes]]  # a seal, and the leaf hashes of the records under it


def _trees(numbers: Iterable[int]) -> dict[int, Tree]:
    return {seal.number: (seals.as_json(seal), _leaves(seal)) for seal in Seal.objects.filter(number__in=numbers)}


def _leaves(seal: Seal) -> list[bytes]:
    rows = SealedRecord.objects.filter(seal=seal).order_by("position").values_list("leaf", flat=True)
    return [bytes(leaf) for leaf in rows]


def _proof(deed: Deed, said: bytes, place: SealedRecord | None, trees: dict[int, Tree]) -> Json:
    opening = dict(zip(("salt", "payload"), deed.opening, strict=True)) if deed.opening else None
    proof: Json = {"record": json.loads(said), "evidence": opening, "seal": None}
    if place is None:
        return proof
    seal, leaves = trees[place.seal_id]
    path = [step.hex() for step in merkle.path(leaves, place.position)]
    return proof | {"seal": seal, "index": place.position, "path": path}
