"""`manage.py create_default_programs`"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from sms_consent import disclosures
from sms_consent.choices import Channel, Door
from sms_consent.exceptions import DisclosureError
from sms_consent.models import Disclosure, Keyword, Program
from sms_consent.models.keywords import kept_number

WORDS = ("start", "unstop")  # not YES, which also answers other messages (KW-7)


class Command(BaseCommand):
    """Creates `sms`, `email`, START and UNSTOP from the settings: words in English published, in others drafted.

    Safe to repeat.
    """

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
        self._translations()

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
            label=_("Get offers and news by text"),
            button=_("Text me"),
        )
        try:
            disclosures.publish(words)
        except DisclosureError as error:
            raise CommandError(f"Words of the phone form: {error}") from error
        self.stdout.write(self.style.SUCCESS("Published the words of the phone form."))

    @transaction.atomic
    def _translations(self) -> None:
        """Leave drafts in the other languages, for a marketer to read and publish."""
        published = Disclosure.objects.filter(
            program__slug__in=("sms", "email"), language=settings.LANGUAGE_CODE, published_at__isnull=False
        )
        drafts = [it for words in published.select_related("program") for it in disclosures.draft_translations(words)]
        if drafts:
            languages = ", ".join(sorted({words.language for words in drafts}))
            self.stdout.write(self.style.SUCCESS(f"Drafted words in {languages}: read and publish them in the admin."))


def _sms() -> None:
    program = Program(
        slug="sms",
        name=_("Text messages"),
        channel=Channel.SMS,
        purpose=_("offers and news"),
        frequency=_("Message frequency varies"),
        sender=settings.SMS_NUMBER,
        subscription_group_id=_group("BRAZE_SMS_SUBSCRIPTION_GROUP_ID"),
        confirm_sign_ups=False,
        position=1,
    )
    _create(program, disclosures.SMS_DRAFT, _("Yes, text me offers and news"))


def _email() -> None:
    program = Program(
        slug="email",
        name=_("Emails"),
        channel=Channel.EMAIL,
        purpose=_("offers and news"),
        frequency=_("About one email a week"),
        sender=settings.DEFAULT_FROM_EMAIL,
        subscription_group_id=_group("BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID"),
        confirm_sign_ups=True,
        position=2,
    )
    _create(program, disclosures.EMAIL_DRAFT, _("Yes, email me offers and news"))


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
        disclosures.draft(program, language=settings.LANGUAGE_CODE, text=draft, label=label, button=_("Sign up"))
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
            label=_("Get offers and news by text"),
            button=_("Open the message"),
        )
    )
