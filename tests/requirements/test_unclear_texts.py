"""REV-2: a text that may mean stop is never lost: where no rule says that it does, a person is asked to read it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.requirements.phones import stands, texts, where

# Most of these are opt-outs. Each has a twin that is none, so a person tells them apart.
UNCLEAR = [
    "halt my messages",
    "Enough with the messages",
    "Keine SMS von Ihnen",
    "Keine SMS erhalten",
    "Ich will keine Angebote",
    "Widerruf Max Mustermann",
    "para los mensajes",
    "no quiero sus ofertas",
    "assez de vos messages",
    "fin des SMS",
    "لا أريد إعلانات",
    "قف عن إرسال الرسائل",
    "Stopp mit den Nachrichten",
]


@pytest.mark.parametrize("body", UNCLEAR)
def test_what_may_be_an_opt_out_is_on_the_list_of_texts_to_read_and_counted(body: str, staff: Client) -> None:
    stands("subscribed")
    texts(f"pizza? > {body}")
    assert where() == "subscribed"
    listed = staff.get(reverse("admin:sms_consent_inboundmessage_changelist"), {"needs_review__exact": "1"})
    assert [message.body for message in listed.context["cl"].result_list] == [body]
    assert "<dt>Unmatched texts to read</dt><dd>1</dd>" in staff.get(reverse("desk")).content.decode()
