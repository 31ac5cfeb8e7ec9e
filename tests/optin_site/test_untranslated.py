"""No page and no mail says in English what it could say in the visitor's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from sms_consent.receipts import path_of
from tests import catalogs
from tests.people import ALICES_PHONE, BOBS_PHONE, Deliver, Visit, Visitor, hidden_fields

READ_OUT = {"alt", "aria-label", "title", "placeholder"}
VOID = {"meta", "link", "input", "img", "br", "base"}
# What is the same in several languages, and what is nobody's to translate.
SAME = re.compile(
    r"@|https?:|\+\d{1,3}$|\+1|Example Brand|Example Street|QR|[\w-]+\.js|\d{4}|GMT"
    r"|^(Code|Cookies|SMS|Email|E-mails?|UTC|START|UNSTOP|STOP|HELP|English|Español|Français|Deutsch|العربيّة)$"
)


class Words(HTMLParser):
    """What a page says in its own language: its texts, and what is read out in place of pictures and buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.language = ""
        self._elsewhere: list[bool] = []  # per open element: is it in another language, or no text at all?

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.language = self.language or given.get("lang") or ""
        inside = bool(self._elsewhere and self._elsewhere[-1])
        other = inside or tag in ("script", "style") or given.get("lang", self.language) != self.language
        if tag not in VOID:
            self._elsewhere.append(other)
        if not other:
            self._keep(*(given[name] or "" for name in READ_OUT & set(given)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._elsewhere.pop()

    def handle_data(self, data: str) -> None:
        if not (self._elsewhere and self._elsewhere[-1]):
            self._keep(data)

    def _keep(self, *texts: str) -> None:
        spaced = (" ".join(text.split()) for text in texts)
        self.found |= {text for text in spaced if re.search("[A-Za-z]{3}", text) and not SAME.search(text)}


def words(html: str) -> set[str]:
    reader = Words()
    reader.feed(html)
    return reader.found


def get(visitor: Visitor, *paths: str) -> Iterator[Any]:
    for path in paths:
        yield visitor.client.get(path)


def doors(visitor: Visitor) -> Iterator[Any]:
    """Go to every door, right and wrong."""
    yield from get(visitor, "/", "/welcome/", "/terms/", "/privacy/", "/text/", "/text/start/", "/phone/")
    yield from get(
        visitor, "/phone/sent/", "/embed/phone/", "/accounts/login/", "/accounts/confirm-email/", "/nowhere/"
    )
    yield from get(visitor, "/confirm/unknown/", "/unsubscribe/unknown/", "/accounts/inactive/")
    form = hidden_fields(visitor.client.get("/").content.decode())
    yield visitor.client.post("/", form | {"email": "a@b", "program_sms": "on", "disclosure_email": "", "opened": ""})
    yield visitor.client.post("/", form | {"program_email": "on", "disclosure_email": "old", "phone": "+4930901820"})
    yield visitor.client.post("/phone/", {"disclosure": "old", "phone": "12"})
    yield visitor.client.post("/phone/", {})
    yield visitor.client.post("/accounts/login/", {"email": ""})
    yield Client(enforce_csrf_checks=True, headers={"accept-language": translation.get_language()}).post("/", {})


def inside(visitor: Visitor, email: str, phone: str, deliver: Deliver) -> Iterator[Any]:
    """Sign up and press, sign in, look around, change, leave, and undo."""
    visitor.sign_up(email, phone, "sms", "email")
    yield visitor.client.post("/welcome/", follow=True)
    call_command("send_mail", "--once")
    (link, *_) = visitor.links(email)
    yield visitor.client.get(link)
    yield visitor.press(link)
    assert deliver() == 0
    unsubscribe = visitor.unsubscribe_link(email)
    yield from get(visitor, unsubscribe, f"{unsubscribe}?program=email", path_of(email))
    yield visitor.client.post(unsubscribe, {"leave": "nothing"})
    visitor.sign_in(email)
    yield from get(visitor, "/preferences/", "/accounts/logout/", "/preferences/email/")
    yield visitor.client.post("/preferences/email/", {"email": email})
    yield visitor.client.post("/preferences/email/", {"email": f"new-{email}"}, follow=True)
    yield visitor.client.post("/preferences/email/", {"code": "wrong"})
    yield visitor.client.post("/preferences/", {"leave": "nonsense"}, follow=True)
    yield visitor.client.post("/preferences/", {"phone": phone}, follow=True)
    yield visitor.client.post("/preferences/", {"leave": "email"}, follow=True)
    yield visitor.client.post(unsubscribe, {"leave": "sms"})
    yield visitor.client.get(path_of(email))
    yield visitor.press(link, "not_me")
    yield visitor.client.post("/accounts/logout/", follow=True)
    visitor.client.post("/accounts/login/", {"email": f"nobody-{email}"})
    yield visitor.client.get("/accounts/login/code/confirm/")
    yield visitor.client.post("/accounts/login/code/confirm/", {"code": "wrong"})


def mails(visitor: Visitor, email: str) -> list[str]:
    """Return what came into this mailbox, and those whose names end in it."""
    call_command("send_mail", "--once")
    return [f"{it.html}<p>{it.subject}</p>" for it in visitor.sandbox.world.mails if it.to[0].endswith(email)]


def seen(visit: Visit, language: str, phone: str, deliver: Deliver) -> list[set[str]]:
    """Return what each page and mail of the tour says, in order."""
    visitor = visit()
    visitor.client.get(f"/?lang={language}")
    pages = [page.content.decode() for page in doors(visitor)]
    email = f"{language}@example.com"
    pages += [page.content.decode() for page in inside(visitor, email, phone, deliver)]
    with translation.override(language):
        pages += [render_to_string(f"{name}.html") for name in ("400", "403", "403_csrf", "429", "500")]
    return [words(page) for page in [*pages, *mails(visitor, email)]]


@pytest.mark.parametrize("language", catalogs.TRANSLATED)
def test_nothing_is_left_in_english(visit: Visit, language: str, deliver: Deliver, settings: Any) -> None:
    settings.EMBED_ORIGINS = ["https://shop.example.com"]
    english = seen(visit, "en", ALICES_PHONE, deliver)
    translated = seen(visit, language, BOBS_PHONE, deliver)
    assert all(english)
    assert len(translated) == len(english)
    assert set.union(*english) & set.union(*translated) == set()
