"""A new email address: nothing changes before its mailbox proves it, and then everything at once (DAT-11)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from post_office.models import Email

from accounts.models import User
from sms_consent.models import ConsentRecord
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, BOB, Deliver, Visit, Visitor, acts, standing
from tests.sms_consent.delivery.helpers import SET, bodies, seen

NEW = "alice@new.example.com"
PAGE = "/preferences/email/"


@pytest.fixture
def home(alice: Visitor) -> Visitor:
    """Alice gets texts and emails, and is signed in."""
    alice.press(alice.links(ALICE)[-1])
    alice.sign_in(ALICE)
    return alice


def ask(visitor: Visitor, email: str) -> Any:
    return visitor.client.post(PAGE, {"email": email}, follow=True)


def enter(visitor: Visitor, code: str) -> Any:
    return visitor.client.post(PAGE, {"code": code}, follow=True)


def change(visitor: Visitor, email: str = NEW) -> Any:
    ask(visitor, email)
    return enter(visitor, visitor.code(email))


def test_nothing_changes_before_the_code(home: Visitor) -> None:
    before = list(User.objects.values()), ConsentRecord.objects.count()
    assert NEW in ask(home, NEW).content.decode()
    assert (list(User.objects.values()), ConsentRecord.objects.count()) == before
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_the_code_makes_the_new_address_theirs(home: Visitor) -> None:
    page = change(home)
    assert "This is your address now" in page.content.decode()
    assert User.objects.get().email == NEW
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [(NEW, True, True)]


def test_story_16_a_changed_email_starts_anew(home: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    deliver()
    change(home)
    assert deliver() == 0
    assert (standing(ALICE, "email"), standing(NEW, "email")) == ("unsubscribed", "none")
    out = {"subscription_group_id": EMAIL, "subscription_state": "unsubscribed", "email": [ALICE]}
    assert bodies(sandbox, SET)[-1] == out
    (profile,) = sandbox.world.profiles
    assert (profile.email, profile.states) == (None, {SMS: SUBSCRIBED, EMAIL: UNSUBSCRIBED})


def test_and_joins_anew(home: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    deliver()
    change(home)
    deliver()
    home.preferences(ALICES_PHONE, "email")
    assert deliver() == 0
    (profile,) = sandbox.world.profiles
    assert (profile.email, profile.email_subscribe, profile.states[EMAIL]) == (NEW, "opted_in", SUBSCRIBED)
    assert seen(sandbox, EMAIL, ALICE) in (UNSUBSCRIBED, None)
    assert acts(NEW, "email") == ["granted"]


def test_joined_at_once_it_ends_alike(home: Visitor, deliver: Deliver, sandbox: Sandbox) -> None:
    deliver()
    change(home)
    home.preferences(ALICES_PHONE, "email")
    assert deliver() == 0
    (profile,) = sandbox.world.profiles
    assert (profile.email, profile.email_subscribe, profile.states[EMAIL]) == (NEW, "opted_in", SUBSCRIBED)


def test_the_link_to_leave_stays_the_same(home: Visitor, deliver: Deliver) -> None:
    deliver()
    link = home.unsubscribe_link(ALICE)
    change(home)
    home.preferences(ALICES_PHONE, "email")
    home.client.post(link, {"List-Unsubscribe": "One-Click"})
    assert standing(NEW, "email") == "unsubscribed"


def test_a_mail_to_the_old_address_confirms_nothing_any_more(alice: Visitor) -> None:
    alice.sign_in(ALICE)
    change(alice)
    assert "no longer valid" in alice.press(alice.links(ALICE)[0]).content.decode()
    assert acts(ALICE, "email") == ["requested", "withdrawn"]


def test_the_new_address_signs_in_and_the_old_one_is_free(home: Visitor, visit: Visit) -> None:
    change(home)
    again, other = visit(), visit()
    again.sign_in(NEW)
    assert NEW in again.client.get("/preferences/").content.decode()
    other.sign_up(ALICE, "", "email")
    assert User.objects.filter(email=ALICE).exists()


def told(email: str) -> int:
    return Email.objects.filter(to=email, subject__contains="was changed").count()


def test_the_old_address_is_told(home: Visitor) -> None:
    """Whoever opens it may not be the one who changed it."""
    change(home)
    assert (told(ALICE), told(NEW)) == (1, 0)
    change(home, NEW)
    assert told(NEW) == 0, "nothing was changed"


def test_an_old_address_that_nobody_proved_gets_no_mail(home: Visitor) -> None:
    """It may be a stranger's, mistyped."""
    EmailAddress.objects.update(verified=False)
    change(home)
    assert User.objects.get().email == NEW
    assert told(ALICE) == 0


