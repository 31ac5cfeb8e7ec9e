"""The tables of words. Whoever changes the meaning of a text changes this file, and a row of its tests.

Written as people write, accents and apostrophes included; entries are parted by commas. An entry stands in one
table only. What a number's own keywords add comes from the caller.
"""

from __future__ import annotations

import string

from sms_consent.keywords.normalising import normalise


def _table(text: str) -> frozenset[str]:
    return frozenset(normalise(entry) for entry in text.split(",") if entry.strip())


OPT_IN = _table("start, unstop")  # YES only where a number has it among its own (KW-7)
CONFIRM = _table("y, yes, sí, oui, ja, نعم")  # the answer to a double opt-in prompt (DOI-3)
HELP = _table("help, info, ayuda, aide, hilfe, مساعدة")

# What revokes: alone, or with courtesies and what it is about.

# The lists of the FCC, Twilio, Braze, AWS and Telnyx together (REV-1). TD, AWS's too, is in STOP_ALONE.
LISTED = _table("""
    stop, stopall, unsubscribe, cancel, end, quit, revoke, opt out, optout, remove, arrêt, arrête, arrett
""")

# What people write instead (REV-2, KW-3).
_ENGLISH = _table("""
    unsub, cease, desist, terminate, discontinue, delete, unsubscribeme, removeme, s t o p,
    stopit, stopnow, stopthis, stopplease, pleasestop, stoptexting, stoptexts, stopmessages, stop2end, stop2quit,
    no stop, text stop, txt stop, opt me out, opt out of, i opt out, i want out, i revoke,
    withdraw consent, withdraw my consent, no more, no texts, no messages, no sms, no spam,
    enough already, enough is enough, exit list, exit the list, exit this list,
    halt the texts, halt these texts, halt your texts, halt the messages, halt these messages, halt your messages,

    don't text, do not text, don't message, do not message, don't contact, do not contact, don't call, do not call,
    don't send me, do not send me, don't send any more, do not send any more, don't send anymore,
    do not send anymore, never text, never contact, do not disturb,
    don't want any more, do not want any more, i don't want any more, i do not want any more,
    don't want to receive, do not want to receive, i don't want to receive, i do not want to receive,
    no longer want to receive, no longer wish to receive, i no longer want to receive, i no longer wish to receive,
    i don't want texts, i don't want these texts, i don't want your texts,
    i don't want messages, i don't want these messages, i don't want your messages,

    how do i stop, how do i unsubscribe, how do i opt out, how can i stop, how can i unsubscribe, how can i opt out,
    how to unsubscribe, how to opt out,

    take me off, take us off, take my number off, take this number off, get me off, lose my number,
    wrong number, wrong person, you have the wrong number, you have the wrong person, you've got the wrong number,
    you got the wrong number, this is the wrong number, this is a wrong number,
    not interested, i'm not interested, i am not interested, no longer interested, i'm no longer interested,
    leave me alone, leave us alone, go away, get lost, shut up, fuck off, f off, piss off, fuck you
""")
_SPANISH = _table("""
    alto, parar, pare, basta, ya basta, baja, cancelar, cancele, cancela, cancelen, detener, detenga, terminar,
    eliminar, borrar, quitar, anular, revocar, desuscribir, desuscribirme, desuscribirse, desinscribir,
    elimíname, elimíneme, bórrame, bórreme, quítame, quíteme, sácame, sáqueme,
    dar de baja, darme de baja, darse de baja, dame de baja, deme de baja, denme de baja, me doy de baja,

    no más, ya no más, no quiero más, no quiero mensajes, no quiero sus mensajes, no quiero estos mensajes,
    ya no quiero más, ya no quiero mensajes, ya no quiero sus mensajes, ya no quiero estos mensajes,
    no quiero recibir, ya no quiero recibir, no deseo recibir, ya no deseo recibir,
    no me escribas, no me escriba, no me escriban, no me mandes, no me mande, no me manden,
    no me envíes, no me envíe, no me envíen, no me molestes, no me moleste, no me molesten,
    no me llames, no me llame, no me llamen, no mande más, no manden más, no envíe más, no envíen más,
    no mande mensajes, no manden mensajes, no envíe mensajes, no envíen mensajes, deja de, deje de, dejen de,
    para de, paren de, salir de la lista, salir de esta lista, retiro mi consentimiento, revoco mi consentimiento,

    déjame en paz, déjeme en paz, déjenme en paz, número equivocado,
    no me interesa, no estoy interesado, no estoy interesada
""")
_FRENCH = _table("""
    arrêtes, arrêter, arrêtez, stopper, stoppe, stoppez, désabonner, désabonne, désabonnez, désabonnement,
    me désabonner, je me désabonne, désinscrire, désinscrivez, désinscription, me désinscrire,
    résilier, résiliez, résiliation, annuler, annulez, supprimer, supprimez, retirer, retirez, cesser, cessez,
    terminer, révoquer, ça suffit,

    plus de sms, plus de messages, plus de textos, pas de sms, pas de messages, ne plus recevoir,
    ne m'envoyez plus, ne m'envoie plus, n'envoyez plus, ne m'écrivez plus, ne m'écris plus, ne me contactez plus,
    ne m'appelez plus, je ne veux plus recevoir, je ne souhaite plus recevoir, je ne veux plus de sms,
    je ne veux plus de messages, je ne veux plus de vos messages, quitter la liste, quitter votre liste,
    je retire mon consentement, je révoque mon consentement,

    laissez-moi tranquille, laisse-moi tranquille, foutez-moi la paix, mauvais numéro, faux numéro,
    pas intéressé, pas intéressée, je ne suis pas intéressé, je ne suis pas intéressée
""")
_GERMAN = _table("""
    abmelden, abmeldung, abmelde, abbestellen, abbestellung, abbestelle, austragen, stoppen, beenden, kündigen,
    kuendigen, kündigung, kuendigung, kündige, kuendige, widerspreche, widersprechen, widerspruch, löschen, loeschen,
    lösche, löscht, löschung, aufhören, aufhoeren, hör auf, hört auf, hören sie auf, abschalten, melde mich ab,
    melde ab, meldet mich ab, melden sie mich ab, ich melde mich ab, trag mich aus, tragt mich aus,
    tragen sie mich aus, nimm mich raus, nehmt mich raus, nehmen sie mich raus, nimm mich aus, nehmt mich aus,
    nehmen sie mich aus, nehmt mich bitte aus, nehmen sie mich bitte aus, streicht mich, streichen sie mich,

    keine sms mehr, keine nachrichten mehr, keine werbung mehr, keine angebote mehr, keine texte mehr,
    nicht mehr schreiben, nicht mehr anschreiben, nicht mehr kontaktieren, nicht mehr senden, nicht mehr schicken,
    nicht mehr erhalten, nicht mehr bekommen, schreib mir nicht mehr, schreibt mir nicht mehr,
    schreiben sie mir nicht mehr, schick mir nichts mehr, schickt mir nichts mehr, schicken sie mir nichts mehr,
    senden sie mir nichts mehr, schick mir keine, schickt mir keine, schicken sie mir keine, senden sie mir keine,
    sende mir keine, ruft mich nicht mehr an, rufen sie mich nicht mehr an, ich will nicht mehr,
    ich möchte nicht mehr, ich will das nicht mehr, ich will keine sms, ich will keine nachrichten,
    ich will keine werbung, ich möchte keine sms, ich möchte keine nachrichten, ich möchte keine werbung,
    ich möchte keine angebote, raus aus dem verteiler,
    bitte keine sms schicken, bitte keine sms senden, bitte keine sms zusenden, bitte keine sms zuschicken,
    bitte keine nachrichten schicken, bitte keine nachrichten senden, bitte keine nachrichten zusenden,
    bitte keine nachrichten zuschicken, bitte keine werbung schicken, bitte keine werbung senden,
    bitte keine werbung zusenden, bitte keine werbung zuschicken,

    widerruf meiner einwilligung, widerruf meiner zustimmung, widerruf der einwilligung, widerruf der zustimmung,
    widerrufe meine einwilligung, widerrufe meine zustimmung, widerrufe hiermit meine einwilligung,
    widerrufe hiermit meine zustimmung, widerrufe ich meine einwilligung, widerrufe ich meine zustimmung,
    widerrufe ich hiermit meine einwilligung, widerrufe ich hiermit meine zustimmung, einwilligung widerrufen,
    meine einwilligung widerrufen, meine zustimmung widerrufen, ziehe meine einwilligung zurück,
    ziehe ich meine einwilligung zurück, ziehe hiermit meine einwilligung zurück,

    lass mich in ruhe, lasst mich in ruhe, lassen sie mich in ruhe, falsche nummer, falsch verbunden, kein interesse,
    nicht interessiert, kein bedarf, verpiss dich, verpisst euch
""")
_ARABIC = _table("""
    إلغاء, ألغ, ألغي, ألغوا, إلغاء الاشتراك, إلغاء اشتراكي, أوقف, أوقفوا, أوقفي, إيقاف, توقف, توقفوا, توقفي, وقف,
    وقفوا, أزل, أزلني, أزيلوني, إزالة, احذف, احذفني, احذفوني, حذف, انسحاب, أنسحب, سحب الموافقة, أسحب موافقتي,

    لا أريد رسائل, لا أريد الرسائل, لا أريد رسائلكم, لا أريد هذه الرسائل, لا أريد المزيد, لا أريد أي رسائل,
    لا أريد استلام, لا أريد تلقي, لا أرغب في استلام, لا أرغب في تلقي, لا أرغب في رسائل, لم أعد أريد رسائل,
    لم أعد أريد رسائلكم, لا ترسل, لا ترسلوا, لا ترسلي, لا تراسلني, لا تراسلوني, لا تتصل, لا تتصلوا, لا تزعجوني,
    لا رسائل, بدون رسائل, كفى, كفاية, خروج من القائمة,

    اتركني, اتركوني, دعوني وشأني, رقم خاطئ, الرقم خاطئ, رقم غلط, الرقم غلط, غير مهتم, غير مهتمة, لست مهتما, لست مهتمة
""")
STOP = LISTED | _ENGLISH | _SPANISH | _FRENCH | _GERMAN | _ARABIC

