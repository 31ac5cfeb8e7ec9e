"""Steps of the benchmarks that run within the site: `python -m tests.benchmarks.inside STEP` prints JSON."""

from __future__ import annotations

import cProfile
import gc
import io
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
from requests.adapters import HTTPAdapter

CHUNK = 500


def prepare() -> None:
    """Make the tables and the default programs."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("create_default_programs", stdout=io.StringIO())


def seed(people: str) -> int:
    """Leave so many people as sign-ups with both boxes ticked leave them, in bulk; the mails are left out."""
    from tests.benchmarks.visitors import crowd

    everybody = crowd(int(people))
    while some := list(itertools.islice(everybody, CHUNK)):
        _sign_up(some)
    _tidy()
    return int(people)


def _sign_up(visitors: list[Any]) -> None:
    """`accounts.services.sign_up` for many at a time; the ledger's writer is the site's own."""
    from allauth.account.models import EmailAddress
    from django.db import transaction
    from django.utils import timezone

    from accounts.models import User
    from sms_consent.models import BrazeProfile

    with transaction.atomic():
        people = User.objects.bulk_create([User(email=one.email, phone=one.phone, password="!") for one in visitors])
        EmailAddress.objects.bulk_create([EmailAddress(user=one, email=one.email, primary=True) for one in people])
        _consent(visitors)
        now = timezone.now()
        BrazeProfile.objects.bulk_create(
            [BrazeProfile(person=one, external_id=one.external_id, due_at=now, version=one.pk) for one in people]
        )


def _consent(visitors: list[Any]) -> None:
    from sms_consent import selectors, services
    from sms_consent.choices import Source
    from sms_consent.ledger import Circumstances
    from sms_consent.services import Choice
    from tests.benchmarks.visitors import FORWARDED_FOR

    offers = selectors.offers("en")
    choices = [
        Choice(offer.program, offer.disclosure, one.phone if offer.program.is_sms else one.email)
        for one in visitors
        for offer in offers
    ]
    boxes = {offer.program.slug: True for offer in offers}
    how = Circumstances(ip=FORWARDED_FOR, user_agent="Mozilla/5.0 (benchmark)", language="en", boxes=boxes)
    services.record_choices(choices, source=Source.SIGN_UP, circumstances=how)


def backlog(count: str) -> int:
    """Leave so many new people of whom Braze has yet to hear: rows only, without anybody's history or mailbox."""
    from django.utils import timezone

    from accounts.models import User
    from sms_consent.models import BrazeProfile, Program, Subscription
    from sms_consent.people import subject
    from tests.benchmarks.visitors import crowd

    programs = {it.slug: it for it in Program.objects.all()}
    everybody = crowd(int(count))
    while some := list(itertools.islice(everybody, CHUNK * 4)):
        stands = {"state": "subscribed", "version": 1, "due_at": timezone.now()}
        people = User.objects.bulk_create([User(email=one.email, phone=one.phone, password="!") for one in some])
        BrazeProfile.objects.bulk_create(
            [BrazeProfile(person=it, external_id=it.external_id, version=1, due_at=stands["due_at"]) for it in people]
        )
        to_tell = [(programs["sms"], one.phone) for one in some] + [(programs["email"], one.email) for one in some]
        Subscription.objects.bulk_create(
            [Subscription(program=it, subject=subject(one), address=one, **stands) for it, one in to_tell]
        )
    _tidy()
    return int(count)


def leave(phone: str) -> float:
    """Have a number say STOP; return when that was committed."""
    from sms_consent import services
    from sms_consent.choices import Source
    from sms_consent.ledger import Circumstances

    services.withdraw(phone, source=Source.KEYWORD, stops=True, circumstances=Circumstances(note="STOP"))
    return time.time()


SIGN_UPS = 100  # that are due at the same moment


def rewind() -> int:
    """Have Braze told nothing of anyone, as after one sign-up after the other; return how many rows are due.

    All chores are done.
    """
    from datetime import timedelta

    from django.utils import timezone

    from sms_consent import outbox, upkeep
    from sms_consent.choices import State, Told
    from sms_consent.models import BrazeProfile, Subscription

    free = {"lease": None, "leased_until": None, "attempts": 0, "parked_at": None}
    told = {"told": Told.NOTHING, "told_at": None, "looked_at": None, "opened_at": None, "is_recheck": False}
    sent = {"accepted": {}, "accepted_at": None, "is_unknown": False, "is_recheck": False}
    began = timezone.now() - timedelta(seconds=60)
    for rows, changes in ((Subscription.objects.filter(state=State.SUBSCRIBED), told), (BrazeProfile.objects, sent)):
        newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
        for start in range(0, newest + 1, SIGN_UPS):
            due_at = began + timedelta(microseconds=start)
            rows.filter(pk__gte=start, pk__lt=start + SIGN_UPS).update(due_at=due_at, **changes, **free)
    upkeep.Upkeep().run()
    _tidy()
    return outbox.unsent()


def _tidy() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def drain(profile: str = "") -> dict[str, float]:
    """Send all that is due with the worker's own code; with a file's name, profile it into that file.

    What a process does once is done before: it imports what the paths of links are made from.
    """
    from django.urls import get_resolver

    from sms_consent.delivery import Worker

    get_resolver()._populate()
    gc.freeze()
    profiler = cProfile.Profile() if profile else None
    in_the_air = _timed_calls()
    started, used = time.perf_counter(), time.process_time()
    left = profiler.runcall(Worker().run_once) if profiler else Worker().run_once()
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    if profiler:
        profiler.dump_stats(profile)
    return {"seconds": seconds, "processor": processor, "left": left, "in_the_air": sum(in_the_air)}


