"""Visitors in other languages, from the first page to Braze: what they read, and what is written down."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from sms_consent import disclosures, selectors
from sms_consent.models import ConsentRecord, Disclosure, Evidence
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, BOB, CAROLS_PHONE, Deliver, Visit, Visitor, hidden_fields, standing


@pytest.fixture
def speaking(visit: Visit) -> Any:
    """Make a visitor whose browser asks for a language."""

    def make(language: str) -> Visitor:
        visitor = visit()
        visitor.client = Client(headers={"accept-language": language})
        return visitor

    return make


def publish_drafts(language: str) -> None:
    call_command("create_default_programs", verbosity=0)
    for words in Disclosure.objects.filter(language=language, published_at=None):
        disclosures.publish(words)
    selectors.forget_offers()


def evidence_of(record: ConsentRecord) -> dict[str, Any]:
    return dict(json.loads(Evidence.objects.get(record=record).payload))


def mail_to(sandbox: Sandbox, email: str) -> Any:
    (mail,) = [mail for mail in sandbox.world.mails if email in mail.to]
    return mail


def test_signing_up_in_spanish(speaking: Any, sandbox: Sandbox, deliver: Deliver) -> None:
    """Page, mail, record, person and Braze: all in Spanish, once a marketer has published the words."""
    publish_drafts("es")
    ana = speaking("es-MX,es;q=0.9")
    assert "Sí, envíenme ofertas y novedades por SMS" in ana.client.get("/").content.decode()
    answer = ana.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    assert "Gracias" in ana.client.get(answer.url).content.decode()

    mail = mail_to(sandbox, ALICE)
    assert mail.subject == "Confirme su dirección de correo para Example Brand"
    assert "Al marcar esta casilla acepto" in mail.text
    assert "?lang=es" in mail.text
    assert {record.disclosure.language for record in ConsentRecord.objects.all() if record.disclosure} == {"es"}
    assert {evidence_of(record)["language"] for record in ConsentRecord.objects.all()} == {"es"}
    assert User.objects.get(email=ALICE).language == "es"

    ana.press(ana.links(ALICE)[0])
    assert deliver() == 0
    profile = sandbox.world.profile(User.objects.get(email=ALICE).external_id)
    assert (profile.attributes["language"], standing(ALICE, "email")) == ("es", "subscribed")


def test_where_a_language_has_no_words_the_sites_own_are_shown_and_recorded(speaking: Any, sandbox: Sandbox) -> None:
    amal = speaking("ar")
    page = amal.client.get("/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert '<span lang="en" dir="ltr">Yes, text me offers and news</span>' in page
    assert 'lang="en" dir="ltr">By ticking this box I agree' in page
    amal.sign_up(ALICE, ALICES_PHONE, "sms")

    record = ConsentRecord.objects.select_related("disclosure").get()
    assert record.disclosure is not None
    assert (record.disclosure.language, record.words_sha256) == ("en", record.disclosure.sha256)
    assert evidence_of(record)["language"] == "ar"  # the page around them
    assert User.objects.get(email=ALICE).language == "ar"


def test_an_arabic_mail_is_read_from_right_to_left(speaking: Any, sandbox: Sandbox) -> None:
    speaking("ar").sign_up(ALICE, "", "email")
    html = mail_to(sandbox, ALICE).html
    assert '<html lang="ar" dir="rtl">' in html
    assert '<div lang="en" dir="ltr"' in html  # the words that were agreed to


def test_the_sign_in_code_comes_in_the_visitors_language(speaking: Any, sandbox: Sandbox) -> None:
    """The worker that sends it later has a language of its own, or none."""
    bob = speaking("fr")
    bob.sign_up(BOB)
    bob.press(bob.links(BOB)[0])
    bob.sign_in(BOB)
    newest = max((mail for mail in sandbox.world.mails if BOB in mail.to), key=lambda mail: mail.number)
    assert newest.subject == "Votre code de connexion"
    assert '<html lang="fr" dir="ltr">' in newest.html
    assert "Connecté en tant que" in bob.client.get("/preferences/").content.decode()


def test_the_link_in_a_mail_opens_in_the_mails_language(visit: Visit, sandbox: Sandbox) -> None:
    """A campaign's link named the language; the mail is read in another browser."""
    alice = visit()
    alice.client.get("/?lang=de")
    alice.sign_up(ALICE, "", "email")
    (link,) = [link for link in mail_to(sandbox, ALICE).links if "/confirm/" in link]
    page = Client(headers={"accept-language": "en"}).get(link)
    assert "Bestätigen und E-Mails bekommen" in page.content.decode()