# --- An address that is somebody's --------------------------------------------------------------------------


@pytest.fixture
def bob(visit: Visit) -> Visitor:
    """Bob has signed up, and nothing more."""
    visitor = visit()
    visitor.sign_up(BOB, "", "email")
    return visitor


def test_asking_for_somebodys_address_looks_the_same(home: Visitor, bob: Visitor) -> None:
    pages, mails = [], []
    home.client.get(PAGE)
    for email in (BOB, NEW):
        before = Email.objects.count()
        page = ask(home, email).content.decode().replace(email, "…")
        pages.append(page.split("<main")[1].split("csrfmiddlewaretoken")[0])
        mails.append(Email.objects.count() - before)
        home.client.post(PAGE, {"another": "yes"})
    assert pages[0] == pages[1]
    assert mails == [1, 1]


def test_its_code_changes_nothing_and_only_then_says_why(home: Visitor, bob: Visitor) -> None:
    before = list(User.objects.order_by("pk").values("email", "phone")), ConsentRecord.objects.count()
    assert "signed up with that address already" in change(home, BOB).content.decode()
    assert (list(User.objects.order_by("pk").values("email", "phone")), ConsentRecord.objects.count()) == before


# --- The code -----------------------------------------------------------------------------------------------


def test_a_wrong_code_is_told_beside_the_field(home: Visitor) -> None:
    ask(home, NEW)
    assert "not the code from the mail" in enter(home, "AAAA-AAAA").content.decode()
    assert User.objects.get().email == ALICE


def test_after_three_wrong_codes_the_right_one_is_good_no_more(home: Visitor) -> None:
    ask(home, NEW)
    code = home.code(NEW)
    for _ in range(3):
        page = enter(home, "AAAA-AAAA")
    assert "start again" in page.content.decode()
    assert "start again" in enter(home, code).content.decode()
    assert User.objects.get().email == ALICE


def test_a_code_is_good_for_a_quarter_of_an_hour(home: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(home, NEW)
    code, now = home.code(NEW), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 1)
    assert "start again" in enter(home, code).content.decode()
    assert User.objects.get().email == ALICE


def test_a_code_is_good_for_one_address(home: Visitor) -> None:
    ask(home, NEW)
    code = home.code(NEW)
    ask(home, "victim@example.com")
    enter(home, code)
    assert User.objects.get().email == ALICE


def test_a_code_is_good_in_the_browser_that_asked(home: Visitor, visit: Visit) -> None:
    ask(home, NEW)
    code, elsewhere = home.code(NEW), visit()
    elsewhere.sign_in(ALICE)
    enter(elsewhere, code)
    assert User.objects.get().email == ALICE


def test_the_code_may_be_typed_as_people_type(home: Visitor) -> None:
    ask(home, NEW)
    enter(home, f" {home.code(NEW).replace('-', ' ').lower()} ")
    assert User.objects.get().email == NEW


def test_no_code_is_kept_in_clear(home: Visitor) -> None:
    ask(home, NEW)
    code = home.code(NEW)
    sessions = [session.get_decoded() for session in Session.objects.all()]
    assert not any(code in str(one) or code.replace("-", "") in str(one) for one in sessions)


# --- What is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "says"), [(ALICE, "your address already"), ("nobody", "valid email"), ("", "required")]
)
def test_what_is_no_new_address_is_told_so(home: Visitor, email: str, says: str) -> None:
    before = Email.objects.count()
    assert says in ask(home, email).content.decode()
    assert Email.objects.count() == before


def test_one_spelling_for_one_mailbox(home: Visitor) -> None:
    ask(home, NEW.upper())
    enter(home, home.code(NEW))
    assert User.objects.get().email == NEW


def test_no_mailbox_is_flooded(home: Visitor, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.LIMITS | {"optin_preferences": "100/m/ip"}
    answers = [ask(home, NEW).status_code for _ in range(7)]
    assert answers == [200] * 7
    assert Email.objects.count() == 5


def test_asking_is_limited(home: Visitor, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.LIMITS
    assert [ask(home, f"a{number}@example.com").status_code for number in range(6)] == [200] * 5 + [429]
