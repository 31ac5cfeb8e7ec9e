"""The button in the mail, "this wasn't me", and the page that mails it again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Confirmation, User
from sms_consent import services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOBS_PHONE,
    Visit,
    Visitor,
    acts,
    send_sign_up,
    standing,
)


def link_of(visitor: Visitor) -> str:
    return visitor.links(ALICE)[-1]


def rows() -> list[Any]:
    models = (User, Confirmation, ConsentRecord, Subscription)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


# --- A look changes nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "trace"])
def test_nothing_but_a_post_changes_anything(alice: Visitor, method: str) -> None:
    before = rows()
    getattr(alice.client, method)(link_of(alice))
    getattr(alice.client, method)("/welcome/")
    assert rows() == before


def test_the_button_needs_this_sites_own_page(alice: Visitor) -> None:
    before = rows()
    assert Client(enforce_csrf_checks=True).post(link_of(alice), {"answer": "confirm"}).status_code == 403
    assert rows() == before


def test_the_page_has_one_button_to_agree_and_no_field_to_edit(alice: Visitor) -> None:
    page = alice.client.get(link_of(alice)).content.decode()
    assert len(re.findall(r'<button[^>]*value="confirm"', page)) == 1
    assert re.findall(r'<input[^>]*type="(?!hidden)', page) == []
    assert "promotional emails with offers and news" in page
    assert ALICE not in page


def test_the_token_stays_between_mailbox_and_site(alice: Visitor) -> None:
    page = alice.client.get(link_of(alice))
    assert page["Referrer-Policy"] in ("same-origin", "strict-origin")
    assert "no-store" in page["Cache-Control"]


def test_no_table_holds_a_token_or_a_code_in_clear_once_it_is_mailed(alice: Visitor) -> None:
    link = link_of(alice)
    referer = {"HTTP_REFERER": f"http://testserver{link}"}
    alice.client.post(link, {"answer": "confirm"}, **referer)  # type: ignore[arg-type]
    token = link.split("/")[2]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            assert token not in repr(cursor.fetchall()), table


# --- What a press does -----------------------------------------------------------------------------------


def test_a_press_confirms_that_request_under_that_version(alice: Visitor) -> None:
    asked = ConsentRecord.objects.get(act="requested")
    alice.press(link_of(alice))
    confirmed = ConsentRecord.objects.get(act="confirmed")
    assert (confirmed.request, confirmed.disclosure) == (asked, asked.disclosure)
    assert confirmed.proven


def test_confirming_an_email_confirms_no_phone(alice: Visitor) -> None:
    Subscription.objects.filter(program__slug="sms").update(state="pending")
    alice.press(link_of(alice))
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("pending", "subscribed")
    assert acts(ALICES_PHONE, "sms") == ["granted"]


def test_a_second_press_shows_success_and_writes_nothing(alice: Visitor) -> None:
    alice.press(link_of(alice))
    before = rows()
    answer = alice.press(link_of(alice))
    assert "<h1>Confirmed</h1>" in answer.content.decode()
    assert rows() == before


def test_two_requests_and_one_press_are_one_confirmation(alice: Visitor) -> None:
    Subscription.objects.update(last_said="")  # the second form is no mere repeat
    alice.sign_up(ALICE, "", "email")
    alice.press(link_of(alice))
    assert acts(ALICE, "email") == ["requested", "requested", "confirmed"]


def test_an_unknown_link_is_a_page_of_its_own(client: Client, db: None) -> None:
    for answer in (client.get("/confirm/nobody/"), client.post("/confirm/nobody/", follow=True)):
        assert answer.status_code == 404
        assert "We do not know this link" in answer.content.decode()


def expire(visitor: Visitor) -> None:
    Confirmation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def leave(visitor: Visitor) -> None:
    services.withdraw(ALICE, source=Source.ADMIN, circumstances=Circumstances(note="phoned"))


def refuse(visitor: Visitor) -> None:
    visitor.press(link_of(visitor), "not_me")


SPENT = {
    "expired": (expire, "This link has expired", "Waiting for you to confirm"),
    "voided": (leave, "no longer valid", "Not signed up"),
    "refused": (refuse, "Taken back", "Not signed up"),
}


@pytest.mark.parametrize("what", SPENT)
def test_a_spent_link_changes_nothing_and_says_where_the_address_stands(alice: Visitor, what: str) -> None:
    spend, says, stands = SPENT[what]
    spend(alice)
    before = rows()
    page = alice.press(link_of(alice)).content.decode()
    assert rows() == before
    assert says in page
    assert stands in page


def test_not_me_keeps_what_was_agreed_to_before(alice: Visitor, visit: Visit) -> None:
    alice.press(link_of(alice))
    visit().sign_up(ALICE, BOBS_PHONE, "email")
    alice.press(link_of(alice), "not_me")
    assert standing(ALICE, "email") == "subscribed"
    assert User.objects.get(email=ALICE).phone_number == ALICES_PHONE


def test_not_me_voids_the_link_that_was_mailed_again(alice: Visitor) -> None:
    alice.client.post("/welcome/")
    call_command("send_mail", "--once")
    first, again = alice.links(ALICE)
    alice.press(first, "not_me")
    alice.press(again)
    assert standing(ALICE, "email") == "none"


def mailed_again(visitor: Visitor) -> tuple[str, str]:
    visitor.client.post("/welcome/")
    call_command("send_mail", "--once")
    first, again = visitor.links(ALICE)
    return first, again


@pytest.mark.parametrize("which", [0, 1])
def test_either_mail_of_a_sign_up_answers_for_both(alice: Visitor, which: int) -> None:
    links = mailed_again(alice)
    alice.press(links[which])
    before = rows()
    assert "<h1>Confirmed</h1>" in alice.press(links[1 - which]).content.decode()
    assert rows() == before


def test_not_me_in_one_mail_holds_for_the_other(alice: Visitor) -> None:
    first, again = mailed_again(alice)
    alice.press(first)
    alice.press(again, "not_me")
    assert standing(ALICE, "email") == "unsubscribed"
    assert "Taken back" in alice.press(first).content.decode()
    assert User.objects.get(email=ALICE).phone is None


@pytest.mark.parametrize("which", [0, 1])
def test_not_me_in_the_mail_of_either_of_two_sign_ups_takes_back_both(alice: Visitor, visit: Visit, which: int) -> None:
    """Two mails that look the same: who says it of one must not be signed up by the other (SEC-12)."""
    visit().sign_up(ALICE, BOBS_PHONE, "sms", "email")
    Subscription.objects.update(last_said="")
    visit().sign_up(ALICE, BOBS_PHONE, "email")
    links = alice.links(ALICE)
    page = alice.press(links[-which], "not_me").content.decode()
    assert "Taken back" in page
    alice.press(links[which - 1])
    assert standing(ALICE, "email") == "none"
    assert "invalidated" in acts(ALICE, "email")


def test_an_older_mail_does_not_bring_back_its_number(alice: Visitor) -> None:
    (old,) = alice.links(ALICE)
    alice.sign_in(ALICE)
    alice.preferences(BOBS_PHONE)
    alice.press(old)
    assert standing(ALICE, "email") == "subscribed"
    assert User.objects.get(email=ALICE).phone_number == BOBS_PHONE


def test_the_newest_sign_up_keeps_its_number_whatever_is_pressed_after_it(alice: Visitor, visit: Visit) -> None:
    visit().sign_up(ALICE, BOBS_PHONE, "email")
    first, second = alice.links(ALICE)
    alice.press(second)
    alice.press(first)
    assert User.objects.get(email=ALICE).phone_number == BOBS_PHONE


# --- The mail again --------------------------------------------------------------------------------------


def mails(sandbox: Sandbox) -> int:
    call_command("send_mail", "--once")
    return len(sandbox.world.mails)


def test_the_mail_again_has_a_new_link_and_the_old_one_still_works(alice: Visitor, sandbox: Sandbox) -> None:
    answer = alice.client.post("/welcome/", follow=True)
    assert mails(sandbox) == 2
    first, again = alice.links(ALICE)
    assert first != again
    assert "on its way again" in answer.content.decode()
    alice.press(first)
    assert standing(ALICE, "email") == "subscribed"


def test_the_link_of_the_mail_again_works(alice: Visitor, sandbox: Sandbox) -> None:
    alice.client.post("/welcome/")
    assert mails(sandbox) == 2
    alice.press(link_of(alice))
    assert standing(ALICE, "email") == "subscribed"
    assert User.objects.get().phone_number == ALICES_PHONE


@pytest.mark.parametrize("cookie", [None, "1", "1:forged", "x" * 5000, "\\000"])
def test_the_mail_again_without_a_good_cookie_says_the_same_and_mails_nobody(
    alice: Visitor, sandbox: Sandbox, cookie: str | None
) -> None:
    stranger = Client()
    if cookie:
        stranger.cookies["welcome"] = cookie
    answer, real = stranger.post("/welcome/"), alice.client.post("/welcome/")
    assert (answer.status_code, answer.headers["Location"]) == (real.status_code, real.headers["Location"])
    assert str(answer.cookies["messages"]).split(":")[0] == str(real.cookies["messages"]).split(":")[0]
    assert mails(sandbox) == 2


def test_the_mail_again_after_the_button_mails_nobody(alice: Visitor, sandbox: Sandbox) -> None:
    alice.press(link_of(alice))
    alice.client.post("/welcome/")
    assert mails(sandbox) == 1


@pytest.fixture
def limits(settings: Any) -> None:
    """Limits as in production; a wide one for forms, so that mails are what is counted."""
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS | {"optin_signup": "100/m/ip"}


@pytest.mark.usefixtures("limits", "programs")
def test_at_most_five_mails_a_day_for_an_address_whoever_asks_and_however(sandbox: Sandbox) -> None:
    for number in range(4):
        send_sign_up(Client(REMOTE_ADDR=f"203.0.113.{number}"), ALICE, "", "email")
    last = Client()
    send_sign_up(last, ALICE.upper(), "", "email")
    assert mails(sandbox) == 5
    answers = [last.post("/welcome/"), send_sign_up(last, ALICE, "", "email")]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert mails(sandbox) == 5


@pytest.mark.usefixtures("limits", "programs")
def test_the_mail_again_is_limited(client: Client) -> None:
    assert [client.post("/welcome/").status_code for _ in range(6)] == [302] * 5 + [429]


@pytest.mark.usefixtures("programs")
def test_sign_ups_from_one_address_on_the_net_are_limited(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = site.LIMITS
    clients = [Client(REMOTE_ADDR="203.0.113.7", headers={"x-forwarded-for": f"198.51.100.{n}"}) for n in range(21)]
    answers = [send_sign_up(one, f"p{n}@example.com").status_code for n, one in enumerate(clients)]
    assert answers == [302] * 20 + [429]
