"""Texts that revoke, by what makes us say so: a requirement, a list, an issue of a peer. A request may wait or not."""

from __future__ import annotations

import pytest

from sms_consent.keywords import Meaning, Words, match
from tests.sms_consent.keywords.tables import rows

# text | rule | why
OPT_OUTS = """
STOP                                    | stop-word     | REV-1, FCC
quit                                    | stop-word     | REV-1, FCC
End                                     | stop-word     | REV-1, FCC
REVOKE                                  | stop-word     | REV-1, Rock 6399
opt out                                 | stop-phrase   | REV-1, FCC: no keyword at Braze can say it
OPT-OUT                                 | stop-phrase   | AWS
OPTOUT                                  | stop-word     | AWS, Rock 6399
Opt–out.                                | stop-phrase   | KW-2, a dash
cancel                                  | stop-word     | REV-1, FCC
unsubscribe                             | stop-word     | REV-1, FCC
STOPALL                                 | stop-word     | Twilio, Braze
STOP ALL                                | stop-phrase   | Telnyx
REMOVE                                  | stop-word     | AWS
TD                                      | stop-word     | AWS
ARRET                                   | stop-word     | AWS
ARRETT                                  | stop-word     | Twilio Proxy
"Stop."                                 | stop-word     | KW-2
“stop”                                  | stop-word     | KW-2
'STOP'                                  | stop-word     | KW-2
STOP!!                                  | stop-word     | KW-2
Stop?                                   | stop-word     | KW-2, one word: in doubt it revokes
(stop)                                  | stop-word     | KW-2
ＳＴＯＰ                                | stop-word     | KW-2, full width
𝐒𝐓𝐎𝐏                                    | stop-word     | KW-2, mathematical
ⓢⓣⓞⓟ                                    | stop-word     | KW-2, circled
Stóp                                    | stop-word     | KW-2, a phone set to another language
🛑 STOP 🛑                              | stop-word     | KW-2
STOP👎🏽                                  | stop-word     | KW-2
sToP                                    | stop-word     | KW-1, Mautic 9153
S.T.O.P.                                | stop-phrase   | KW-2
s t o p                                 | stop-phrase   | REV-2
Stop. Thank you                         | stop-phrase   | p2pu 593
STOP PLEASE                             | stop-phrase   | KW-3: Braze ignores it
please stop                             | stop-phrase   | KW-3
stop texting me                         | stop-phrase   | KW-3
Please stopppp                          | stop-typo     | KW-3
stpo                                    | stop-typo     | KW-3
sotp                                    | stop-typo     | KW-3
tsop                                    | stop-typo     | KW-3
dtop                                    | stop-typo     | KW-3, the key beside it
stip                                    | stop-typo     | KW-3
st0p                                    | stop-typo     | KW-3
stp                                     | stop-typo     | KW-3
sop                                     | stop-typo     | KW-3
sto                                     | stop-typo     | KW-3
Stopp                                   | stop-typo     | KW-3
SSTOOOPP                                | stop-typo     | KW-3
stoop                                   | stop-typo     | KW-3: nobody means the porch
stops                                   | stop-typo     | KW-3: nothing else, alone
stop2                                   | stop-typo     | KW-3
sotp texting me                         | stop-typo     | KW-3
unsubcribe                              | stop-typo     | REV-2
Unsuscribe                              | stop-typo     | REV-2
unsubscribed                            | stop-typo     | REV-2
STOP2END                                | stop-word     | REV-2, copied from a message
stopit                                  | stop-word     | REV-2
pleasestop                              | stop-word     | REV-2
unsub                                   | stop-word     | REV-2
unsubscribe me please                   | stop-phrase   | REV-2
take me off your list                   | stop-phrase   | REV-2
Take me off this list now!              | stop-phrase   | REV-2
remove me                               | stop-phrase   | REV-2
Please remove my number from your system. Thank you! | stop-phrase | REV-2
Please delete me from your text list. Thanks so much! | stop-phrase | REV-2
no more texts                           | stop-phrase   | REV-2
No more!!!                              | stop-phrase   | REV-2
do not text me                          | stop-phrase   | REV-2
Don’t text me ever again                | stop-phrase   | REV-2
don´t contact me                        | stop-phrase   | KW-2, the accent key as an apostrophe
DONT SEND ME ANYTHING                   | stop-phrase   | REV-2
leave me alone                          | stop-phrase   | REV-2
go away                                 | stop-phrase   | REV-2
stop it                                 | stop-phrase   | REV-2
Stop this.                              | stop-phrase   | REV-2
Stop the text, please!                  | stop-phrase   | REV-2
Stop sending me these messages          | stop-phrase   | REV-2
Stop all texts to me!                   | stop-phrase   | REV-2
stop with the texts                     | stop-phrase   | REV-2
STOP fucking texting me                 | stop-phrase   | REV-2
STOP STOP STOP                          | stop-phrase   | REV-2
stop and unsubscribe                    | stop-phrase   | REV-2
reply stop                              | stop-phrase   | REV-2, took the instruction to the letter
Text STOP                               | stop-phrase   | REV-2
end texts                               | stop-phrase   | REV-2
quit texting me                         | stop-phrase   | REV-2
cancel my subscription                  | stop-phrase   | REV-2
cancel now                              | stop-phrase   | REV-2
I want to unsubscribe                   | stop-phrase   | REV-2
I would like to opt out, thanks         | stop-phrase   | REV-2
Hi, can you please stop texting my phone | stop-phrase  | REV-2
how do I unsubscribe?                   | stop-phrase   | REV-2: who asks how wants out
I no longer wish to receive these texts | stop-phrase   | REV-2
I revoke my consent                     | stop-phrase   | REV-2
Withdraw consent                        | stop-phrase   | REV-15
halt                                    | stop-word     | REV-2
halt the texts                          | stop-phrase   | REV-2
Please halt these messages to my number | stop-phrase   | REV-2
exit the list                           | stop-phrase   | REV-2
wrong number                            | stop-phrase   | REV-2: whoever agreed, it was not them
Sorry, you have the wrong number        | stop-phrase   | REV-2
not interested                          | stop-phrase   | REV-2
No, stop                                | stop-phrase   | REV-2
ok stop                                 | stop-phrase   | REV-2
STOP Sent from my iPhone                | stop-phrase   | REV-2
STOP START                              | both          | KW-6
start stop                              | both          | KW-6
START. No, STOP                         | both          | KW-6
HELP STOP                               | both          | KW-6
info / stop                             | both          | KW-6
Yes stop                                | both          | KW-6
Y STOP                                  | both          | KW-6
unstop? stop!                           | both          | KW-6
start stpo                              | both          | KW-6
Stop. Who is this                       | stop-sentence | REV-2
STOP! I never signed up for this.       | stop-sentence | REV-2
Who is this? Stop texting me            | stop-sentence | REV-2
Stop sending me text message! I have asked many times. | stop-sentence | REV-2
I said “no thanks”. Stop texting me.    | stop-sentence | REV-2
Wrong number. This is Bob               | stop-sentence | REV-2
ALTO                                    | stop-word     | KW-11, Spanish
Parar                                   | stop-word     | KW-11
PARE                                    | stop-word     | KW-11
para                                    | stop-word     | KW-11: alone it can only be the verb
¡Basta!                                 | stop-word     | KW-11
¡Basta ya!                              | stop-phrase   | KW-11
BAJA                                    | stop-word     | KW-11
Cancelar por favor                      | stop-phrase   | KW-11
cancelar suscripción                    | stop-phrase   | KW-11
SALIR                                   | stop-word     | KW-11
no más mensajes                         | stop-phrase   | KW-11
NO MAS                                  | stop-phrase   | KW-11
quiero darme de baja                    | stop-phrase   | KW-11
dejen de mandarme mensajes              | stop-phrase   | KW-11
No me escriban más, gracias             | stop-phrase   | KW-11
Ya no quiero recibir mensajes           | stop-phrase   | KW-11
Ya no quiero más mensajes               | stop-phrase   | KW-11
para de mandarme mensajes               | stop-phrase   | KW-11
Quiero salir de la lista                | stop-phrase   | KW-11
Retiro mi consentimiento                | stop-phrase   | KW-11
Número equivocado                       | stop-phrase   | KW-11
Sí, alto                                | both          | KW-6
Gracias pero no más mensajes por favor  | stop-phrase   | KW-11
Arrêt                                   | stop-word     | KW-2, French
ARRÊTER                                 | stop-word     | KW-11
Arrêtez svp                             | stop-phrase   | KW-11
STOP s’il vous plaît                    | stop-phrase   | KW-11
stop stp                                | stop-phrase   | KW-11
Désabonner                              | stop-word     | KW-11
DÉSABONNEMENT                           | stop-word     | KW-11
Désabonnez-moi                          | stop-phrase   | KW-11
Merci de me désabonner                  | stop-phrase   | KW-11
Je veux me désabonner de votre liste    | stop-phrase   | KW-11
arrêtez de m’envoyer des messages       | stop-phrase   | KW-11
Je ne veux plus recevoir de SMS         | stop-phrase   | KW-11
plus de messages svp                    | stop-phrase   | KW-11
Résilier mon abonnement                 | stop-phrase   | KW-11
Je retire mon consentement              | stop-phrase   | KW-11
Je veux quitter votre liste             | stop-phrase   | KW-11
Ça suffit !                             | stop-phrase   | KW-11
Oui, stop                               | both          | KW-6
Ja, stop                                | both          | KW-6
ABMELDEN                                | stop-word     | KW-11
Abbestellen                             | stop-word     | KW-11
Bitte melden Sie mich ab                | stop-phrase   | KW-11
Bitte keine SMS mehr                    | stop-phrase   | KW-11
Keine Werbung mehr, danke               | stop-phrase   | KW-11
Ich möchte keine Nachrichten mehr bekommen | stop-phrase | KW-11
nehmt mich bitte aus dem Verteiler      | stop-phrase   | KW-11
Nehmen Sie mich raus                    | stop-phrase   | KW-11
Ich widerrufe meine Einwilligung        | stop-phrase   | KW-11
Hiermit widerrufe ich meine Einwilligung | stop-phrase  | KW-11: how lawyers have people write it
Ich widerrufe hiermit meine Zustimmung. | stop-phrase   | KW-11
Widerruf meiner Zustimmung              | stop-phrase   | KW-11
Ich möchte meine Einwilligung widerrufen | stop-phrase  | KW-11
Hiermit ziehe ich meine Einwilligung zurück | stop-phrase | KW-11
Bitte keine Nachrichten schicken        | stop-phrase   | KW-11
Raus aus dem Verteiler!                 | stop-phrase   | KW-11
Hört auf mir zu schreiben!              | stop-phrase   | KW-11
Kündigung                               | stop-word     | KW-11
Kuendige                                | stop-word     | KW-11
Falsche Nummer                          | stop-phrase   | KW-11
Raus                                    | stop-word     | KW-11
إلغاء الاشتراك                            | stop-phrase   | KW-11
الغاء                                   | stop-word     | KW-11, without its hamza
توقف                                    | stop-word     | KW-11
أوقفوا الرسائل من فضلكم                  | stop-phrase   | KW-11
لا أُريدُ رسائلَكُم                        | stop-phrase   | KW-11, with its vowels
لا ترسلوا لي المزيد من الرسائل            | stop-phrase   | KW-11
رقم خاطئ                                | stop-phrase   | KW-11
خروج من القائمة                         | stop-phrase   | KW-11
قف                                      | stop-word     | KW-11
"""
INVISIBLE = [
    ("stop\n", "a newline"),
    ("\u00a0stop\u00a0\u2003", "blanks that do not look like one"),
    ("S\u200bT\u200dO\ufeffP", "zero-width characters"),
    ("st\u00adop", "a soft hyphen"),
    ("\u202estop\u202c", "marks of direction"),
    ("\ud83dstop", "half a character"),
    ("stop\x00", "a null"),
    (" " * 5000 + "stop" + "\n" * 5000, "more blanks than are read"),
    ("stop " * 5000, "more words than are read"),
]