# Too common in other sentences: they revoke with nothing but courtesies beside them. TD is on the list of AWS.
EVERYDAY = _table("td, para, fin")  # so common that they tell nothing beside a word of no table
STOP_ALONE = EVERYDAY | _table("""
    exit, enough, halt, salir, assez, quitter, ende, schluss, genug, raus, nichts mehr, kein spam,
    keine sms, keine nachrichten, keine werbung, widerruf, widerrufen, widerrufe, قف, خروج
""")

# What people say who may have had enough, of texts or of something else: a person tells which (REV-2).
DOUBTS = _table("""
    don't want, do not want, no longer want, not wish, no ads, no promos, no promotions, no marketing, no offers,
    no texting, dont send, do not send, ever contact, ever text, withdraw, my consent, opted out, revoked, un subscribe,
    name off, number off,

    no quiero, no deseo, ya no, no enviar, no envíen, no molesten, paren, quítenme, sáquenme, bórrenme, elimínenme,
    desinscribirme, desuscríbeme, desuscríbanme, no publicidad, no promociones, no molestar, borren, quiten,
    déjame tranquilo, déjame tranquila, déjenme tranquilo, déjenme tranquila, mi consentimiento, mi autorización,

    ne plus, ne veux pas, ne veux plus, n'en veux plus, ne souhaite pas, ne souhaite plus, ne m'envoyez rien,
    enlevez-moi, sortez-moi, pas de pub, pas de publicité, pas de publicités, plus de pub, plus de publicité,
    désinscris, rayez-moi, je m'oppose, ne m'écrivez pas, ne m'envoyez pas, ne me contactez pas, ne pas me contacter,
    mon consentement,

    will keine, möchte keine, keine weiteren, keine angebote, keine anrufe, nicht mehr, entfernen, endlich auf,
    mich bitte ab, abgemeldet werden, der liste streichen, entfernt mich, entferne mich, aus dem verteiler,
    stellen sie das, stellt das ein,
    meine einwilligung, meine zustimmung,

    لا مزيد, لا تزعجني, امسحوا, امسح, رقم خطأ, لا أريد, لا أرغب, لم أعد أريد, عدم, احذفوا, أزيلوا, الخروج, موافقتي
""")
STOP_SIGNS = "🛑⛔🚫"

