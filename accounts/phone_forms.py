"""The phone form, and a number on its own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import countries
from accounts.forms import LONGEST_PHONE, AddressFields
from accounts.guard import Guarded, Unseen, put_back
from sms_consent.selectors import Offer
from sms_consent.services import Choice


class PhoneForm(Guarded, AddressFields):
    """A number, and a button beside which stands what one agrees to by pressing it: one program a form."""

    email = None  # type: ignore[assignment]
    program = Unseen(required=False, max_length=40)
    disclosure = Unseen(required=False, max_length=100)

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = offer
        self.initial.update(program=offer.program.slug, disclosure=offer.version)
        self.fields["phone"].required = True
        self.fields["phone"].error_messages["required"] = _("Enter the mobile number that the texts should go to.")

    def clean(self) -> dict[str, Any]:
        """Refuse a press under words that are not, or no longer, the ones in force (rule 9)."""
        data = super().clean()
        if data.get("disclosure") != self.offer.version:
            words = _("These words have changed since you opened the page. Please read them and press again.")
            self.add_error(None, ValidationError(words, code="stale"))
            put_back(self, "program", self.offer.program.slug)
            put_back(self, "disclosure", self.offer.version)
        return data

    def is_stale(self) -> bool:
        """Whether the button was pressed under other words than those in force."""
        return self.has_error(NON_FIELD_ERRORS, code="stale")

    def chosen(self) -> Choice:
        """Return what was agreed to, and for which number."""
        return Choice(self.offer.program, self.offer.disclosure, self.cleaned_data["phone"])


class NumberForm(AddressFields):
    """A number on its own, while somebody types it."""

    email = None  # type: ignore[assignment]

    def answer(self) -> dict[str, str]:
        """Return how the number is written, and what is wrong with it. Nothing is looked up (rule 10)."""
        typed = str(self.data.get("phone", ""))[:LONGEST_PHONE]
        wrong = self.errors.get("phone", [""])
        return {"phone": countries.as_written(typed, self.country), "error": str(wrong[0])}