@pytest.mark.parametrize("is_pending", [True, False], ids=["pending", "not pending"])
@pytest.mark.parametrize(("text", "rule", "why"), rows(OPT_OUTS))
def test_it_revokes(text: str, rule: str, why: str, is_pending: bool) -> None:
    found = match(text, Words(), is_pending=is_pending)
    assert (found.meaning, found.rule) == (Meaning.OPT_OUT, rule), why


@pytest.mark.parametrize(("text", "why"), INVISIBLE, ids=[why for _, why in INVISIBLE])
def test_what_cannot_be_seen_makes_no_difference(text: str, why: str) -> None:
    assert match(text, Words(), is_pending=False).meaning == Meaning.OPT_OUT, why


def test_the_word_that_decided_is_kept_as_evidence() -> None:
    texts = ["Stop. Thank you", "Please stopppp", "Take me OFF your list!", "START stpo"]
    found = [match(text, Words(), is_pending=False) for text in texts]
    assert [it.word for it in found] == ["stop", "stop", "take me off", "stop"]
    assert [it.normalised for it in found][:2] == ["stop thank you", "please stopppp"]


def test_a_word_of_the_numbers_own_revokes_like_stop() -> None:
    words = Words(opt_out=["Adiós", "BYE-BYE"])
    found = [match(text, words, is_pending=False) for text in ("adios", "Adios, gracias", "bye bye", "bye")]
    assert [it.rule for it in found] == ["stop-word", "stop-phrase", "stop-word", ""]


def test_no_number_is_without_stop() -> None:
    nothing = Words(opt_in=["stop"], opt_out=[], help=["stop"], confirm=["stop"])
    assert match("stop", nothing, is_pending=True).meaning == Meaning.OPT_OUT


def test_stop_beside_a_word_that_another_number_has_is_an_opt_out() -> None:
    nothing = Words(opt_in=[], confirm=[])
    assert [match(text, nothing, is_pending=False).rule for text in ("START STOP", "Y stop")] == ["both", "both"]
