"""The rules that never bend, through an app's door (design: 8 to 11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from post_office.models import Email

from accounts.models import User
from sms_consent import disclosures, selectors
from sms_consent.choices import Door
from sms_consent.models import ConsentRecord, Disclosure
from tests.accounts.api.app import App, wrong
from tests.accounts.test_same_answer import KNOWN, some_are_known, statements, writes
from tests.people import ALICE, ALICES_PHONE, BOB, BOBS_PHONE, CAROL, CAROLS_PHONE, Deliver, Visit, acts, standing

pytestmark = pytest.mark.usefixtures("programs", "sandbox")

__all__ = ["some_are_known"]  # a fixture


# --- 8: a GET changes nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/offers", "/v1/preferences", "/auth/session", "/openapi.json"])
def test_a_get_writes_nothing(alices: App, path: str) -> None:
    answers: list[Any] = []
    assert writes(statements(lambda: answers.append(alices.call("GET", path)))) == []
    assert answers[0].status_code == 200


@pytest.mark.parametrize("path", ["/v1/sign-ups", "/v1/sign-ups/mail", "/v1/phone-requests", "/v1/preferences/all"])
def test_what_changes_something_is_no_get(alices: App, path: str) -> None:
    assert alices.call("GET", path).status_code == 405
    assert standing(ALICE, "email") == "subscribed"


# --- 9: the words that were shown are the ones in force -----------------------------------------------------


def publish_new_words(door: str) -> None:
    old = Disclosure.objects.get(program__slug="sms", door=door)
    new = disclosures.draft(old.program, door=door, language="en", text=old.draft, label="New", button="New")
    disclosures.publish(new)


@pytest.mark.parametrize("door", [Door.FORM, Door.PHONE_FORM])
def test_a_tick_under_older_words_is_refused_even_where_this_process_knows_no_newer(app: App, door: str) -> None:
    seen = app.open()
    (old,) = [offer for offer in seen["sign_up" if door == Door.FORM else "phone"] if offer["program"] == "sms"]
    publish_new_words(door)
    selectors.forget_offers()
    if door == Door.FORM:
        answer = app.sign_up(ALICE, ALICES_PHONE, programs={"sms": old["disclosure"]})
    else:
        answer = app.ask(ALICES_PHONE, disclosure=old["disclosure"])
    assert {code for _, code in wrong(answer)} == {"stale"}
    assert not ConsentRecord.objects.exists()


def test_new_words_are_taken_by_a_process_that_still_keeps_the_older_ones(app: App) -> None:
    app.open()
    publish_new_words(Door.FORM)
    newest = Disclosure.objects.filter(program__slug="sms", door=Door.FORM).latest("version")
    assert app.sign_up(ALICE, ALICES_PHONE, programs={"sms": f"{newest.pk}-{newest.sha256}"}).status_code == 202
    assert ConsentRecord.objects.get().disclosure == newest


def test_words_of_the_phone_form_tick_no_box(app: App) -> None:
    (offer,) = app.open()["phone"]
    answer = app.sign_up(ALICE, ALICES_PHONE, programs={"sms": offer["disclosure"]})
    assert wrong(answer) == {("programs.sms", "stale")}


# --- 10: the same answer for everyone -----------------------------------------------------------------------


def seen(answer: Any) -> tuple[Any, ...]:
    told = re.sub(r'"sign_up": "[\w:-]+"', "", answer.content.decode())
    return answer.status_code, told, sorted(answer.headers)


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize("boxes", [(), ("sms", "email")], ids=["none", "both"])
@pytest.mark.parametrize("who", KNOWN)
def test_a_sign_up(who: str, boxes: tuple[str, ...]) -> None:
    pair = (("new@example.com", "+12025550199"), KNOWN[who])
    _alike(*(lambda email=email, phone=phone: App().sign_up(email, phone, *boxes) for email, phone in pair))


@pytest.mark.usefixtures("some_are_known")
@pytest.mark.parametrize("phone", [ALICES_PHONE, BOBS_PHONE, CAROLS_PHONE])
def test_a_phone_request(phone: str) -> None:
    _alike(*(lambda number=number: App().ask(number) for number in ("+12025550199", phone)))


def _alike(*acts: Callable[[], Any]) -> None:
    answers: list[Any] = []
    lists = []
    for act in acts:
        selectors.forget_offers()  # or else a slow machine reads them again for one of the two
        sqls = statements(lambda: answers.append(act()))  # noqa: B023
        lists.append((writes(sqls), len(sqls)))
    assert seen(answers[0]) == seen(answers[1])
    assert answers[0].status_code == 202
    assert lists[0] == lists[1]


@pytest.mark.usefixtures("some_are_known")
def test_a_mail_again() -> None:
    for email in (ALICE, BOB, CAROL, "new@example.com"):
        app = App()
        taken = app.sign_up(email, "", "email").json()["sign_up"]
        before = Email.objects.count()
        assert app.call("POST", "/v1/sign-ups/mail", {"sign_up": taken}).status_code == 202
        assert Email.objects.count() == before + 1


def test_a_sign_up_costs_what_it_costs_on_the_page(app: App) -> None:
    app.open()
    sqls = statements(lambda: app.sign_up(ALICE, ALICES_PHONE, "sms", "email"))
    assert len(sqls) <= 12, "\n".join(sqls)


# --- 4 and 11: nobody can undo a STOP, or silence a stranger --------------------------------------------------


@pytest.mark.usefixtures("some_are_known")
def test_a_number_that_stopped_stays_stopped(deliver: Deliver, app: App) -> None:
    app.sign_up(CAROL, CAROLS_PHONE, "sms")
    app.ask(CAROLS_PHONE)
    assert standing(CAROLS_PHONE, "sms") == "unsubscribed"


@pytest.mark.usefixtures("some_are_known")
def test_typing_a_strangers_number_into_preferences_cannot_silence_it(visit: Visit, app: App) -> None:
    mallory = visit()
    mallory.sign_up("mallory@example.com")
    app.sign_in("mallory@example.com", mallory)
    app.call("PATCH", "/v1/preferences", {"phone": ALICES_PHONE})
    before = acts(ALICES_PHONE, "sms")
    assert app.call("DELETE", "/v1/preferences/all").json() == {"texts_may_still_come": True}
    app.call("PATCH", "/v1/preferences", {"phone": ""})
    assert (acts(ALICES_PHONE, "sms"), standing(ALICES_PHONE, "sms")) == (before, "subscribed")


@pytest.mark.usefixtures("some_are_known")
def test_who_has_not_proven_a_number_learns_nothing_of_it(visit: Visit, app: App) -> None:
    mallory = visit()
    mallory.sign_up("mallory@example.com")
    app.sign_in("mallory@example.com", mallory)
    told = app.call("PATCH", "/v1/preferences", {"phone": ALICES_PHONE}).json()
    assert [row["places"] for row in told["programs"]] == [[], []]
    assert User.objects.get(email=ALICE).phone_number == ALICES_PHONE
