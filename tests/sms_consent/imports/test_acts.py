"""What becomes of imported acts: story 19, DAT-1, DAT-2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from sms_consent import ledger, services
from sms_consent.choices import Act, Source
from sms_consent.ledger import Circumstances, Entry
from sms_consent.models import ConsentRecord, Program, Subscription
from tests.people import ALICE, ALICES_PHONE, acts, send_sign_up, standing
from tests.sms_consent.imports.files import T1, T2, T3, email, evidence, load, record, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("programs")]


def leave(address: str, *, stops: bool = False, at: str = T2) -> None:
    """Opt an address out here."""
    at_that_time = datetime.fromisoformat(at)
    services.withdraw(
        address, source=Source.KEYWORD, circumstances=Circumstances(), stops=stops, occurred_at=at_that_time
    )


@pytest.mark.parametrize(("address", "row"), [(ALICE, email), (ALICES_PHONE, text)])
@pytest.mark.parametrize("imported_at", [T1, T3])
def test_story_19_no_import_undoes_an_opt_out_made_here(
    tmp_path: Path, address: str, row: object, imported_at: str
) -> None:
    leave(address)
    ran = load(tmp_path, row("confirmed", occurred_at=imported_at))  # type: ignore[operator]
    slug = "email" if "@" in address else "sms"
    assert (standing(address, slug), ran.code) == ("unsubscribed", 0)
    assert sorted(acts(address, slug)) == ["confirmed", "withdrawn"]


def test_a_stop_by_a_clock_that_is_ahead_outlasts_an_opt_out_by_phone(tmp_path: Path) -> None:
    load(tmp_path, text("withdrawn", occurred_at=str(timezone.now() + timedelta(minutes=3))))
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=Circumstances())
    assert Subscription.objects.get().stopped_at


def test_the_original_act_is_what_is_recorded(tmp_path: Path) -> None:
    given = {"source": "checkout", "method": "checkbox", "ip": "192.0.2.7", "user_agent": "Tester/1.0"}
    load(tmp_path, email(occurred_at="2020-01-01T12:00:00+02:00", external_id="crm-1", language="de", **given))
    found = record(ALICE)
    assert (found.act, found.source, found.occurred_at) == ("granted", "import", datetime(2020, 1, 1, 10, tzinfo=UTC))
    assert (found.recorded_at - found.occurred_at).days > 1
    assert evidence(ALICE) == {
        "address": ALICE,
        "came_from": "checkout",
        "method": "checkbox",
        "ip": "192.0.2.7",
        "user_agent": "Tester/1.0",
        "language": "de",
        "person": "crm-1",
        "imported_from": "rows.csv, line 2",
    }


def test_what_the_other_system_promised_is_kept_and_nothing_else(tmp_path: Path) -> None:
    load(tmp_path, email(brand="Old Brand", frequency="Daily", label="Yes", button="Join"))
    found = evidence(ALICE)
    kept = {name: found.get(name) for name in ("brand", "frequency", "purpose", "sender", "label", "button")}
    assert kept == {
        "brand": "Old Brand",
        "frequency": "Daily",
        "purpose": None,
        "sender": None,
        "label": "Yes",
        "button": "Join",
    }


LEADS_TO = {
    "requested": "none",
    "expired": "none",
    "granted": "subscribed",
    "confirmed": "subscribed",
    "Opt_In": "subscribed",
    "SUBSCRIBED": "subscribed",
    "withdrawn": "unsubscribed",
    "invalidated": "unsubscribed",
    "opt_out": "unsubscribed",
    "unsubscribed": "unsubscribed",
}


def test_where_each_act_leads(tmp_path: Path) -> None:
    load(tmp_path, *(email(act, f"{act}@example.com") for act in LEADS_TO))
    assert {act: standing(f"{act}@example.com".lower(), "email") for act in LEADS_TO} == LEADS_TO
    assert ConsentRecord.objects.count() == len(LEADS_TO)


def test_an_imported_opt_out_of_texts_is_a_stop(tmp_path: Path) -> None:
    load(tmp_path, text("withdrawn"), email("withdrawn"))
    rows = Subscription.objects.order_by("program__slug")
    assert [row.stopped_at is not None for row in rows] == [False, True]


def test_a_newer_opt_in_of_the_same_import_lifts_an_opt_out_but_not_a_stop(tmp_path: Path) -> None:
    rows = [make(act, occurred_at=at) for make in (email, text) for act, at in (("withdrawn", T1), ("granted", T2))]
    load(tmp_path, *rows)
    assert [standing(ALICE, "email"), standing(ALICES_PHONE, "sms")] == ["subscribed", "unsubscribed"]


@pytest.mark.parametrize("says", [{"proven": "true"}, {"source": "Keyword"}, {"act": "confirmed"}])
def test_a_stop_is_lifted_where_the_handset_itself_opted_in(tmp_path: Path, says: dict[str, str]) -> None:
    load(tmp_path, text("withdrawn"), text(**{"occurred_at": T2, **says}))
    assert standing(ALICES_PHONE, "sms") == "subscribed"


def join(*, proven: bool) -> None:
    """Opt Alice's phone in here, by a tick or, proven, by a text."""
    sms = Program.objects.get(slug="sms")
    source = Source.KEYWORD if proven else Source.SIGN_UP
    entry = Entry(sms, ALICES_PHONE, Act.GRANTED, source, proven=proven)
    ledger.append([entry], ledger.standings([entry.key]))


