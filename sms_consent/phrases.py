"""What words must say in each language: requirement, problem, pattern. Matched against the words in lower case.

A language without a row is checked for what needs no translation only (`disclosures.problems`). Purpose and frequency
are written in a program in the site's own language, so other languages have patterns for the frequency here.
"""

from __future__ import annotations

from collections.abc import Mapping

Phrases = tuple[tuple[str, str, str], ...]

_TEXTS = ("CTA-8", "say “text messages” or “SMS”")
_PROMOTIONAL = ("CTA-9", "say that messages are promotional")
_RECURRING = ("CTA-10", "say that messages are recurring")
_AUTOMATED = ("CTA-10", "say that messages are automated")
_FREQUENCY = ("CTA-11", "state the frequency")
_RATES = ("CTA-12", "say “Message and data rates may apply”")
_NO_CONDITION = ("CTA-13", "say that consent is not a condition of any purchase")
_PROMOTIONAL_EMAILS = ("CTA-9", "say that emails are promotional")
_WAY_OUT = ("EM-12", "say how to unsubscribe")

SMS: Mapping[str, Phrases] = {
    "en": (
        (*_TEXTS, r"\b(text messages?|texts|sms)\b"),
        (*_PROMOTIONAL, r"\b(promotion\w*|marketing|advertis\w*|offers?|deals?)\b"),
        (*_RECURRING, r"\brecurring\b"),
        (*_AUTOMATED, r"\bauto(mated|dial\w*|matic\w*)\b"),
        (*_RATES, r"\b(message|msg)s?\s*(and|&)\s*data rates may apply\b"),
        (*_NO_CONDITION, r"\bnot (a )?(condition|required|require)\b.{0,40}\b(purchase|buy)"),
    ),
    "es": (
        (*_TEXTS, r"\b(mensajes? de texto|sms)\b"),
        (*_PROMOTIONAL, r"\b(promoci\w*|marketing|publici\w*|ofertas?)\b"),
        (*_RECURRING, r"\b(recurrentes?|periódic\w*)\b"),
        (*_AUTOMATED, r"\bautom[aá]ti\w*\b|\bautomatizad\w*\b"),
        (*_FREQUENCY, r"\b(frecuencia|veces|diari\w*|seman\w*|mes(es)?|mensual\w*)\b"),
        (*_RATES, r"\btarifas?\b.{0,40}\bmensajes?\b.{0,10}\bdatos\b"),
        (*_NO_CONDITION, r"\bno es (una |un )?(condición|requisito|obligatori)\w*\b.{0,40}\bcompra"),
    ),
    "fr": (
        (*_TEXTS, r"\b(messages? textes?|textos?|sms)\b"),
        (*_PROMOTIONAL, r"\b(promotion\w*|marketing|publici\w*|offres?)\b"),
        (*_RECURRING, r"\b(récurrents?|réguliers?|périodiques?)\b"),
        (*_AUTOMATED, r"\bautomati\w*\b"),
        (*_FREQUENCY, r"\b(fréquence|fois|par jour|semaine|mois|mensuel\w*|hebdomadaire\w*)\b"),
        (*_RATES, r"\b(frais|tarifs?)\b.{0,60}\bmessages?\b.{0,15}\bdonnées\b"),
        (*_NO_CONDITION, r"\b(n[’']est pas une condition|sans condition|pas obligatoire)\b.{0,40}\bachat"),
    ),
    "de": (
        (*_TEXTS, r"\b(textnachrichten?|sms)\b"),
        (*_PROMOTIONAL, r"\b(werb\w*|marketing\w*|angebot\w*)"),
        (*_RECURRING, r"\b(wiederkehrend\w*|regelmäßig\w*)\b"),
        (*_AUTOMATED, r"\bautomati\w*\b"),
        (*_FREQUENCY, r"häufigkeit|\b(täglich|wöchentlich|monatlich|pro (tag|woche|monat)|mal)\b"),
        (*_RATES, r"\b(nachrichten|sms)\b.{0,25}\bdaten\w*\b.{0,40}\b(gebühren|kosten|entgelte)\b"),
        (*_NO_CONDITION, r"\b(keine|nicht) (voraussetzung|bedingung|erforderlich)\b.{0,40}\b(kauf|käufe)"),
    ),
    "ar": (
        (*_TEXTS, r"رسائل نصية|sms"),
        (*_PROMOTIONAL, r"ترويجي|تسويقي|إعلاني|دعائي|عروض"),
        (*_RECURRING, r"متكرر|دوري|منتظم"),
        (*_AUTOMATED, r"آلي|تلقائي|مؤتمت"),
        (*_FREQUENCY, r"عدد الرسائل|وتيرة|مرة|مرات|أسبوع|شهر|يوم"),
        (*_RATES, r"رسوم.{0,40}الرسائل.{0,15}البيانات"),
        (*_NO_CONDITION, r"(ليست?|لا تشكل|لا تعد|لا تُعد) .{0,12}شرط.{0,40}شراء"),
    ),
}
EMAIL: Mapping[str, Phrases] = {
    "en": (
        (*_PROMOTIONAL_EMAILS, r"\b(promotion\w*|marketing|advertis\w*|offers?|news\w*)\b"),
        (*_WAY_OUT, r"\bunsubscribe\b"),
    ),
    "es": (
        (*_PROMOTIONAL_EMAILS, r"\b(promoci\w*|marketing|publici\w*|ofertas?|novedades)\b"),
        (*_FREQUENCY, r"\b(frecuencia|veces|diari\w*|seman\w*|mes(es)?|mensual\w*)\b"),
        (*_WAY_OUT, r"\bbaja\b|\bcancelar\b"),
    ),
    "fr": (
        (*_PROMOTIONAL_EMAILS, r"\b(promotion\w*|marketing|publici\w*|offres?|actualités|nouveautés)\b"),
        (*_FREQUENCY, r"\b(fréquence|fois|par jour|semaine|mois|mensuel\w*|hebdomadaire\w*)\b"),
        (*_WAY_OUT, r"\bdésabonn\w*|\bdésinscri\w*"),
    ),
    "de": (
        (*_PROMOTIONAL_EMAILS, r"\b(werb\w*|marketing\w*|angebot\w*|neuigkeiten|newsletter\w*)"),
        (*_FREQUENCY, r"häufigkeit|\b(täglich|wöchentlich|monatlich|pro (tag|woche|monat)|mal)\b"),
        (*_WAY_OUT, r"\babmeld\w*|\babbestell\w*"),
    ),
    "ar": (
        (*_PROMOTIONAL_EMAILS, r"ترويجي|تسويقي|إعلاني|دعائي|عروض"),
        (*_FREQUENCY, r"عدد الرسائل|وتيرة|مرة|مرات|رسالة|أسبوع|شهر|يوم"),
        (*_WAY_OUT, r"إلغاء (الاشتراك|اشتراك)"),
    ),
}

# A box that is ticked, which only the sign-up has; in lower case like the words.
BOX: Mapping[str, str] = {
    "en": r"\b(tick|check)\w*\b.{0,20}\bbox",
    "es": r"\bcasilla\b",
    "fr": r"\bcoch\w*\b.{0,20}\bcase\b",
    "de": r"\bkästchen\b|\bankreuz\w*",
    "ar": r"خانة|مربع",
}
