"""The mails we write. They go into the queue; `manage.py send_mail` sends them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from django.template import Context, Template
from django.template.loader import get_template
from django.utils.html import escape
from django.utils.translation import get_language

from optin_site.context import brand
from optin_site.languages import in_this_language
from optin_site.mailing import Mail
from sms_consent import receipts
from sms_consent.models import Disclosure

# What differs from one mail of a sign-up to the next, as it stands in what they have in common: what nobody can write.
LINKS = MappingProxyType({name: secrets.token_hex() for name in ("link", "receipt")})
MOST_KEPT = 200


class Words(NamedTuple):
    """What a mail shows of a disclosure."""

    language: str
    label: str
    words: str


class Written(NamedTuple):
    """A mail without its address."""

    subject: str
    text: str
    html: str


def confirmation(*, email: str, link: str, base_url: str, disclosures: Sequence[Disclosure]) -> Mail:
    """Return the mail of a sign-up: the same for every visitor, without a word that they typed (EM-6, SEC-8)."""
    shown = tuple(Words(it.language, it.label, it.words) for it in disclosures)
    common = _common(_templates("confirm"), get_language(), base_url, shown, tuple(brand().items()))
    receipt = base_url + receipts.path_of(email)
    links = {LINKS["link"]: in_this_language(link), LINKS["receipt"]: in_this_language(receipt)}
    html = {mark: escape(url) for mark, url in links.items()}
    return Mail(email, common.subject, _filled(common.text, links), _filled(common.html, html))


def code(*, email: str, code: str) -> Mail:
    """Return the mail with the code that makes an address somebody's new one."""
    return Mail(email, *_written(_templates("new-address"), {"code": code}))


def changed_address(*, email: str) -> Mail:
    """Return the mail that tells an address that it is no longer its holder's: they may not have changed it."""
    return Mail(email, *_written(_templates("changed-address"), {}))


@lru_cache(maxsize=MOST_KEPT)
def _common(
    templates: tuple[Template, ...],
    language: str | None,
    base_url: str,
    shown: tuple[Words, ...],
    brands: tuple[tuple[str, str], ...],
) -> Written:
    """Return what the mails of all sign-ups with these boxes, in this language, have in common; rendered once.

    All that it says follows from these arguments. A template that was edited is another one.
    """
    return _written(templates, {**LINKS, "base_url": base_url, "disclosures": shown})


def _templates(name: str) -> tuple[Template, ...]:
    names = (f"accounts/emails/{name}-{part}" for part in ("subject.txt", "body.txt", "body.html"))
    return tuple(get_template(name).template for name in names)  # type: ignore[attr-defined]  # of Django's own engine


def _written(templates: Sequence[Template], context: Mapping[str, Any]) -> Written:
    subject, text, html = (template.render(Context({**brand(), **context})) for template in templates)
    return Written(subject.strip(), text, html)


def _filled(text: str, links: Mapping[str, str]) -> str:
    for mark, url in links.items():
        text = text.replace(mark, url)
    return text
