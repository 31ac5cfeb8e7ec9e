"""REV-2: plain opt-outs that neither revoke nor are put on the list to be read."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.requirements.phones import stands, texts, where

PLAIN = [
    "Un-subscribe me",
    "Do not send texts",
    "Take my name off the list",
    "I have opted out",
    "consent revoked",
    "Desuscríbeme",
    "Borren mi número",
    "Quiten mi número de su lista",
    "Déjame tranquilo",
    "No molestar",
    "Je me désinscris",
    "Rayez-moi de votre liste",
    "Je m'oppose à la prospection",
    "Ne m'écrivez pas",
    "Veuillez ne pas me contacter",
    "Meldet mich bitte ab",
    "Ich möchte abgemeldet werden",
    "Bitte von der Liste streichen",
    "Entfernt mich aus dem Verteiler",
    "Stellen Sie das bitte sofort ein",
    "لا مزيد من الرسائل",
    "لا تزعجني",
    "امسحوا رقمي",
    "رقم خطأ",
    '"Stop texting me. I told you already twice"',
    'As I wrote yesterday: "please stop sending me these texts"',
]


@pytest.mark.parametrize("body", PLAIN)
def test_a_plain_opt_out_revokes_or_is_put_up_to_be_read(body: str, staff: Client) -> None:
    stands("subscribed")
    texts(f"pizza? > {body}")
    listed = staff.get(reverse("admin:sms_consent_inboundmessage_changelist"), {"needs_review__exact": "1"})
    assert where() == "unsubscribed" or [it.body for it in listed.context["cl"].result_list] == [body]
