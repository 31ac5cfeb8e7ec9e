"""Texts that ask for help, confirm, opt in, or change nothing however much they look like it."""

from __future__ import annotations

import pytest

from sms_consent.keywords import OPT_IN, Meaning, Words, match
from tests.sms_consent.keywords.tables import rows

YES_TOO = Words(
    opt_in=[*OPT_IN, "YES", "Rebajas", "T-Shirt", "DEALS"], help=["Ayúdame"], confirm=["y", "yes", "JOIN", "INFO"]
)

# text | keywords | pending | meaning | why
STRICT = """
HELP               | site | -       | help    | KW-9
help!              | site | pending | help    | KW-6: before the confirmation
INFO               | site | -       | help    | Twilio, Braze
Ayuda              | site | -       | help    | KW-11
AIDE               | site | -       | help    | KW-11
Hilfe              | site | -       | help    | KW-11
مساعدة              | site | -       | help    | KW-11
ayudame            | own  | -       | help    | KW-11
info               | own  | pending | help    | KW-6: even where somebody made it confirm
help me            | site | -       | unknown | KW-5
I need help        | site | -       | unknown | KW-5
halp               | site | -       | unknown | KW-5
HELP HELP          | site | -       | unknown | KW-5
Y                  | site | pending | confirm | DOI-3
y.                 | site | pending | confirm | KW-2
YES                | site | pending | confirm | KW-7
“Yes!” 👍          | site | pending | confirm | KW-2
Ｙｅｓ             | site | pending | confirm | KW-2
Sí                 | site | pending | confirm | KW-11
oui                | site | pending | confirm | KW-11
Ja                 | site | pending | confirm | KW-11
نعم                 | site | pending | confirm | KW-11
join               | own  | pending | confirm | DOI-3
sí                 | own  | pending | unknown | KW-11: the number's words replace the site's
yes please         | site | pending | unknown | KW-5
yea                | site | pending | unknown | KW-5
yess               | site | pending | unknown | KW-5
Yes I do           | site | pending | unknown | KW-5
ok                 | site | pending | unknown | KW-5
no                 | site | pending | unknown | KW-5
N                  | site | pending | unknown | KW-5
Y                  | site | -       | unknown | KW-7
Y                  | own  | -       | unknown | KW-7
YES                | site | -       | unknown | KW-7: answers some other message
yes                | own  | -       | opt_in  | KW-7
yes                | own  | pending | confirm | KW-7
join               | own  | -       | unknown | KW-7
START              | site | -       | opt_in  | KW-8
start              | site | pending | opt_in  | KW-8
 Start.            | site | -       | opt_in  | KW-2
UNSTOP             | site | -       | opt_in  | KW-8
ＳＴＡＲＴ         | site | -       | opt_in  | KW-2
rebajas            | own  | -       | opt_in  | KW-11
REBAJAS!           | own  | -       | opt_in  | KW-2
t-shirt            | own  | -       | opt_in  | KW-2
T shirt            | own  | -       | opt_in  | KW-2
tshirt             | own  | -       | unknown | KW-5
rebajas            | site | -       | unknown | KW-11: the word of another number
deals              | own  | -       | opt_in  | KW-11
deals please       | own  | -       | unknown | KW-5
START please       | site | -       | unknown | KW-5
please start       | site | -       | unknown | KW-5
start start        | site | -       | unknown | KW-5
starts             | site | -       | unknown | KW-5
strat              | site | -       | unknown | KW-5
startt             | site | -       | unknown | KW-5
un stop            | site | -       | unknown | KW-5
restart            | site | -       | unknown | KW-5
Start help         | site | -       | unknown | KW-5
subscribe          | site | -       | unknown | KW-5
when does it start? | site | -       | unknown | KW-4
Start. I love it   | site | -       | unknown | KW-5: one sentence is not the message
deals stop         | own  | -       | opt_out | KW-6
no more deals      | own  | -       | opt_out | KW-6
STOP DEALS         | own  | -       | opt_out | KW-6
"""
# What must change nothing (KW-4), though the words are there.
TRAPS = """
Ich will halt mehr Angebote
Ich will halt all eure Angebote
ich will halt SMS
Ich will halt texts
ich möchte halt messages bekommen
Könnt ihr keine SMS schicken?
Keine SMS an diese Nummer erhalten
Ich widerrufe meine Einwilligung nicht
Wie widerrufe ich meine Einwilligung?
Aber halt
Keine SMS erhalten
Hallo, keine SMS bekommen
keine Nachrichten erhalten!
Nichts mehr erhalten
Ich möchte keine Abmeldung
Ich will keine Kündigung
Widerruf meiner Abmeldung
Kündigung widerrufen
Hört auf euren Kunden!
nicht mehr als 5 Euro?
لا أريد إلغاء الاشتراك
لا أرغب إلغاء اشتراكي
لا أريد سحب الموافقة
weekend
nonstop
non stop flights
Non-stop
don't cancel my order
cancel my order
How do I cancel my order
cancel my appointment
please don't stop
Don't stop texting me
please don't... stop
do not stop
never stop
can't stop laughing
won't stop
end of month?
the end
This is the end.
end to end
End today?
When does the sale end
stop by tomorrow?
Can I stop by? Tomorrow
stop & shop
stop shop
one-stop shop
bus stop
which stop do I get off at
stop sign
full stop
I quit
I quit smoking
quit job
remove stains
delete order 12
can I opt out of the warranty
opt
opt in
unstoppable
friend
canceled
enough for two
shop
step
top
atop
stomp
slop
swop
stow
strop
stoup
shopp
stepp
snoop
scoop
stool
stood
spot
post
stock
store
stuff
staff
spoon
stopover
Sto. Domingo
STP motor oil. Yes
I don't want it
don't send it
no thanks
no
nope
hola
para mí
para ahora
para siempre
salir de la lista de espera
fin de semana
fin de mes
baja de precio
precio alto
no cancelar
no pares
cancelar mi pedido
alto ahí no
arrêt de bus
arrêter de fumer
annuler ma commande
n'annulez pas
aide stp
merci stp
plus de détails
atopp
stio
Liked “Sale! Reply STOP to opt out. STOP2END.”
Loved "50% off. Text STOP to end. Stop."
👍 to “ STOP ”
Stop “playing” with my phone
Emphasized “12" pizza! STOP. Now.”
"""


