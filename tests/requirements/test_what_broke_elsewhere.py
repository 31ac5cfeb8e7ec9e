"""What hurt the users of other products, by the numbers of their issues, must not hurt here.

What concerns these doors and is tested where it belongs (a test below sees that each of these is there):

listmonk 308, 541, 1413, 2038; Mautic 5671, 317: tests/accounts/test_guard.py::test_a_program_sees_what_everyone_sees
listmonk 1106, 315: tests/sms_consent/ledger/test_records.py::test_the_evidence_says_who_where_and_how
listmonk 1454: tests/accounts/test_preferences.py::test_the_history_says_what_was_done_and_where
listmonk 1685, 2608; Mautic 12880; Odoo 165169: tests/accounts/test_one_click.py::test_one_click_leaves_every_email
listmonk 708: tests/accounts/test_sign_in.py::test_an_unproven_address_signs_in_by_code
listmonk 264, 266; allauth 4079: tests/accounts/test_links.py::test_the_link_of_the_mail_again_works
listmonk 2429: tests/sms_consent/delivery/test_double_opt_in.py::test_without_an_answer_it_is_asked_once_more
listmonk 1802, 69: tests/sms_consent/delivery/test_refusals.py::test_one_of_fifty_is_refused_and_parked
Dittofeed's and Parcelvoy's links: tests/accounts/test_one_click.py::test_nothing_but_a_post_changes_anything
cachet 2900; phpList 418; mailkick 84; Rock 7034: tests/accounts/test_links.py::test_nothing_but_a_post_changes
courtlistener 2180: tests/browser/test_scanners.py::test_story_18_a_scanner_that_runs_javascript_presses_no_button
craft-campaign 169; fixmystreet 4543; shopware 4201: tests/accounts/test_links.py::test_a_second_press_shows_success
Mautic 11333, 3359: tests/sms_consent/webhooks/test_doors.py::test_where_twilio_has_answered_we_do_not
Mautic 9153; RapidPro 392; Parcelvoy's 404: tests/requirements/test_revocation.py::test_a_text
Mautic 3721, PR 5397: tests/sms_consent/delivery/test_phone_form.py::test_story_10_a_number_that_stopped_gets_no_text
Mautic 2314: tests/sms_consent/ledger/test_append_only.py::test_no_way_around
Mautic 16118; DAT-10: tests/stories/test_sign_up_stories.py::test_story_6_a_shared_number_stops_for_both
Mautic PR 15005: tests/accounts/test_leaving.py::test_who_signed_in_before_pressing_the_button_leaves_the_texts_too
Mautic 2782, 4977: tests/sms_consent/admin/test_ledger.py::test_the_ledger_is_filtered
allauth 1500, 1862, 1911: tests/accounts/test_concurrency.py::test_the_double_click
allauth 3959, 3527, 3657: tests/accounts/test_same_answer.py::test_the_same_answer_and_the_same_writes
allauth 2757: tests/accounts/test_links.py::test_at_most_five_mails_a_day_for_an_address
kpi PR 6558; django-newsletter 5: tests/stories/test_sign_up_stories.py::test_story_3_the_same_form_twice
allauth's X-Forwarded-For of 65.14.2: tests/accounts/test_abuse.py::test_a_visitor_cannot_choose_their_ip_address
allauth 3796, 1700; Keila 141: tests/sms_consent/delivery/test_phone_form.py::test_both_calls_ask_and_one_text_comes
django-newsletter 14: tests/accounts/test_concurrency.py::test_sixteen_phone_forms_with_one_number
authgear 5527; hcb 13059: tests/accounts/test_abuse.py::test_the_days_budget_of_texts
FusionAuth 3547: tests/accounts/test_abuse.py::test_one_ip_address_that_asks_for_many_countries_is_stopped
CWA-44: tests/requirements/test_revocation.py::test_rev_11_no_form_texts_a_phone_that_stopped
CWA-44: tests/stories/test_doors.py::test_who_stopped_comes_back_by_start_and_not_by_a_form
Rock 6399; Telnyx, AWS, Twilio lists: tests/sms_consent/keywords/test_opt_outs.py::test_it_revokes
episphere 1104; CitizenLab 14473; RapidPro 640: tests/requirements/test_revocation.py::test_every_way_out
Parcelvoy 442: tests/requirements/test_revocation.py::test_rev_4_it_counts_at_once_here
Parcelvoy 442: tests/stories/test_delivery_stories.py::test_story_12_braze_applies_the_opt_in_last
mParticle 1009: tests/sms_consent/reconcile/test_runs.py::test_a_mass_flip_is_stopped_before_anything_is_written
bedrock 16753: tests/sms_consent/reconcile/test_rules.py::test_subscribed_without_consent_is_listed_and_left_alone
basket PR 1760; license-manager 310: tests/sms_consent/delivery/test_batches.py::test_a_person_whose_row_is_taken_over
Segment PR 1102, Rudder 5384: tests/sms_consent/webhooks/test_doors.py::test_an_event_that_is_not_understood_is_passed
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from accounts.models import User
from sms_consent.models import ConsentRecord, Keyword, Program, Subscription
from sms_consent.sandbox import SUBSCRIBED, UNSUBSCRIBED, Sandbox
from tests.conftest import EMAIL, SMS
from tests.people import (
    ALICE,
    ALICES_PHONE,
    BOB,
    Deliver,
    Visit,
    Visitor,
    acts,
    second_email_program,
    send_phone_form,
    send_sign_up,
    standing,
)
from tests.requirements.phones import answer, is_to_be_read, stands, texts, where
from tests.sms_consent.delivery.helpers import asks_first, prompts, seen
from tests.sms_consent.keywords.tables import rows
from tests.sms_consent.webhooks.events import changed, event, now, send

NAMED = re.findall(r"(tests/[\w/]+\.py)::(\w+)", __doc__)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_what_is_tested_elsewhere_is_there(file: str, test: str) -> None:
    assert f"def {test}" in (Path(site.BASE_DIR) / file).read_text()


@pytest.fixture
def alice(visit: Visit, deliver: Deliver) -> Visitor:
    """Alice is on texts and emails, here and at Braze."""
    visitor = visit()
    visitor.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    visitor.press(visitor.links(ALICE)[0])
    assert deliver() == 0
    return visitor


# --- 3. Words: tolerant, but never of what merely contains one --------------------------------------------

# issue | stands | texts | ends
TEXTS = """
p2pu 593         | subscribed | Stop. Thank you                | unsubscribed
Rock 6399        | subscribed | Revoke                         | unsubscribed
Rock 6399        | subscribed | OPTOUT                         | unsubscribed
Mautic 9153      | subscribed | stop                           | unsubscribed
Mautic 11333     | stopped    | START                          | subscribed
RapidPro 519     | asked      | cancel                         | unsubscribed
RapidPro 519     | asked      | START                          | subscribed
Parcelvoy's code | subscribed | is this nonstop?               | subscribed
Parcelvoy's code | stopped    | when does it start?            | unsubscribed
Parcelvoy's code | nobody     | STOP                           | unsubscribed
medic 476        | subscribed | STOP 12345                     | subscribed, a person reads
CWA-44           | stopped    | UNSTOP                         | subscribed
"""


@pytest.mark.parametrize(("issue", "before", "words", "ends"), rows(TEXTS))
def test_a_text(issue: str, before: str, words: str, ends: str) -> None:
    stands(before)
    texts(words)
    state, _, queue = ends.partition(", ")
    assert (where(), is_to_be_read()) == (state, queue == "a person reads")


def test_mautic_3359_a_brand_may_add_a_stop_word_of_its_own() -> None:
    stands("subscribed")
    Keyword.objects.create(word="nomore", number=site.SMS_NUMBER, meaning="opt_out")
    texts("NoMore!")
    assert where() == "unsubscribed"


@pytest.mark.usefixtures("we_answer")
def test_rock_7049_stop_is_answered_although_the_number_was_blocked_before() -> None:
    stands("subscribed")
    send([event("users.messages.sms.Rejection", now(1), to_phone_number=ALICES_PHONE, provider_error_code="21610")])
    assert where() == "unsubscribed"
    assert "you are unsubscribed" in answer("STOP")


# --- 4. Programs that fill in forms -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/accounts/signup/", "/phone/", "/embed/phone/", "/welcome/", "/preferences/"])
def test_listmonk_2038_there_is_no_other_way_in_that_is_not_guarded(path: str, settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    asked = {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on", "program_email": "on"}
    answered = Client().post(path, asked, content_type="application/json", headers={"accept": "application/json"})
    assert answered.status_code < 500
    assert (User.objects.count(), ConsentRecord.objects.count(), Email.objects.count()) == (0, 0, 0)


# --- 5. Double opt-in always asks, and says so ------------------------------------------------------------


def test_listmonk_1257_1441_who_is_known_is_asked_about_a_second_list_too(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    tips = second_email_program(sandbox)
    alice.sign_up(ALICE, "", "tips")
    assert (len(alice.links(ALICE)), standing(ALICE, "tips")) == (2, "pending")
    alice.press(alice.links(ALICE)[1])
    deliver()
    assert seen(sandbox, tips.subscription_group_id, ALICE) == SUBSCRIBED


@pytest.mark.parametrize("name", ["consentrecord", "subscription", "inboundmessage"])
def test_listmonk_2428_staff_put_nobody_on_a_list_who_was_not_asked(name: str, staff: Client) -> None:
    form = {"address": ALICE, "program": 1, "act": "granted", "state": "subscribed", "status": "subscribed"}
    assert staff.post(reverse(f"admin:sms_consent_{name}_add"), form).status_code == 403


@pytest.mark.parametrize(
    ("form", "says"), [("sign-up", "Open it and press its button"), ("phone form", "Reply Y to it within 30 days")]
)
def test_listmonk_264_266_2831_the_page_says_what_to_do_next_and_not_that_it_is_done(form: str, says: str) -> None:
    browser = Client()
    sent = send_sign_up(browser, ALICE, "", "email") if form == "sign-up" else send_phone_form(browser, ALICES_PHONE)
    page = browser.get(sent.url).content.decode()
    assert says in page
    assert not re.search(r"(are|have been|successfully) (now )?subscribed|you are signed up", page, re.IGNORECASE)


def test_listmonk_1995_2276_no_setting_silently_sends_no_mail(alice: Visitor) -> None:
    """A program that takes unconfirmed sign-ups still mails, and one that confirms always does."""
    Program.objects.filter(slug="email").update(confirm_sign_ups=False)
    alice.sign_up(BOB, "", "email")
    assert len(alice.links(BOB)) == 1


# --- 2. An opt-out sticks ---------------------------------------------------------------------------------


def test_mautic_6514_a_form_mails_who_has_left_nothing_but_the_question(
    alice: Visitor, deliver: Deliver, sandbox: Sandbox
) -> None:
    Client().post(alice.unsubscribe_link(ALICE), {"leave": "emails"})
    deliver()
    alice.sign_up(ALICE, "", "email")
    deliver()
    assert (standing(ALICE, "email"), seen(sandbox, EMAIL, ALICE)) == ("pending", UNSUBSCRIBED)
    mail = max(sandbox.world.mails, key=lambda one: one.number)
    assert "/confirm/" in mail.text


@pytest.mark.parametrize(("form", "group"), [("sign-up", EMAIL), ("sign-up", SMS), ("phone form", SMS)])
def test_mautic_6514_a_form_filled_in_before_the_opt_out_has_reached_braze_does_not_hide_it(
    form: str, group: str, alice: Visitor, visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    """The worker is a second late, or Braze is down for hours; whoever fills in the form need not be her (rule 4)."""
    Client().post(alice.unsubscribe_link(ALICE), {"leave": "all"})
    stranger = visit()
    stranger.sign_up(ALICE, ALICES_PHONE, "sms", "email") if form == "sign-up" else stranger.ask_for_texts(ALICES_PHONE)
    deliver()
    assert seen(sandbox, group, ALICE if group == EMAIL else ALICES_PHONE) == UNSUBSCRIBED


@pytest.mark.parametrize("source", ["Dashboard", "CSV Import", "REST API", "SDK"])
def test_mautic_pr_1663_no_operator_undoes_what_the_handset_said(
    source: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    stands("stopped")
    send([changed("Subscribed", source, at=now(5))])
    assert (deliver(), where(), seen(sandbox, SMS, ALICES_PHONE)) == (0, "unsubscribed", UNSUBSCRIBED)


def test_mautic_2314_coming_back_does_not_erase_that_one_had_left(staff: Client) -> None:
    stands("stopped")
    texts("START")
    assert acts(ALICES_PHONE, "sms") == ["granted", "withdrawn", "granted"]
    page = staff.get(reverse("admin:sms_consent_consentrecord_changelist") + "?act=withdrawn").content.decode()
    assert page.count('class="field-acted"') == 1


def test_mautic_3721_a_question_that_waits_is_not_texted_after_a_stop(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    asks_first()
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    texts("STOP")
    deliver()
    assert (prompts(sandbox, ALICES_PHONE), seen(sandbox, SMS, ALICES_PHONE)) == (0, UNSUBSCRIBED)


# --- 6. Links ---------------------------------------------------------------------------------------------


def test_django_newsletter_108_the_address_cannot_be_changed_after_the_link(visit: Visit) -> None:
    alice = visit()
    alice.sign_up(ALICE, "", "email")
    link = alice.links(ALICE)[0]
    alice.client.post(link, {"answer": "confirm", "email": BOB, "address": BOB, "phone": ALICES_PHONE})
    assert (standing(ALICE, "email"), standing(BOB, "email"), standing(ALICES_PHONE, "sms")) == (
        "subscribed",
        "none",
        "none",
    )
    assert list(User.objects.values_list("email", flat=True)) == [ALICE]


# --- 13. Twice --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 3])
def test_django_newsletter_14_5_signing_up_again_makes_no_second_of_anything(times: int, visit: Visit) -> None:
    alice = visit()
    for _ in range(times):
        assert alice.sign_up(ALICE, ALICES_PHONE, "sms", "email").status_code == 302
    assert (User.objects.count(), Subscription.objects.count(), ConsentRecord.objects.count()) == (1, 2, 2)
