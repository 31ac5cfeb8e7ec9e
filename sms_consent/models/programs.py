"""Programs and the words beside their boxes, both edited by marketers in the admin."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from sms_consent.choices import Channel, Door
from sms_consent.exceptions import AppendOnlyError


class Program(models.Model):
    """What one agrees to: one brand, channel, purpose and sender; one Braze subscription group."""

    slug = models.SlugField(unique=True, max_length=40, help_text="Names the box on the form: program_ and this.")
    name = models.CharField(max_length=80, help_text="What visitors see, for example “Text messages”.")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    brand = models.CharField(max_length=80)
    purpose = models.CharField(max_length=160, help_text="What is sent, for example “offers and news” (CTA-9).")
    frequency = models.CharField(max_length=120, help_text="For example “Message frequency varies” (CTA-11).")
    sender = models.CharField(max_length=120, blank=True, help_text="The number texts come from, or the From address.")
    subscription_group_id = models.CharField(
        max_length=36,
        validators=[RegexValidator(r"^[0-9A-Za-z-]{8,36}$", "Copy the id from the group's page in Braze.")],
        help_text="The Braze subscription group that holds this program's consents.",
    )
    confirm_sign_ups = models.BooleanField(
        help_text="Whether a ticked box on the sign-up waits for the person to confirm."
    )
    takes_brazes_word = models.BooleanField(
        "take Braze's word",
        default=False,
        db_default=False,
        help_text=(
            "For requests that wait for confirmation. On: where Braze says that the address is subscribed, however it "
            "came to be, the request counts as confirmed. Off: it keeps waiting, and the address is listed as "
            "subscribed at Braze without proof here."
        ),
    )
    is_active = models.BooleanField(default=True, help_text="Only active programs are offered.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(fields=["subscription_group_id"], name="program_subscription_group_once"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_sms(self) -> bool:
        """Whether the program's addresses are phone numbers."""
        return self.channel == Channel.SMS


class Disclosure(models.Model):
    """The words at one of a program's doors: a draft until it is published, then frozen as rendered (CTA-20).

    `draft` may use {brand}, {purpose}, {frequency}, {sender}, {support}, {address} and [text](link) with
    {terms} and {privacy}; `words` is what visitors see. Database triggers refuse any change after publishing.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="disclosures")
    door = models.CharField("words for", max_length=10, choices=Door.choices, default=Door.FORM)
    language = models.CharField(max_length=12, default="en")
    version = models.PositiveIntegerField(editable=False)
    label = models.CharField(max_length=200, help_text="The line next to the box, or above the form or the keyword.")
    draft = models.TextField(help_text="The disclosure, with placeholders.")
    button_label = models.CharField(
        max_length=60,
        default="Sign up",
        help_text="The button that is pressed to agree, or that opens the text message.",
    )
    words = models.TextField(editable=False, blank=True)
    sha256 = models.CharField(max_length=64, editable=False, blank=True)
    published_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("program", "language", "-version")
        indexes = (models.Index(fields=["sha256"], name="disclosure_by_words"),)
        constraints = (
            models.UniqueConstraint(fields=["program", "language", "version"], name="disclosure_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.program} {self.language} v{self.version}"

    def clean(self) -> None:
        """Refuse to edit what is frozen; the database would refuse it too, with less help."""
        if self.door != Door.FORM and self.program_id and not self.program.is_sms:
            raise ValidationError({"door": "Only a program of text messages has this door."}, code="channel")
        if self.pk and Disclosure.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise ValidationError("Published words are frozen. Add a new version instead.", code="frozen")

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse to delete published words; a draft may go."""
        if self.published_at:
            raise AppendOnlyError("Published disclosures are never deleted.")
        return super().delete()
