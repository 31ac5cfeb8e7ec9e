"""Seals: what they say, who signed them, and how they are kept elsewhere. Making them: `sms_consent.sealing`."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from io import BufferedRandom
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from sms_consent import ledger, statements
from sms_consent.models import Seal
from sms_consent.statements import moment

NOTHING_BEFORE = "0" * 64
SIGNED = ("count", "key", "number", "previous", "root", "sealed_at", "total")
WHOLE = ("count", "number", "total")
READ_AT_ONCE = 1000


class CheckpointError(Exception):
    """A file of checkpoints that says something else than the ledger, or is none."""


class SealKeyError(Exception):
    """The key in use here is none that may sign after the newest seal."""


def header(seal: Seal) -> str:
    """Return what is signed, as canonical JSON; its SHA-256 is what the next seal is chained to."""
    said = {name: getattr(seal, name) for name in SIGNED}
    return ledger.canonical(said | {"sealed_at": moment(seal.sealed_at)})


def fingerprint(seal: Seal) -> str:
    """Return the SHA-256 of what a seal says, 64 hex digits."""
    return hashlib.sha256(header(seal).encode()).hexdigest()


def sign(seal: Seal) -> None:
    """Sign a seal that is filled in, Ed25519 (RFC 8032), and name the key."""
    private = _private_key(settings.SEAL_KEY, settings.LEDGER_KEY)
    seal.key = private.public_key().public_bytes_raw().hex()
    seal.signature = private.sign(header(seal).encode()).hex()


@lru_cache(maxsize=4)
def _private_key(seal_key: str, ledger_key: str) -> Ed25519PrivateKey:
    """Return the key that seals are signed with: of SEAL_KEY or, where there is none, of LEDGER_KEY."""
    seed = hmac.new((seal_key or ledger_key).encode(), b"optin-site seal signing v1", hashlib.sha256).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _key_in_use() -> str:
    return _private_key(settings.SEAL_KEY, settings.LEDGER_KEY).public_key().public_bytes_raw().hex()


def our_keys() -> set[str]:
    """Return the public keys, in hex, that seals may be signed with: the one in use and SEAL_FORMER_KEYS."""
    return {_key_in_use(), *(key.lower() for key in settings.SEAL_FORMER_KEYS)}


def check_key_after(last: Seal) -> None:
    """Raise SealKeyError where our signature after this seal would be damage for good: a newer key has signed."""
    ours = _key_in_use()
    if last.key not in our_keys():
        raise SealKeyError(
            f"Nothing was sealed: seal {last.number} bears the key {last.key}, which is neither the one in use here "
            "nor one of SEAL_FORMER_KEYS. Where SEAL_KEY was changed, start this again with the new one; where the new "
            "one is in use here, add that key to SEAL_FORMER_KEYS (docs/proof.md)."
        )
    if last.key != ours and Seal.objects.filter(key=ours).exists():
        raise SealKeyError(
            f"Nothing was sealed: SEAL_KEY is a former one, and seal {last.number} bears a newer. A former key never "
            "comes back: set the newer one again, or one that was never in use (docs/proof.md)."
        )


def is_signed(seal: Seal) -> bool:
    """Whether the signature is that of the key which the seal names."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.key))
        public.verify(bytes.fromhex(seal.signature), header(seal).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


# --- As the database has them -----------------------------------------------------------------------------


def stored(condition: str) -> list[Seal]:
    """Return, unsaved, the thousand first seals (by number) for which this SQL holds; their times as text.

    Whatever stands there: what is no number counts as -1, and what is no text is replaced. Neither bears a signature.
    """
    at = statements.written("time", "sealed_at")
    texts = ", ".join(statements.written("text", name) for name in ("previous", "root", "key", "signature"))
    rows = statements.read(
        f"SELECT number, count, total, {at}, {texts} "  # noqa: S608 - our own names
        f"FROM {Seal._meta.db_table} WHERE {condition} ORDER BY number LIMIT {READ_AT_ONCE}"
    )
    return [_seal(*row) for row in rows]


def _seal(number: object, count: object, total: object, *texts: object) -> Seal:
    whole = (value if isinstance(value, int) else -1 for value in (number, count, total))
    text = (value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in texts)
    names = ("number", "count", "total", "sealed_at", "previous", "root", "key", "signature")
    return Seal(**dict(zip(names, (*whole, *text), strict=True)))


def stored_after(number: int | None = None) -> Iterator[Seal]:
    """Yield the seals after this number, or all of them, as the database has them."""
    some = stored(f"number > {number:d}" if number is not None else "1 = 1")
    while some:
        yield from some
        last = some[-1].number
        if last < some[0].number:
            return  # what is no number comes last, and there is none after it to ask for
        some = stored(f"number > {last:d}")


def newest() -> Seal | None:
    """Return the last seal as the database has it."""
    table = Seal._meta.db_table
    found = stored(f"number = (SELECT max(number) FROM {table})")  # noqa: S608 - our own name
    return found[0] if found else None


# --- Kept elsewhere ---------------------------------------------------------------------------------------


def as_json(seal: Seal) -> dict[str, Any]:
    """Return a seal as it is kept elsewhere and shown in receipts: what is signed, and the signature."""
    return {**json.loads(header(seal)), "signature": seal.signature}


def from_json(line: str) -> Seal:
    """Return the seal, unsaved, of one line. Raises CheckpointError where it is none."""
    try:
        said = json.loads(line)
        fields = {name: said[name] for name in (*SIGNED, "signature")}
        if not all(isinstance(value, int if name in WHOLE else str) for name, value in fields.items()):
            raise ValueError
        return Seal(**fields | {"sealed_at": moment(datetime.fromisoformat(said["sealed_at"]))})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"Not a seal: {line[:60]!r}") from error