# What an opt-out may be about. Only ever read after a STOP word or phrase.
ABOUT = _table("""
    me, us, my, our, this, that, these, those, it, the, them, all, all of, any, any of, your, ur, you, u, more,
    anymore, any more, ever, ever again, everything, anything, another, single, from, to me, to us, to my, to this,
    at this, on this, with, text, texts, txt, txts, message, messages, msg, msgs, sms, mms, calls,
    texting, txting, messaging, sending, contacting, calling, spamming, bothering, harassing, receiving, getting,
    notifications, notification, alerts, alert, ads, ad, promo, promos, promotion, promotions, promotional,
    marketing, offers, deals, updates, reminders, spam, crap, shit, bullshit, nonsense,
    subscription, subscriptions, list, lists, mailing list, system, database, contacts, records, number, numbers,
    phone, cell, mobile, consent, permission, forever, completely, altogether,

    de, la, el, los, las, su, sus, tu, tus, este, estos, esos, más, mensaje, mensajes, texto, textos, todo, todos,
    suscripción, mi suscripción, mi número, mi teléfono, mi celular, lista, publicidad, promociones, ofertas,
    recibir, enviar, enviarme, mandar, mandarme, escribir, escribirme, molestar, molestarme, textear, textearme,
    llamar, llamarme, ya, ahora, nunca,

    moi, le, les, des, vos, votre, ces, ce, cette, d'envoyer, de m'envoyer, de m'écrire, de me contacter,
    de m'appeler, de me harceler, mon numéro, mon abonnement, l'abonnement, abonnement,
    liste, pub, pubs, publicité, publicités, offres, tout, tous, toutes, jamais, maintenant,

    mich, mir, uns, meine, meinen, meiner, mein, eure, euren, eurem, eurer, ihre, ihren, ihrem, ihrer, diese, diesen,
    dieser, dieses, alle, allen, alles, mehr, von, vom, aus, der, das, den, dem, an, auf, zu, nummer, handynummer,
    telefonnummer, werbung, werbesms, nachricht, nachrichten, verteiler, angebote, neuigkeiten, einwilligung,
    zustimmung,
    abo, zusendung, bekommen, erhalten, empfangen, schicken, senden, zusenden, zuschicken, schreiben, kontaktieren,

    الاشتراك, اشتراكي, اشتراك, الرسائل, رسائل, رسائلكم, رسالة, المزيد, بعد الآن, الآن, لي, إلي, رقمي, من, عن,
    القائمة, قائمتكم,
    النصية, نصية, جميع, كل, هذه, الإعلانات, إعلانات, العروض, الترويجية, الدعائية, استلام, استقبال, تلقي, إرسال
""")

