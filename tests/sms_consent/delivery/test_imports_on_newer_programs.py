"""Imports beside a STOP, on programs that are newer than it: neither undoes the other (DAT-2, REV-8, REV-11)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sms_consent.sandbox import Sandbox
from tests.people import ALICES_PHONE, BOB, Deliver, Visit, acts, standing
from tests.sms_consent.delivery.helpers import seen
from tests.sms_consent.delivery.test_newer_programs import VIP, open_vip, stopped
from tests.sms_consent.imports.files import load
from tests.sms_consent.imports.files import text as imported
from tests.sms_consent.webhooks.events import now, send, text

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("programs", "open_hooks"),
]


def written(seconds: float) -> str:
    """Return a time so many seconds from now as a file to be imported writes it."""
    return datetime.fromtimestamp(now(seconds), UTC).isoformat()


def test_a_consent_from_before_the_stop_that_an_import_brings_comes_before_it(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Whatever was texted since: START lifts the program that owns it, and no other."""
    stopped(visit, deliver)
    send([text("START", at=now(1))])
    open_vip(sandbox)
    load(tmp_path, imported(program="vip"))
    assert (standing(ALICES_PHONE, "vip"), acts(ALICES_PHONE, "vip")) == ("unsubscribed", ["granted", "withdrawn"])


def test_no_import_undoes_a_stop_that_the_handset_has_lifted_for_another_program_only(
    deliver: Deliver, sandbox: Sandbox, tmp_path: Path
) -> None:
    """As though the program had been there when it was texted, and whether the import or START came first."""
    for word, seconds in (("STOP", -90), ("START", -60)):
        send([text(word, at=now(seconds))])
    open_vip(sandbox)
    load(tmp_path, imported(program="vip", occurred_at=written(-30)))
    deliver()
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("subscribed", "unsubscribed")
    assert seen(sandbox, VIP, ALICES_PHONE) == "Unsubscribed"


@pytest.mark.parametrize("order", [("sms", "vip"), ("vip", "sms")])
def test_what_an_import_says_of_one_program_is_about_no_other(
    sandbox: Sandbox, tmp_path: Path, order: tuple[str, ...]
) -> None:
    open_vip(sandbox)
    rows = {"sms": imported("withdrawn"), "vip": imported(program="vip", occurred_at=written(-60))}
    for program in order:
        load(tmp_path, rows[program])
    assert (standing(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "vip")) == ("unsubscribed", "subscribed")
    assert acts(ALICES_PHONE, "vip") == ["granted"]


def test_nobody_is_said_to_have_texted_what_an_import_said(visit: Visit, sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing stands in the ledger that was not done (rule 3); whoever types a number that is known is asked."""
    load(tmp_path, imported("withdrawn"))
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert (standing(ALICES_PHONE, "vip"), acts(ALICES_PHONE, "vip")) == ("pending", ["requested"])


def test_what_an_import_says_after_a_lifted_stop_was_not_texted(visit: Visit, sandbox: Sandbox, tmp_path: Path) -> None:
    for word, seconds in (("STOP", -90), ("START", -60)):
        send([text(word, at=now(seconds))])
    load(tmp_path, imported("withdrawn", occurred_at=written(-30)))
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert (standing(ALICES_PHONE, "vip"), acts(ALICES_PHONE, "vip")) == ("pending", ["requested"])


def test_a_stop_by_text_reaches_it_whatever_an_import_says_of_the_same_program(
    visit: Visit, deliver: Deliver, sandbox: Sandbox, tmp_path: Path
) -> None:
    stopped(visit, deliver)
    load(tmp_path, imported("withdrawn", occurred_at=written(2)))
    open_vip(sandbox)
    visit().sign_up(BOB, ALICES_PHONE, "vip")
    assert standing(ALICES_PHONE, "vip") == "unsubscribed"
