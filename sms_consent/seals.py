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

from sms_consent import ledger
from sms_consent.models import Seal
from sms_consent.statements import moment

NOTHING_BEFORE = "0" * 64
SIGNED = ("count", "key", "number", "previous", "root", "sealed_at", "total")
READ_AT_ONCE = 1000
BEGINNING = b'{"count":'  # of every line


class CheckpointError(Exception):
    """A file of checkpoints that says something else than the ledger, or is none."""


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


def our_keys() -> set[str]:
    """Return the public keys, in hex, that seals may be signed with: the one in use and SEAL_FORMER_KEYS."""
    in_use = _private_key(settings.SEAL_KEY, settings.LEDGER_KEY).public_key().public_bytes_raw().hex()
    return {in_use, *settings.SEAL_FORMER_KEYS}


def is_signed(seal: Seal) -> bool:
    """Whether the signature is that of the key which the seal names."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.key))
        public.verify(bytes.fromhex(seal.signature), header(seal).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


# --- Kept elsewhere ---------------------------------------------------------------------------------------


def as_json(seal: Seal) -> dict[str, Any]:
    """Return a seal as it is kept elsewhere and shown in receipts: what is signed, and the signature."""
    return {**json.loads(header(seal)), "signature": seal.signature}


def from_json(line: str) -> Seal:
    """Return the seal, unsaved, of one line. Raises CheckpointError where it is none."""
    try:
        said = json.loads(line)
        fields = {name: said[name] for name in (*SIGNED, "signature")}
        return Seal(**fields | {"sealed_at": datetime.fromisoformat(said["sealed_at"])})
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"Not a seal: {line[:60]!r}") from error


def read_checkpoints(file: Path) -> Iterator[Seal]:
    """Yield the seals of a file. Raises CheckpointError, naming the line, where one is none."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield from_json(line)
            except CheckpointError as error:
                raise CheckpointError(f"{file}, line {number}: {error}") from error


def append_checkpoints(file: Path) -> int:
    """Add to a file every seal since its last one, the newest at the end; return how many those were.

    All of them and not the newest alone, so that a receipt can be checked against the file whenever it was
    downloaded. Raises CheckpointError where the last seal of the file is not in the ledger as it is there.
    """
    with file.open("r+b" if file.exists() else "w+b") as kept:
        last = _last(kept)
        if last is not None:
            _check_last(file, last)
        added = 0
        for seal in (
            Seal.objects.filter(number__gt=last.number if last else 0).order_by("number").iterator(READ_AT_ONCE)
        ):
            kept.write(f"{ledger.canonical(as_json(seal))}\n".encode())
            added += 1
        kept.flush()
        os.fsync(kept.fileno())
        return added


def _last(kept: BufferedRandom) -> Seal | None:
    """Return the last whole line's seal and go to its end; cut off what a writer that was killed left unfinished."""
    size = kept.seek(0, os.SEEK_END)
    tail = b""
    while size and tail.count(b"\n") < 2:
        step = min(4096, size)
        size = kept.seek(size - step)
        tail = kept.read(step) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    last = from_json(whole.splitlines()[-1].decode(errors="replace")) if whole else None
    if not BEGINNING.startswith(tail[len(whole) :][: len(BEGINNING)]):
        raise CheckpointError("This is no file of seals.")
    kept.seek(size + len(whole))
    kept.truncate()
    return last


def _check_last(file: Path, last: Seal) -> None:
    ours = Seal.objects.filter(number=last.number).first()
    if ours is None or fingerprint(ours) != fingerprint(last):
        raise CheckpointError(
            f"{file} ends with seal {last.number}, which the ledger does not have like that. Nothing was added: "
            "run `manage.py verify_ledger --checkpoint` with it."
        )