def _timed_calls() -> list[float]:
    """Have `requests` note from now on how long each call takes; return where it does."""
    took, send = list[float](), HTTPAdapter.send

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return send(*args, **kwargs)
        finally:
            took.append(time.perf_counter() - began)

    HTTPAdapter.send = timed  # type: ignore[method-assign]
    return took


def naive(seconds: str) -> dict[str, float]:
    """Tell Braze of one person after the other, in one thread, for so long; return how many and how long."""
    from accounts.models import User
    from tests.benchmarks.variants.naive import tell

    done, started = 0, time.perf_counter()
    for person in User.objects.order_by("pk").iterator():
        if time.perf_counter() - started > float(seconds):
            break
        tell(person.external_id, person.phone_number)
        done += 1
    return {"people": done, "seconds": time.perf_counter() - started}


def subscribe(count: str) -> int:
    """Leave so many addresses subscribed, and Braze told long ago; rows only, without anybody's history."""
    from sms_consent.models import Program, Subscription
    from sms_consent.people import subject

    stands = {"program": Program.objects.get(slug="email"), "state": "subscribed", "told": "subscribed", "version": 1}
    for start in range(0, int(count), 5_000):
        emails = map(address, range(start, min(start + 5_000, int(count))))
        Subscription.objects.bulk_create([Subscription(subject=subject(one), address=one, **stands) for one in emails])
    _tidy()
    return int(count)


def write_down(count: str) -> int:
    """Leave so many records (in thousands) with the evidence of a sign-up, each subscribing an address of its own."""
    from django.db import connection
    from django.utils import timezone

    from sms_consent.models import ConsentRecord, Evidence

    some = min(int(count), 1_000)
    proofs = [_proof(number) for number in range(some)]
    records = ConsentRecord.objects.bulk_create([record for record, _ in proofs])
    Evidence.objects.bulk_create([evidence for _, evidence in proofs])
    first, last = records[0].pk, records[-1].pk
    names = [it.column for it in ConsentRecord._meta.concrete_fields if not it.primary_key]
    # A time of its own for each thousand: a ledger grows in the order of time, and so are its seals made.
    said = ", ".join("%s" if name == "recorded_at" else name for name in names)
    rows = f"SELECT {said} FROM sms_consent_consentrecord WHERE id <= %s"  # noqa: S608 - names of columns
    with connection.cursor() as cursor:
        for _ in range(int(count) // some - 1):
            values = [connection.ops.adapt_datetimefield_value(timezone.now()), last]
            cursor.execute(f"INSERT INTO sms_consent_consentrecord ({', '.join(names)}) {rows}", values)
        cursor.execute(
            "INSERT INTO sms_consent_evidence (record_id, salt, payload) SELECT r.id, e.salt, e.payload "
            "FROM sms_consent_consentrecord r JOIN sms_consent_evidence e "
            "ON e.record_id = %s + (r.id - %s) %% %s WHERE r.id > %s",
            [first, first, some, last],
        )
    _subscribed_by(ConsentRecord.objects.order_by("id").values_list("id", flat=True).iterator(CHUNK * 10))
    _tidy()
    return ConsentRecord.objects.count()


def _subscribed_by(records: Iterator[int]) -> None:
    from sms_consent.models import Program, Subscription
    from sms_consent.people import subject

    stands = {"program": Program.objects.get(slug="email"), "state": "subscribed", "told": "subscribed", "version": 1}
    while some := list(itertools.islice(records, CHUNK * 10)):
        rows = [(number, address(number)) for number in some]
        Subscription.objects.bulk_create(
            [Subscription(subject=subject(one), address=one, request_id=record, **stands) for record, one in rows]
        )


def _proof(number: int) -> tuple[Any, Any]:
    """Return a record and its evidence, made by the ledger's own functions."""
    from dataclasses import replace

    from django.utils import timezone

    from sms_consent import ledger, selectors
    from sms_consent.choices import Act, Source
    from sms_consent.models import Evidence
    from sms_consent.people import subject

    offer, now = selectors.offers("en")[1], timezone.now()
    how = ledger.Circumstances(
        ip="192.0.2.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36",
        accept_language="en-US,en;q=0.9",
        language="en",
        page="https://optin.example.com/accounts/signup/",
        boxes={"sms": True, "email": True},
        person=f"person-{number}",
    )
    entry = ledger.Entry(offer.program, address(number), Act.GRANTED, Source.SIGN_UP, offer.disclosure, how)
    proof = ledger.prove(entry)
    record = ledger._record(replace(entry, occurred_at=now), proof, subject(entry.address), now)
    return record, Evidence(record=record, **proof._asdict())


def address(number: int) -> str:
    """Return the address of one of many."""
    return f"person{number}@example.com"


STEPS: dict[str, Callable[..., Any]] = {
    step.__name__: step for step in (prepare, seed, backlog, leave, subscribe, write_down, rewind, drain, naive)
}

if __name__ == "__main__":
    django.setup()
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
