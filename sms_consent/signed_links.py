"""Tokens of links that are signed instead of kept: nothing is stored or looked up, and they never expire.

Their key comes from LEDGER_KEY, so that a link in an old mail outlives every SECRET_KEY (EM-12).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from sms_consent import people

TOKEN = re.compile(r"[\w-]{20,2000}", re.ASCII)
SIGNATURE_BYTES = 16


def make(purpose: str, content: bytes) -> str:
    """Return the token for some content, good for this purpose alone (SEC-9)."""
    return base64.urlsafe_b64encode(content + _signature(purpose, content)).rstrip(b"=").decode()


def read(purpose: str, token: str) -> bytes:
    """Return the content of a token; empty if we never made it for this purpose."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if TOKEN.fullmatch(token) else b""
    except binascii.Error:
        return b""
    content, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    return content if hmac.compare_digest(signature, _signature(purpose, content)) else b""


def _signature(purpose: str, content: bytes) -> bytes:
    return hmac.digest(people.lasting_key(purpose), content, "sha256")[:SIGNATURE_BYTES]
