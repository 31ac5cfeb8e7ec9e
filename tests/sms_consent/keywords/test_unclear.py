"""Which texts a person should read, because they may be opt-outs though no rule says so (REV-2)."""

from __future__ import annotations

import pytest

from sms_consent.keywords import Meaning, Words, match
from tests.sms_consent.keywords.tables import rows

# Where no rule says that a text revokes, but it may be meant to.
DOUBTFUL = """
don't cancel my order
stop by tomorrow?
Quit texting me you ripped me off
halt sms
halt all texts
🛑
I said "stop" already yesterday!
“Please stop texting me” is what I told you last week
I told you "please stop texting me"
Ich habe doch „STOP“ geschrieben!!
J'ai dit « STOP » hier
I no longer want texts
Don't ever text me again
Bitte keine weiteren Nachrichten
kontaktieren Sie mich nicht mehr
bitte aus dem Verteiler entfernen
ya no por favor
quítenme de la lista
ne plus me contacter
je n'en veux plus
enlevez-moi de votre liste
أرجو عدم إرسال رسائل
احذفوا رقمي
Halt. Who is this?
stpo sending this to my son
I hereby withdraw whatever I agreed to
Keine SMS erhalten
Keine Werbung an diese Nummer
Widerruf. Max Mustermann
Hiermit widerrufe ich meine Einwilligung zum Erhalt von Werbung
Schluss mit der Werbung
Ich möchte keine Anrufe
Para ya!
Para. Soy Juan
para ahora
fin de los mensajes
Fin des messages svp
J'en ai assez de vos messages
je ne veux pas de pub
TD all
أريد الخروج
لا أرغب في الإعلانات
"""
# Where nobody need look, so that the list is read.
CLEAR = """
weekend
when do you open?
Liked “Reply STOP to opt out”
Reacted 👍 to “20% off. Reply STOP to opt out.”
Ich mag euch mehr
STOP
START
para mí
Un regalo para Ana. Gracias
fin de semana
TD Bank
aide stp
top shop
danke
"""


@pytest.mark.parametrize("text", [row[0] for row in rows(DOUBTFUL)])
def test_a_person_should_look_at_what_may_be_an_opt_out(text: str) -> None:
    found = match(text, Words(), is_pending=False)
    assert (found.meaning, found.needs_review) == (Meaning.UNKNOWN, True)


@pytest.mark.parametrize("text", [row[0] for row in rows(CLEAR)])
def test_nobody_need_look_at_the_rest(text: str) -> None:
    assert not match(text, Words(), is_pending=False).needs_review
