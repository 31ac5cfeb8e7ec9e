"""REV-1 to REV-15: how one leaves, what follows, and who answers.

In all tables: where the phone stands, what it does, and how that ends, in the ledger and at Braze.
REV-6: nothing here waits to be texted. The only texts that this site writes are answers to the very request that
brings a text in; one that comes again after five minutes is not answered.
REV-9: whether a number can receive texts is the brand's to see to; software cannot know it. Every published
disclosure names STOP (CTA-14), and every person has a link to leave by, with no text at all (REV-15).
REV-2, REV-4 and REV-7 in part: see beside their tests. Texts that may mean stop: test_unclear_texts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from sms_consent.models import ConsentRecord, InboundMessage, Keyword, Program
from sms_consent.sandbox import UNSUBSCRIBED, Sandbox
from tests.commands import run
from tests.conftest import EMAIL, SMS
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, Visitor, acts, send_phone_form, send_sign_up, standing
from tests.requirements.phones import answer, at_braze, is_to_be_read, stands, texts, where
from tests.sms_consent.delivery.helpers import bodies, later, prompts, seen
from tests.sms_consent.keywords.tables import rows
from tests.sms_consent.webhooks.events import changed, event, now, send, text

# requirement | stands | texts | ends | what it shows
TEXTS = """
REV-1  | subscribed | stop                       | unsubscribed | the seven of the FCC
REV-1  | subscribed | quit                       | unsubscribed | the seven of the FCC
REV-1  | subscribed | end                        | unsubscribed | the seven of the FCC
REV-1  | subscribed | revoke                     | unsubscribed | the seven of the FCC; not known to Braze
REV-1  | subscribed | opt out                    | unsubscribed | the seven of the FCC; no keyword at Braze can say it
REV-1  | subscribed | cancel                     | unsubscribed | the seven of the FCC
REV-1  | subscribed | unsubscribe                | unsubscribed | the seven of the FCC
REV-1  | asked      | stop                       | unsubscribed | while a question waits, too
REV-2  | subscribed | take me off your list      | unsubscribed | whatever a reasonable person reads as stop
REV-2  | subscribed | no more texts please       | unsubscribed | whatever a reasonable person reads as stop
REV-2  | subscribed | ya no quiero más mensajes  | unsubscribed | in Spanish
REV-2  | subscribed | ne m'envoyez plus de sms   | unsubscribed | in French
REV-2  | subscribed | Bitte keine SMS mehr       | unsubscribed | in German
REV-2  | subscribed | إلغاء الاشتراك              | unsubscribed | in Arabic
REV-2  | subscribed | Hiermit widerrufe ich meine Einwilligung | unsubscribed | the standard words in German
REV-2  | subscribed | halt your messages         | unsubscribed | with what it is about beside it
REV-10 | nobody     | STOP                       | unsubscribed | a number that nobody knows is silenced as well
REV-11 | stopped    | Y                          | unsubscribed | only an opt-in word lifts it
"""


@pytest.mark.parametrize(("requirement", "before", "words", "ends", "why"), rows(TEXTS))
def test_a_text(
    requirement: str, before: str, words: str, ends: str, why: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    stands(before)
    texts(words)
    assert where() == ends
    assert deliver() == 0
    assert at_braze(sandbox) == ends


def test_rev_2_what_is_unclear_is_read_by_a_person_and_one_click_makes_it_an_opt_out(
    staff: Client, deliver: Deliver, sandbox: Sandbox
) -> None:
    """Until then it changes nothing: that unclear texts silence a number is not built, by design."""
    stands("subscribed")
    texts("can I stop by tomorrow?")
    assert (where(), is_to_be_read()) == ("subscribed", True)
    action = {"action": "is_an_opt_out", "_selected_action": InboundMessage.objects.latest("pk").pk}
    staff.post(reverse("admin:sms_consent_inboundmessage_changelist"), action)
    deliver()
    assert (where(), at_braze(sandbox)) == ("unsubscribed", "unsubscribed")


# --- REV-3, REV-12, REV-14, REV-15: every door out --------------------------------------------------------


def alices_link(alice: Visitor) -> str:
    return alice.unsubscribe_link(ALICE)


def by_text(alice: Visitor, staff: Client) -> None:
    send([text("STOP", at=now(2))])


def by_preference_page(alice: Visitor, staff: Client) -> None:
    alice.sign_in(ALICE)
    alice.client.post("/preferences/", {"leave": "sms"})


def by_link(alice: Visitor, staff: Client) -> None:
    nobody_signed_in = Client(enforce_csrf_checks=True)
    nobody_signed_in.get(alices_link(alice))
    nobody_signed_in.post(alices_link(alice), {"leave": "texts"})


def by_one_click(alice: Visitor, staff: Client) -> None:
    Client(enforce_csrf_checks=True).post(alices_link(alice), {"List-Unsubscribe": "One-Click"})


def by_agent(alice: Visitor, staff: Client) -> None:
    form = {"address": "(202) 555-0101", "note": "Phoned: no more texts."}
    staff.post(reverse("admin:sms_consent_record_opt_out"), form)


def at_brazes_preference_center(alice: Visitor, staff: Client) -> None:
    send([changed("Unsubscribed", "Preference Center", at=now(2))])


def by_a_block(code: str) -> Callable[[Visitor, Client], None]:
    blocked = {"to_phone_number": ALICES_PHONE, "provider_error_code": code}
    return lambda alice, staff: send([event("users.messages.sms.Rejection", now(2), **blocked)])


def by_spam_button(alice: Visitor, staff: Client) -> None:
    send([event("users.messages.email.MarkAsSpam", now(2), email_address=ALICE)])


# the way out | texts, emails afterwards | the ledger names it
WAYS_OUT: dict[str, tuple[Callable[[Visitor, Client], Any], str, str, str]] = {
    "REV-3, REV-14, REV-15 one text": (by_text, "unsubscribed", "subscribed", "keyword"),
    "REV-3 web form": (by_preference_page, "unsubscribed", "subscribed", "preference_page"),
    "REV-3, REV-15 link, one button, no log-in": (by_link, "unsubscribed", "subscribed", "one_click"),
    "REV-14, REV-15 one click in a mail program": (by_one_click, "subscribed", "unsubscribed", "one_click"),
    "REV-3 phone call or letter to an agent": (by_agent, "unsubscribed", "subscribed", "admin"),
    "REV-3 preference center of Braze": (at_brazes_preference_center, "unsubscribed", "subscribed", "braze"),
    "REV-12 Twilio refuses with 21610": (by_a_block("21610"), "unsubscribed", "subscribed", "braze"),
    "REV-12 Telnyx refuses with 40300": (by_a_block("40300"), "unsubscribed", "subscribed", "braze"),
    "REV-14 a mail marked as spam": (by_spam_button, "subscribed", "unsubscribed", "braze"),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_ends_its_own_channel_and_leaves_the_other(
    way: str, visit: Visit, staff: Client, deliver: Deliver, sandbox: Sandbox
) -> None:
    leave, on_texts, on_emails, source = WAYS_OUT[way]
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    alice.press(alice.links(ALICE)[0])
    deliver()
    leave(alice, staff)
    assert (where(), standing(ALICE, "email")) == (on_texts, on_emails)
    assert ConsentRecord.objects.filter(act="withdrawn").values_list("source").distinct().get() == (source,)
    assert deliver() == 0
    assert (at_braze(sandbox), seen(sandbox, EMAIL, ALICE)) == (on_texts, on_emails.capitalize())


def test_rev_4_it_counts_at_once_here_and_goes_to_braze_before_everything_else(
    deliver: Deliver, sandbox: Sandbox, visit: Visit
) -> None:
    """That it takes under a minute in practice is measured by `make bench`."""
    stands("subscribed")
    deliver()
    told = len(bodies(sandbox, "/subscription/status/set"))
    visit().sign_up("somebody@example.com", "+12025550177", "sms")
    texts("STOP")
    assert where() == "unsubscribed"
    deliver()
    first = bodies(sandbox, "/subscription/status/set")[told]
    assert (first["subscription_state"], first["phone"]) == ("unsubscribed", [ALICES_PHONE])


def test_rev_4_an_opt_out_that_does_not_get_to_braze_is_called_out(deliver: Deliver, sandbox: Sandbox) -> None:
    """After two minutes already; there is no alarm of its own at 24 hours."""
    stands("subscribed")
    deliver()
    texts("STOP")
    later(150)
    ran = run("braze_check")
    assert (ran.code, "Something has been due since" in ran.out) == (1, True)


# --- REV-5, REV-6, REV-10, REV-11, REV-13: what is answered -----------------------------------------------

LEFT = "Example Brand: you are unsubscribed and will get no more texts. Text START to +12025550100 to join again."


@pytest.mark.usefixtures("we_answer")
@pytest.mark.parametrize("before", ["subscribed", "nobody"])
def test_rev_5_and_10_one_confirmation_without_marketing_whoever_says_stop(before: str) -> None:
    stands(before)
    assert answer("STOP") == LEFT


@pytest.mark.usefixtures("we_answer")
def test_rev_6_a_confirmation_is_never_sent_after_five_minutes() -> None:
    stands("subscribed")
    assert answer("STOP", MessageSid="SM-once") == LEFT
    minutes_ago(4)
    assert answer("STOP", MessageSid="SM-once") == LEFT
    minutes_ago(2)
    assert answer("STOP", MessageSid="SM-once") == ""


def minutes_ago(minutes: float) -> None:
    """Let minutes pass since all texts came in."""
    InboundMessage.objects.update(received_at=F("received_at") - timedelta(minutes=minutes))


@pytest.mark.usefixtures("we_answer")
def test_rev_10_a_second_stop_is_answered_and_no_third_within_a_day() -> None:
    stands("subscribed")
    assert [answer("STOP") for _ in range(4)] == [LEFT, LEFT, "", ""]
    minutes_ago(25 * 60)
    assert answer("STOP") == LEFT


@pytest.mark.usefixtures("we_answer")
@pytest.mark.parametrize("body", ["what?", "Y", "pizza", "nonstop"])
def test_rev_11_a_phone_that_stopped_is_answered_nothing_but_help(body: str) -> None:
    stands("stopped")
    assert answer(body) == ""
    assert answer("HELP") != ""


@pytest.mark.parametrize("form", ["phone form", "sign-up"])
def test_rev_11_no_form_texts_a_phone_that_stopped_and_the_page_says_how_to_come_back(
    form: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    stands("stopped")
    browser = Client()
    fill_in = send_phone_form if form == "phone form" else send_sign_up
    fields = (ALICES_PHONE,) if form == "phone form" else (ALICE, ALICES_PHONE, "sms")
    page = browser.get(fill_in(browser, *fields).url).content.decode()
    assert deliver() == 0
    assert (where(), at_braze(sandbox), prompts(sandbox, ALICES_PHONE)) == ("unsubscribed", "unsubscribed", 0)
    assert "If you texted STOP before, text <strong>START</strong>" in page


# who has the number and answers | what is switched on in the sandbox | TEXT_REPLIES
ANSWERING: dict[str, tuple[dict[str, bool], bool]] = {
    "Braze": ({"currents": True}, False),
    "Twilio, by its Advanced Opt-Out": ({"twilio": True, "advanced_opt_out": True}, False),
    "Twilio, although we are switched on too": ({"twilio": True, "advanced_opt_out": True}, True),
    "we": ({"twilio": True}, True),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ANSWERING)
def test_rev_13_exactly_one_party_answers(who: str, live_server: Any, sandbox: Sandbox, settings: Any) -> None:
    hooks, settings.TEXT_REPLIES = ANSWERING[who]
    settings.TWILIO_AUTH_TOKEN = "twilio-token"
    sandbox.world.set_group(SMS, "sms", double_opt_in=False, number=settings.SMS_NUMBER)
    sandbox.hooks.configure(
        url=live_server.url, token=settings.BRAZE_WEBHOOK_TOKEN, twilio_token="twilio-token", **hooks
    )
    for number, body in enumerate(("START", "HELP", "STOP"), start=1):
        sandbox.world.send_text(ALICES_PHONE, body, SMS)
        assert sandbox.hooks.flush() == []
        assert prompts(sandbox, ALICES_PHONE) == number
    sandbox.hooks.configure(url="")
    assert where() == "unsubscribed"


# --- REV-7, REV-8: how far a STOP reaches -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "the_other"), [("brand", "unsubscribed"), ("number", "subscribed")], ids=["REV-7, REV-8", "REV-8"]
)
def test_a_stop_ends_every_program_of_the_brand_unless_the_setting_says_this_number_only(
    scope: str, the_other: str, settings: Any, sandbox: Sandbox, deliver: Deliver
) -> None:
    """REV-7: we do not ask which; all are revoked."""
    settings.STOP_SCOPE = scope
    other = Program.objects.get(slug="sms")
    other.pk, other.slug, other.sender = None, "news", "+12025550190"
    other.subscription_group_id = "5a4d0000-0000-4000-8000-000000000009"
    other.save()
    sandbox.world.set_group(other.subscription_group_id, "sms")
    stands("subscribed")
    there = {"subscription_group_id": other.subscription_group_id, "inbound_phone_number": other.sender}
    give_it_a_word(other)
    send([text("NEWS", at=now(-60), **there)])
    assert (where(), standing(ALICES_PHONE, "news")) == ("subscribed", "subscribed")
    deliver()
    texts("STOP")
    deliver()
    assert (where(), standing(ALICES_PHONE, "news")) == ("unsubscribed", the_other)
    assert seen(sandbox, SMS, ALICES_PHONE) == UNSUBSCRIBED
    assert (seen(sandbox, other.subscription_group_id, ALICES_PHONE) or "").lower() == the_other
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn"]


def give_it_a_word(program: Program) -> None:
    keyword = Keyword.objects.get(word="start")
    keyword.pk, keyword.word, keyword.number, keyword.program = None, "news", program.sender, program
    keyword.save()
