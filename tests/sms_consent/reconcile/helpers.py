"""Things that happen at Braze behind our back, and runs of reconcile_braze that come upon them."""

from __future__ import annotations

from collections.abc import Iterable

from sms_consent.models import Program, Subscription
from sms_consent.outbox.marking import new_version
from sms_consent.people import subject
from sms_consent.sandbox import Sandbox
from tests.commands import Ran, run
from tests.conftest import SMS

HOUR = 3600


def reconcile(*options: str) -> Ran:
    """Run `manage.py reconcile_braze`."""
    return run("reconcile_braze", *options)


def at_braze(sandbox: Sandbox, group: str, address: str, state: str) -> None:
    """Somebody sets a state in the dashboard, or it comes by CSV: whoever holds the address, or somebody new."""
    world = sandbox.world
    with world.lock:
        if not world.holders(address):
            world.people.house(world.people.create(), "email" if "@" in address else "sms", address)
        world.set_by_address(world.groups[group], address, state)


def stand(
    sandbox: Sandbox, program: Program, addresses: Iterable[str], *, here: str = "subscribed", there: str = "Subscribed"
) -> None:
    """Have these stand `here`, Braze told so long ago, and `there` at Braze. In bulk, without their history."""
    rows = [
        Subscription(program=program, subject=subject(one), address=one, state=here, told=here, version=new_version())
        for one in addresses
    ]
    Subscription.objects.bulk_create(rows)
    for row in rows:
        if there:
            at_braze(sandbox, program.subscription_group_id, row.address, there)


def flip(sandbox: Sandbox, addresses: Iterable[str], state: str = "Unsubscribed", group: str = SMS) -> None:
    """Set these to a state at Braze."""
    for one in addresses:
        at_braze(sandbox, group, one, state)
