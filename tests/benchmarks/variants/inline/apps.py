"""Takes the place of the site's own signal."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save


class InlineConfig(AppConfig):
    """The naive way."""

    name = "tests.benchmarks.variants.inline"

    def ready(self) -> None:
        """Unplug the signal that marks and plug in one that posts."""
        person = get_user_model()
        if not post_save.disconnect(sender=person, dispatch_uid="sms_consent.person_saved"):
            raise RuntimeError("the site's signal goes by another name now")
        post_save.connect(post_both_calls, sender=person)


def post_both_calls(sender: object, instance: Any, **kwargs: Any) -> None:
    """Tell Braze, and keep the visitor waiting for it."""
    from tests.benchmarks.variants import naive

    naive.tell(instance.external_id, instance.phone_number)
