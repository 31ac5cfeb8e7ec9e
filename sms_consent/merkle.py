"""Merkle trees by RFC 6962 (section 2.1): one hash for many records, and a short proof that one is among them.

Leaves and inner nodes are hashed under different prefixes, so that neither passes for the other. All hashes are
SHA-256, 32 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the tree head over these leaf hashes; of none, the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else sha256(b"").digest()


def _above(level: list[bytes]) -> list[bytes]:
    """Return the next level up: pairs are hashed, and who is left alone at the end goes up as it is."""
    # As `_node`, written out: verifying does it once for every record.
    pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return pairs + level[len(level) // 2 * 2 :]


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at this index: what `climb` needs to come from it to the root."""
    found, level = [], list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, index = _above(level), index // 2
    return found


def climb(leaf: bytes, index: int, size: int, audit_path: Sequence[bytes]) -> bytes:
    """Return the root to which a path leads from the leaf hash at this index of a tree of so many leaves.

    Raises ValueError where the path is too long or too short for such a tree.
    """
    reached, last, siblings = leaf, size - 1, list(audit_path)
    while last > 0:
        if index % 2 or index < last:
            if not siblings:
                raise ValueError("The path is too short.")
            beside = siblings.pop(0)
            reached = _node(beside, reached) if index % 2 else _node(reached, beside)
        index, last = index // 2, last // 2
    if siblings or index:
        raise ValueError("The path does not fit a tree of this size.")
    return reached