def test_whose_act_it_was_follows_from_where_it_was_done(tmp_path: Path) -> None:
    sources = {"keyword": True, "Text message": True, "text_to_join": True, "textarea": False, "web form": False}
    sources |= {"Text link on the home page": False, "keyword ad": False}
    numbers = [f"+120255501{number:02}" for number in range(len(sources))]
    load(tmp_path, *(text(address=number, source=it) for number, it in zip(numbers, sources, strict=True)))
    found = {evidence(number)["came_from"]: record(number).proven for number in numbers}
    assert found == sources


@pytest.mark.parametrize(("proven", "state"), [(True, "subscribed"), (False, "unsubscribed")])
def test_an_older_stop_gives_way_only_to_the_handset(tmp_path: Path, proven: bool, state: str) -> None:
    join(proven=proven)
    load(tmp_path, text("withdrawn", occurred_at=T1))
    assert standing(ALICES_PHONE, "sms") == state


def test_an_imported_consent_makes_a_confirmation_needless(tmp_path: Path, client: Client) -> None:
    send_sign_up(client, ALICE, "", "email")
    assert standing(ALICE, "email") == "pending"
    load(tmp_path, email(occurred_at=T1))
    assert standing(ALICE, "email") == "subscribed"


@pytest.mark.parametrize("act", ["requested", "expired"])
def test_what_was_only_asked_for_elsewhere_takes_no_consent_away(act: str, tmp_path: Path, client: Client) -> None:
    """Nor does it have anybody asked: who was new here when they signed up was so (DAT-2, DAT-3)."""
    Program.objects.update(confirm_sign_ups=False)
    send_sign_up(client, ALICE, ALICES_PHONE, "sms", "email")
    load(tmp_path, text(act), email(act))
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("subscribed", "subscribed")


def test_what_was_recorded_here_is_not_imported_again(tmp_path: Path) -> None:
    join(proven=True)
    here = ConsentRecord.objects.get()
    ran = load(tmp_path, text("granted", occurred_at=here.occurred_at.isoformat()))
    assert "0 added, 1 here already" in ran.out
    assert ConsentRecord.objects.get() == here


def test_nobody_is_asked_because_of_what_was_taken_back_elsewhere_long_ago(tmp_path: Path, client: Client) -> None:
    """A tick made here since would wait for the handset's answer, and so have a text sent by an import (DAT-3)."""
    send_sign_up(client, ALICE, ALICES_PHONE, "sms")
    load(tmp_path, text("invalidated", occurred_at=T1))
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
