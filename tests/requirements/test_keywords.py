"""KW-1 to KW-14: what a text means. A row is one phone: where it stands, what it texts, how that ends.

"ends" is where the ledger has it, and Braze after the worker has run (nothing is written there while it waits for a
Y). "a person reads" marks a text that waits in the admin's list, where one click says "this is an opt-out".
All spellings, in three languages, stand in tests/sms_consent/keywords/; these are the ones that decide.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sms_consent import disclosures
from sms_consent.choices import Door
from sms_consent.models import ConsentRecord, Disclosure, InboundMessage, Keyword, Program
from sms_consent.sandbox import Sandbox
from tests.people import ALICES_PHONE, Deliver, acts, standing
from tests.requirements.phones import answer, at_braze, is_to_be_read, stands, texts, where
from tests.sms_consent.keywords.tables import rows
from tests.sms_consent.webhooks.events import now, send, text

# requirement | stands | texts, ">" is "and then" | ends | what it shows
TEXTS = """
KW-1  | subscribed | sToP                   | unsubscribed               | capitals make no difference
KW-1  | nobody     | sTaRt                  | subscribed                 | nor do they where it opts in
KW-2  | subscribed | "Stop."                | unsubscribed               | quotes and a full stop
KW-2  | subscribed | stop⏎                  | unsubscribed               | a new line
KW-2  | subscribed | ＳＴＯＰ                   | unsubscribed               | full-width letters
KW-2  | subscribed | Arrêt 🙏                | unsubscribed               | accents, and an emoji
KW-2  | nobody     | START!!                | subscribed                 | opting in is read the same way
KW-3  | subscribed | STOP PLEASE            | unsubscribed               | Braze and Twilio ignore it
KW-3  | subscribed | stop texting me        | unsubscribed               | a sentence
KW-3  | subscribed | stpo                   | unsubscribed               | a slip of the thumb
KW-3  | subscribed | Please stopppp         | unsubscribed               | a held key
KW-4  | subscribed | weekend                | subscribed                 | "end" is in it, and is not meant
KW-4  | subscribed | nonstop                | subscribed                 | "stop" is in it, and is not meant
KW-4  | subscribed | don't cancel my order  | subscribed, a person reads | the opposite is meant
KW-4  | subscribed | please don't stop      | subscribed, a person reads | the opposite is meant
KW-4  | subscribed | end of month?          | subscribed, a person reads | something else is meant
KW-5  | nobody     | strat                  | none                       | opting in forgives no slip
KW-5  | nobody     | start please           | none                       | nor a word beside it
KW-5  | nobody     | when does it start?    | none                       | nor is it found in a sentence
KW-6  | nobody     | START STOP             | unsubscribed               | with both in it, it is an opt-out
KW-6  | asked      | yes, stop              | unsubscribed               | an opt-out goes before a confirmation
KW-6  | asked      | HELP                   | pending                    | help is not taken for a yes
KW-7  | asked      | Yes!                   | subscribed                 | YES answers the question that waits
KW-7  | nobody     | YES                    | none                       | YES to some other message opts nobody in
KW-7  | stopped    | YES                    | unsubscribed               | nor does it bring anybody back
KW-8  | stopped    | START                  | subscribed                 | the handset itself comes back
KW-8  | stopped    | UNSTOP                 | subscribed                 | by this word too
KW-8  | stopped    | Y                      | unsubscribed               | but not by any word
KW-9  | subscribed | HELP                   | subscribed                 | help changes no consent
KW-9  | stopped    | info                   | unsubscribed               | whatever that is
KW-10 | subscribed | pizza?                 | subscribed                 | an unknown word changes nothing
KW-10 | nobody     | pizza?                 | none                       | and makes nobody known
KW-13 | nobody     | START > STOP           | unsubscribed               | the later one counts
KW-13 | nobody     | STOP > START           | subscribed                 | the later one counts
"""


@pytest.mark.parametrize(("requirement", "before", "words", "ends", "why"), rows(TEXTS))
def test_a_text(
    requirement: str, before: str, words: str, ends: str, why: str, deliver: Deliver, sandbox: Sandbox
) -> None:
    stands(before)
    texts(words)
    state, _, queue = ends.partition(", ")
    assert (where(), is_to_be_read()) == (state, queue == "a person reads")
    assert deliver() == 0
    assert at_braze(sandbox) == {"pending": "none"}.get(state, state)


def test_kw_2_of_what_is_compared_the_raw_text_is_kept_too() -> None:
    texts("  “Stop.” ")
    kept = InboundMessage.objects.get()
    assert (kept.body, kept.normalised) == ("  “Stop.” ", "stop")


def a_word(word: str, **changes: Any) -> Keyword:
    """Have another opt-in word on the number."""
    keyword = Keyword.objects.get(word="start")
    keyword.pk, keyword.word = None, word
    for name, value in changes.items():
        setattr(keyword, name, value)
    keyword.full_clean()
    keyword.save()
    return keyword


def test_kw_7_yes_opts_in_only_where_the_number_has_it_as_a_keyword() -> None:
    yes = a_word("yes")
    texts("YES")
    assert where() == "subscribed"
    yes.is_active = False
    yes.save()
    texts("STOP > YES")
    assert where() == "unsubscribed"


@pytest.mark.parametrize("word", ["START", "SPRING"])
def test_kw_8_where_a_word_asks_for_confirmation_coming_back_asks_anew(word: str) -> None:
    a_word("spring")
    Keyword.objects.update(asks_confirmation=True)
    texts("START > Y > STOP")
    texts(word)
    assert where() == "pending"
    texts("Y")
    assert acts(ALICES_PHONE, "sms") == ["requested", "confirmed", "withdrawn", "requested", "confirmed"]


@pytest.mark.usefixtures("we_answer")
@pytest.mark.parametrize("before", ["nobody", "subscribed", "stopped"])
def test_kw_9_help_says_who_we_are_where_help_is_that_rates_apply_and_how_to_stop(before: str) -> None:
    stands(before)
    assert answer("HELP") == (
        "Example Brand: for help write to support@example.com. Message and data rates may apply. Reply STOP to cancel."
    )


@pytest.mark.usefixtures("we_answer")
def test_kw_10_what_is_not_understood_is_answered_once_a_day() -> None:
    stands("subscribed")
    assert answer("pizza?") == "Example Brand: sorry, we do not understand that. Reply HELP for help or STOP to cancel."
    assert [answer("pizza?"), answer("hello?")] == ["", ""]


def test_kw_11_a_word_is_of_one_program_and_one_language(programs: dict[str, Program]) -> None:
    other = Program.objects.get(slug="sms")
    other.pk, other.slug, other.subscription_group_id = None, "ofertas", "5a4d0000-0000-4000-8000-000000000009"
    other.save()
    draft = disclosures.draft(
        other, door=Door.KEYWORD, language="pt", text=disclosures.KEYWORD_DRAFT, label="Ofertas", button="SMS"
    )
    a_word("ofertas", program=other, language="pt", disclosure=disclosures.publish(draft))
    texts("Ofertas")
    assert (standing(ALICES_PHONE, "ofertas"), where()) == ("subscribed", "none")
    assert ConsentRecord.objects.get().disclosure.language == "pt"


def test_kw_11_a_word_of_another_number_means_nothing_to_this_one() -> None:
    a_word("pizza", number="+12025550190")
    texts("pizza")
    assert where() == "none"


# word a marketer enters | why the admin refuses it
REFUSED = """
STOP       | is read as an opt-out already
Arrêter    | is read as an opt-out already
stpo       | is read as an opt-out already
help       | is read as a request for help already
start      | is there already: opts in
y          | is read as a confirmation already
two words  | without a space
"""


@pytest.mark.parametrize(("word", "why"), rows(REFUSED))
def test_kw_12_a_word_that_means_something_else_is_refused(word: str, why: str, staff: Client) -> None:
    words = Disclosure.objects.get(door="keyword")
    form = {"word": word, "number": "(202) 555-0100", "meaning": "opt_in", "is_active": "on", "position": 9}
    form |= {"program": words.program_id, "language": "en", "disclosure": words.pk, "place": "poster"}
    page = staff.post(reverse("admin:sms_consent_keyword_add"), form)
    assert why in " ".join(page.context["adminform"].form.errors["word"])


def test_kw_13_a_forged_text_is_refused() -> None:
    assert send([text("STOP")], token="guessed").status_code == 401
    assert InboundMessage.objects.count() == 0


@pytest.mark.usefixtures("we_answer")
def test_kw_13_a_text_that_comes_again_changes_nothing() -> None:
    again = text("START", at=now(-60))
    send([again])
    send([text("STOP", at=now(-30))])
    send([again, again])
    answer("START", MessageSid="SM-once")
    answer("STOP")
    answer("START", MessageSid="SM-once")
    assert (where(), acts(ALICES_PHONE, "sms")) == ("unsubscribed", ["granted", "withdrawn"] * 2)


# texts with their minutes, in the order in which they reach us | ends
ORDERS = """
STOP 10:05 > START 10:00 | unsubscribed
START 10:00 > STOP 10:05 | unsubscribed
START 10:05 > STOP 10:00 | subscribed
STOP 10:00 > START 10:05 | subscribed
STOP 10:05 > START 10:05 | unsubscribed
START 10:05 > STOP 10:05 | unsubscribed
"""


@pytest.mark.parametrize(("arriving", "ends"), rows(ORDERS))
def test_kw_13_the_providers_time_decides_and_stop_wins_a_tie(arriving: str, ends: str) -> None:
    for body, minute in (one.split() for one in arriving.split(" > ")):
        send([text(body, at=now(-1000) // 60 * 60 + 60 * int(minute[-2:]))])
    assert where() == ends


def test_kw_14_the_evidence_of_a_text_is_what_came_how_it_was_read_and_when(staff: Client) -> None:
    at = now(-60)
    send([text("Start!", at=at) | {"id": "the-providers-id"}])
    kept, record = InboundMessage.objects.get(), ConsentRecord.objects.select_related("evidence").get()
    proof = json.loads(record.evidence.payload)
    assert (kept.body, kept.normalised, kept.rule, kept.provider_id) == (
        "Start!",
        "start",
        "opt-in",
        "the-providers-id",
    )
    assert (kept.address, kept.occurred_at.timestamp(), kept.received_at > kept.occurred_at) == (ALICES_PHONE, at, True)
    assert (proof["body"], proof["rule"], proof["provider_id"]) == ("Start!", "opt-in", "the-providers-id")
    page = staff.get(reverse("admin:sms_consent_inboundmessage_change", args=[kept.pk])).content.decode()
    assert all(told in page for told in ("Start!", ALICES_PHONE, "opt-in", "the-providers-id"))