@pytest.mark.parametrize(("text", "keywords", "pending", "meaning", "why"), rows(STRICT))
def test_what_counts_only_as_the_whole_message(text: str, keywords: str, pending: str, meaning: str, why: str) -> None:
    words = YES_TOO if keywords == "own" else Words()
    found = match(text, words, is_pending=pending == "pending")
    assert found.meaning == meaning, why


def test_the_word_and_the_rule_are_kept_as_evidence() -> None:
    found = [match(text, Words(), is_pending=True) for text in ("Help!", " Sí ", "START.", "What?")]
    assert [it.rule for it in found] == ["help", "confirm", "opt-in", ""]
    assert [it.word for it in found] == ["help", "si", "start", ""]
    assert [it.normalised for it in found] == ["help", "si", "start", "what"]


@pytest.mark.parametrize("text", [row[0] for row in rows(TRAPS)])
@pytest.mark.parametrize("is_pending", [True, False], ids=["pending", "not pending"])
def test_it_changes_nothing(text: str, is_pending: bool) -> None:
    assert match(text, Words(), is_pending=is_pending).meaning == Meaning.UNKNOWN


@pytest.mark.parametrize("text", ["", " ", "!!!", "\u200b", "🛑", "\n", "\x00", "12345", "?"])
def test_a_text_without_a_word_matches_no_keyword(text: str) -> None:
    symbols = Words(opt_in=["", "!", "🍕"], opt_out=["", "🛑"], help=["?"], confirm=["👍"])
    assert match(text, symbols, is_pending=True).meaning == Meaning.UNKNOWN


def test_only_the_whole_message_opts_in_however_long_it_is() -> None:
    blanks = " " * 2000
    assert match(f"{blanks}start{blanks}", Words(), is_pending=False).meaning == Meaning.OPT_IN
    assert match(f"start{blanks}never", Words(), is_pending=False).meaning == Meaning.UNKNOWN


def test_a_like_of_two_lines_changes_nothing() -> None:
    assert match("Liked “Sale!\nSTOP. Now”", Words(), is_pending=False).meaning == Meaning.UNKNOWN