FORMS = {
    "/": {"email": ALICE, "phone": ALICES_PHONE, "program_sms": "on"},
    "/phone/": {"phone": ALICES_PHONE},
    "/preferences/": {"phone": ALICES_PHONE, "program_sms": "on"},
}
every_form = pytest.mark.parametrize("path", FORMS)


def form_on(client: Client, path: str) -> tuple[str, dict[str, str]]:
    """Return where the last form of a page is sent to, and what with."""
    page = client.get(path).content.decode()
    *_, form = re.findall(r"<form[^>]*novalidate>", page)
    action = re.search(r'action="([^"]*)"', form)
    return urljoin(path, unescape(action[1]) if action else ""), hidden_fields(page) | FORMS[path.partition("?")[0]]


@every_form
def test_a_form_is_read_and_answered_in_its_own_language_whatever_another_tab_speaks(path: str, visit: Visit) -> None:
    """The words that were read are the words that count (rule 9)."""
    publish_drafts("es")
    alice = visit()
    alice.client.force_login(User.objects.create_user(BOB))
    address, data = form_on(alice.client, path)
    alice.client.get("/terms/?lang=es")
    answer = alice.client.post(address, data, follow=True)
    assert (answer.redirect_chain[0][1], answer.headers["Content-Language"]) == (302, "en")
    record = ConsentRecord.objects.select_related("disclosure").get(program__slug="sms")
    assert record.disclosure is not None
    assert (record.disclosure.language, evidence_of(record)["language"]) == ("en", "en")


@every_form
def test_a_form_that_comes_back_still_speaks_its_language(path: str, visit: Visit) -> None:
    alice = visit()
    alice.client.force_login(User.objects.create_user(BOB))
    address, data = form_on(alice.client, path)
    alice.client.get("/terms/?lang=es")
    assert alice.client.post(address, data | {"phone": "12"}).headers["Content-Language"] == "en"


@every_form
def test_who_chose_no_language_is_given_no_cookie_for_it(path: str, speaking: Any) -> None:
    maria = speaking("es")
    maria.client.force_login(User.objects.create_user(BOB))
    maria.client.post(*form_on(maria.client, path))
    assert settings.LANGUAGE_COOKIE_NAME not in maria.client.cookies


def test_the_phone_form_keeps_the_language_too(speaking: Any) -> None:
    carol = speaking("de")
    assert carol.ask_for_texts(CAROLS_PHONE).status_code == 302
    assert User.objects.get(phone=CAROLS_PHONE).language == "de"
    assert evidence_of(ConsentRecord.objects.get())["language"] == "de"


def test_the_receipt_for_machines_is_the_same_in_every_language(speaking: Any, sandbox: Sandbox) -> None:
    speaking("de").sign_up(ALICE, "", "email")
    (link,) = [link for link in mail_to(sandbox, ALICE).links if "/receipts/" in link]
    path = link.split("?")[0].rstrip("/") + ".json"
    german, english = (Client(headers={"accept-language": code}).get(path).json() for code in ("de", "en"))
    assert german.keys() == english.keys()
    assert german["dpv:hasRecordOfActivity"] == english["dpv:hasRecordOfActivity"]


def test_choosing_a_language_writes_nothing(visit: Visit) -> None:
    with CaptureQueriesContext(connection) as queries:
        visit().client.get("/terms/?lang=ar")
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
