"""What staff are: auditor, marketer or operator. Each is a group of the admin with exactly what the role needs.

An administrator may give a group more; the next `migrate` takes nothing away, and puts back what is missing. Whoever
needs less gets a group of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

APPS = ("accounts", "sms_consent", "post_office")

LEDGER = ("consentrecord", "subscription", "inboundmessage")
BRAZE = ("brazeprofile", "brazeline", "globalemail")
OFFERED = ("program", "disclosure", "keyword")


def _may(verbs: str, app: str, models: Iterable[str]) -> Iterator[str]:
    """Yield the names of permissions as Django calls them, `app.verb_model`."""
    return (f"{app}.{verb}_{model}" for verb, model in product(verbs.split(), models))


# The dashboard is whoever's that may see its counts, `view_tally`: they name nobody.
ROLES: Mapping[str, Collection[str]] = {
    # Sees everything about consent and takes it out; every look at an address and every export is recorded.
    "Auditor": {
        *_may("view", "sms_consent", (*LEDGER, *BRAZE, *OFFERED, "erasure", "tally", "accessrecord")),
        *_may("view", "accounts", ["user"]),
        "sms_consent.export_consentrecord",
    },
    # Edits what is offered, and sees how it goes; sees no person and no address.
    "Marketer": {
        *_may("view add change", "sms_consent", OFFERED),
        "sms_consent.delete_disclosure",  # drafts: nobody deletes what was published
        "sms_consent.view_tally",
    },
    # Helps people: writes down opt-outs, reads texts that nothing matched, has things sent again.
    "Operator": {
        *_may("view", "sms_consent", ("consentrecord", "erasure", "tally")),
        *_may("view change", "sms_consent", ("subscription", "inboundmessage", *BRAZE)),
        *_may("view", "accounts", ["user"]),
        *_may("view change", "post_office", ["email"]),
    },
}


def install(using: str = "default") -> None:
    """Make the groups, and give each what it lacks. Safe to repeat; after every migrate."""
    for app in APPS:
        create_permissions(apps.get_app_config(app), verbosity=0, using=using)  # whichever app's turn comes first
    found = Permission.objects.using(using).filter(content_type__app_label__in=APPS).select_related("content_type")
    by_name = {f"{it.content_type.app_label}.{it.codename}": it for it in found}
    for name, wanted in ROLES.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*(by_name[one] for one in wanted if one in by_name))
