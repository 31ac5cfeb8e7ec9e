"""REV-1, REV-2: a plain STOP between two short quotations is neither an opt-out nor put up to be read."""

from __future__ import annotations

import pytest

from tests.requirements.phones import is_to_be_read, stands, texts, where


@pytest.mark.parametrize(
    "body",
    [
        'Your "free gift" never came. STOP. You are "experts"',
        'Your "free gift" never came. Stop texting me, you "experts"',
        "Eure „Angebote“ nerven. Bitte abmelden. Das sind keine „Deals“",
        "Vos « offres » sont nulles. Arrêtez. Merci pour les « cadeaux »",
    ],
)
def test_a_stop_between_two_quotations_is_no_quotation(body: str) -> None:
    stands("subscribed")
    texts(f"pizza? > {body}")
    assert where() == "unsubscribed" or is_to_be_read()
