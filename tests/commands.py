"""Commands as an operator runs them."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from django.core.management import call_command
from django.core.management.base import CommandError


@dataclass
class Ran:
    """What a command printed, and what it exited with."""

    out: str
    code: int


def run(name: str, *options: str) -> Ran:
    """Run `manage.py name options`."""
    out = StringIO()
    try:
        call_command(name, *options, stdout=out, stderr=out)
    except SystemExit as end:
        return Ran(out.getvalue(), int(end.code or 0))
    except CommandError as error:
        return Ran(f"{out.getvalue()}{error}", 1)
    return Ran(out.getvalue(), 0)
