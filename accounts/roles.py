"""What staff are: auditor, marketer or operator. Each is a group of the admin with exactly what the role needs.

An administrator may give a group more; the next `migrate` takes nothing away, and puts back what is missing. Whoever
needs less gets a group of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from django.contrib.auth.models import Group, Permission

LEDGER = ("consentrecord", "subscription", "inboundmessage")
BRAZE = ("brazeprofile", "brazeline", "globalemail")
OFFERED = ("program", "disclosure", "keyword")


def _may(verbs: str, app: str, models: Iterable[str]) -> Iterator[str]:
    """Yield the names of permissions as Django calls them, `app.verb_model`."""
    return (f"{app}.{verb}_{model}" for verb, model in product(verbs.split(), models))


# The dashboard is whoever's that may see its counts, `view_tally`: they name nobody.
ROLES: Mapping[str, set[str]] = {
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
        *_may("view", "sms_consent", ("consentrecord", "erasure", "tally", "program")),  # records lead to programs
        *_may("view change", "sms_consent", ("subscription", "inboundmessage", *BRAZE)),
        *_may("view", "accounts", ["user"]),
        *_may("view change", "post_office", ["email"]),
    },
}


def install(using: str = "default") -> None:
    """Make the groups, and give each what it lacks. Safe to repeat: after every migrate and flush. Four statements."""
    Group.objects.using(using).bulk_create([Group(name=name) for name in ROLES], ignore_conflicts=True)
    groups = dict(Group.objects.using(using).filter(name__in=ROLES).values_list("name", "pk"))
    labels = {name.split(".")[0] for wanted in ROLES.values() for name in wanted}
    names = ("content_type__app_label", "codename", "pk")
    found = Permission.objects.using(using).filter(content_type__app_label__in=labels).values_list(*names)
    permissions = {f"{app}.{codename}": pk for app, codename, pk in found}
    held = Group.permissions.through
    held._default_manager.using(using).bulk_create(
        [
            held(group_id=groups[role], permission_id=permissions[name])
            for role, wanted in ROLES.items()
            for name in sorted(wanted & permissions.keys())
        ],
        ignore_conflicts=True,
    )
