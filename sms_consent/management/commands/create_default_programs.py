"""`manage.py create_default_programs`"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q

from sms_consent import disclosures
from sms_consent.choices import Channel, Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure, Keyword, Program
from sms_consent.models.keywords import kept_number

WORDS = ("start", "unstop")  # not YES, which also answers other messages (KW-7)


class Command(BaseCommand):
    """Creates `sms`, `email`, START and UNSTOP with published English words, from the settings. Safe to repeat."""

    help = "Create the programs 'sms' and 'email' with published English words for each door, and START and UNSTOP."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing; what is there belongs to the admin and is left alone."""
        for slug, make in (("sms", _sms), ("email", _email)):
            if Program.objects.filter(slug=slug).exists():
                self.stdout.write(f"Program {slug!r} is there already.")
                continue
            try:
                make()
            except DisclosureError as error:
                raise CommandError(f"Program {slug!r}: {error}") from error
            self.stdout.write(self.style.SUCCESS(f"Created program {slug!r}."))
        self._keywords()
        self._phone_form(Program.objects.get(slug="sms"))

    def _keywords(self) -> None:
        number = kept_number(settings.SMS_NUMBER)
        if not number:
            why = "is no number that can be texted" if settings.SMS_NUMBER else "is not set"
            self.stdout.write(f"SMS_NUMBER {why}: no keywords created.")
            return
        program = Program.objects.get(slug="sms")
        for position, word in enumerate(WORDS, 1):
            if Keyword.objects.filter(Q(program=program) | Q(number=number), word=word).exists():
                self.stdout.write(f"Keyword {word.upper()} is there already.")
                continue
            try:
                _keyword(program, word, number, position)
            except DisclosureError as error:
                raise CommandError(f"Keyword {word.upper()}: {error}") from error
            self.stdout.write(self.style.SUCCESS(f"Created keyword {word.upper()}."))

    @transaction.atomic
    def _phone_form(self, program: Program) -> None:
        """Publish the words beside the button of the phone form, unless somebody has written some."""
        if Disclosure.objects.filter(program=program, door=Door.PHONE_FORM).exists():
            return
        words = disclosures.draft(
            program,
            door=Door.PHONE_FORM,
            language=settings.LANGUAGE_CODE,
            text=disclosures.PHONE_FORM_DRAFT,
            label="Get offers and news by text",
            button="Text me",
        )
        try:
            disclosures.publish(words)
        except DisclosureError as error:
            raise CommandError(f"Words of the phone form: {error}") from error
        self.stdout.write(self.style.SUCCESS("Published the words of the phone form."))


def _sms() -> None:
    program = Program(
        slug="sms",
        name="Text messages",
        channel=Channel.SMS,
        purpose="offers and news",
        frequency="Message frequency varies",
        sender=settings.SMS_NUMBER,
        subscription_group_id=_group("BRAZE_SMS_SUBSCRIPTION_GROUP_ID"),
        confirm_sign_ups=False,
        position=1,
    )
    _create(program, disclosures.SMS_DRAFT, "Yes, text me offers and news")


def _email() -> None:
    program = Program(
        slug="email",
        name="Emails",
        channel=Channel.EMAIL,
        purpose="offers and news",
        frequency="About one email a week",
        sender=settings.DEFAULT_FROM_EMAIL,
        subscription_group_id=_group("BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID"),
        confirm_sign_ups=True,
        position=2,
    )
    _create(program, disclosures.EMAIL_DRAFT, "Yes, email me offers and news")


def _group(name: str) -> str:
    value = str(getattr(settings, name))
    if not value:
        raise CommandError(f"{name} must be set: copy the id from the subscription group's page in Braze.")
    return value


@transaction.atomic
def _create(program: Program, draft: str, label: str) -> None:
    program.brand = settings.BRAND_NAME
    program.full_clean()
    program.save()
    disclosures.publish(
        disclosures.draft(program, language=settings.LANGUAGE_CODE, text=draft, label=label, button="Sign up")
    )


@transaction.atomic
def _keyword(program: Program, word: str, number: str, position: int) -> None:
    keyword = Keyword(
        word=word,
        number=number,
        program=program,
        language=settings.LANGUAGE_CODE,
        disclosure=_words_beside(program),
        place="The page /text/",
        position=position,
    )
    keyword.full_clean()
    keyword.save()


def _words_beside(program: Program) -> Disclosure:
    words = Disclosure.objects.filter(
        program=program, door=Door.KEYWORD, language=settings.LANGUAGE_CODE, published_at__isnull=False
    ).first()
    return words or disclosures.publish(
        disclosures.draft(
            program,
            door=Door.KEYWORD,
            language=settings.LANGUAGE_CODE,
            text=disclosures.KEYWORD_DRAFT,
            label="Get offers and news by text",
            button="Open the message",
        )
    )