def read_checkpoints(file: Path) -> Iterator[Seal]:
    """Yield the seals of a file. Raises CheckpointError, naming the line, where one is none or where it is empty."""
    number = 0
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield from_json(line)
            except CheckpointError as error:
                raise CheckpointError(f"{file}, line {number}: {error}") from error
    if not number:
        raise CheckpointError(f"{file} holds no seal at all: nothing can be compared with it.")


def append_checkpoints(file: Path) -> int:
    """Add to a file every seal since its last one, the newest at the end; return how many those were.

    All of them and not the newest alone, so that a receipt can be checked against the file whenever it was
    downloaded. Only ever appends, for storage that takes nothing else: what a writer that was killed left unfinished
    is the beginning of the next line, and gets its rest. Raises CheckpointError where the file ends otherwise than
    the ledger has it.
    """
    with file.open("a+b") as kept:
        last, unfinished = _end(kept)
        if last is not None:
            _check_last(file, last)
        added = 0
        for seal in stored_after(last.number if last else None):
            line = f"{ledger.canonical(as_json(seal))}\n".encode()
            if not line.startswith(unfinished):
                break
            kept.write(line[len(unfinished) :])
            unfinished = b""
            added += 1
        if unfinished:
            raise CheckpointError(f"{file} ends with the beginning of a line that is no seal of the ledger.")
        kept.flush()
        os.fsync(kept.fileno())
        return added


def _end(kept: BufferedRandom) -> tuple[Seal | None, bytes]:
    """Return the last whole line's seal, and what stands after it."""
    size = kept.seek(0, os.SEEK_END)
    tail = b""
    while size and tail.count(b"\n") < 2:
        step = min(4096, size)
        size = kept.seek(size - step)
        tail = kept.read(step) + tail
    whole, end, unfinished = tail.rpartition(b"\n")
    return from_json(whole.rpartition(b"\n")[2].decode(errors="replace")) if end else None, unfinished


def _check_last(file: Path, last: Seal) -> None:
    ours = stored(f"number = {last.number:d}")
    if not ours or fingerprint(ours[0]) != fingerprint(last):
        raise CheckpointError(
            f"{file} ends with seal {last.number}, which the ledger does not have like that. Nothing was added: "
            "run `manage.py verify_ledger --checkpoint` with it. Where the database was restored and lost that seal, "
            "keep this file as it is, write down the loss, and begin a new file (docs/operations.md)."
        )