# What changes nothing, wherever it stands: courtesies, their opposite, and how a request begins or ends.
COURTESIES = _table("""
    please, pls, plz, plse, pleas, thanks, thank you, thank u, thankyou, thx, tks, ty, thank you so much,
    thanks so much, thank you very much, sorry, kindly, just, now, right now, right away, at once, immediately, asap,
    again, already, really, seriously, hi, hello, hey, dear, sir, madam, maam, sirs, guys, ok, okay,
    good morning, good afternoon, good evening, have a nice day, have a good day, and, or, but,
    reply, help me, can you, could you, would you, will you, you need to, you must, i said, i told you to,
    i asked you to, i want, i want to, i want you to, i would like to, i'd like to, i wish to, i need to,
    i need you to, regards, best regards, sent from my iphone, fucking, freaking, damn, goddamn,

    por favor, porfavor, porfa, gracias, muchas gracias, hola, buenos días, buenas tardes, buenas noches, señor,
    señora, o, pero, quiero, quisiera, deseo, necesito, solicito, favor de, inmediatamente,

    svp, stp, s'il vous plaît, s'il te plaît, merci, merci beaucoup, merci d'avance, merci de, bonjour, bonsoir,
    salut,
    madame, monsieur, et, ou, mais, je veux, je voudrais, je souhaite, j'aimerais, pouvez-vous, veuillez,
    tout de suite, immédiatement, cordialement,

    bitte, danke, danke schön, vielen dank, hallo, guten tag, guten morgen, guten abend, und, oder, ich,
    ich will, ich möchte, möchte, ich würde gerne, könnt ihr, können sie, kannst du, sofort, jetzt, endlich, hiermit,
    ab sofort, mit freundlichen grüßen, freundliche grüße, viele grüße, mfg, lg, vg, sehr geehrte damen und herren,

    من فضلك, من فضلكم, رجاء, الرجاء, لو سمحت, لو سمحتم, شكرا, شكرا لكم, مرحبا, السلام عليكم, أريد, أود, أرجو, نرجو,
    فورا, حالا, يرجى
""")

# Ordinary words one slip away from STOP: they never revoke. (STOPS, STOOP, SOP and STO do: as a whole message they
# are far likelier a slip of the thumb.)
ORDINARY = _table("top, step, shop, stomp, atop, stow, slop, strop, stoup, swop")


def _slips(word: str) -> set[str]:
    """Return what one slip makes of a word: a character left out, added, taken for another, or two swapped."""
    keys = string.ascii_lowercase + string.digits
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    left_out = {head + tail[1:] for head, tail in halves if tail}
    added = {head + key + tail for head, tail in halves for key in keys}
    taken = {head + key + tail[1:] for head, tail in halves if tail for key in keys}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in halves if len(tail) > 1}
    return left_out | added | taken | swapped


# Only these two: STOP is what every message asks for, and no ordinary word is near UNSUBSCRIBE.
OFTEN_MISTYPED = ("stop", "unsubscribe")
TYPOS = {slip: word for word in OFTEN_MISTYPED for slip in _slips(word) - {word} - ORDINARY}
