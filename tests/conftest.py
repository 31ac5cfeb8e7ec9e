"""What every test may use: the outside world on a real port, the default programs, people as they act."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import groupby
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model
from django.test import Client, TransactionTestCase
from django.utils import translation

from sms_consent import selectors, triggers
from sms_consent.delivery import Worker
from sms_consent.models import Disclosure, Keyword, Program
from sms_consent.sandbox import Sandbox
from tests import settings as site
from tests.people import Visitor

SMS = site.BRAZE_SMS_SUBSCRIPTION_GROUP_ID
EMAIL = site.BRAZE_EMAIL_SUBSCRIPTION_GROUP_ID


def pytest_collection_finish() -> None:
    """Have garbage be looked for among what tests make, not in thousands of tests and all that they import."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_the_ledger() -> Iterator[None]:
    """Lift the append-only triggers for the flush with which Django ends a transactional test, and only then.

    They are put back in `finally`, so that the next test finds them whatever happened. Rows are deleted: PostgreSQL
    would need a second to TRUNCATE, which makes every table and index a new file.
    """
    flush = TransactionTestCase._fixture_teardown

    def deletes(ops: BaseDatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
        return [f"DELETE FROM {ops.quote_name(table)}" for table in tables]  # noqa: S608 - names of Django's own

    def guarded(self: TransactionTestCase) -> None:
        for alias in self._databases_names(include_mirrors=False):
            triggers.lift(alias)
        try:
            flush(self)
        finally:
            for alias in self._databases_names(include_mirrors=False):
                triggers.install(alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", guarded)
        patch.setattr(type(connection.ops), "sql_flush", deletes)
        yield


@pytest.fixture(scope="session")
def _world() -> Iterator[Sandbox]:
    with Sandbox(key=site.BRAZE_REST_KEY, groups={SMS: "sms", EMAIL: "email"}) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_world: Sandbox, settings: Any) -> Sandbox:
    """Braze, phones and mailboxes, empty, on real ports; the site's settings point there."""
    _world.reset()
    settings.BRAZE_REST_URL = _world.url
    settings.EMAIL_BACKEND = "post_office.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _world.smtp_port
    return _world


@pytest.fixture(autouse=True)
def _nothing_kept_from_the_test_before() -> None:
    selectors.forget_offers()
    cache.clear()
    translation.deactivate()


@pytest.fixture(scope="session")
def _default_programs(django_db_setup: None, django_db_blocker: Any) -> list[Model]:
    """What the command makes, in the order in which it can be made again. The command itself takes 30 ms a time.

    Without the drafts for other languages, which visitors never see.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("create_default_programs", verbosity=0, stdout=StringIO())
        Disclosure.objects.filter(published_at=None).delete()
        programs, words = Program.objects.order_by("pk"), Disclosure.objects.select_related("program").order_by("pk")
        keywords = Keyword.objects.select_related("program", "disclosure").order_by("pk")
        made = [*programs, *words, *keywords]
        transaction.set_rollback(True)
    return made


@pytest.fixture
def programs(db: None, _default_programs: list[Model]) -> dict[str, Program]:
    """The default programs, published, by slug."""
    copies: dict[Model, Model] = {}
    for model, rows in groupby(_default_programs, key=type):
        new = {row: _copy(row, copies) for row in rows}
        model._default_manager.bulk_create(new.values())
        copies |= new
    selectors.forget_offers()
    return {program.slug: program for program in Program.objects.all()}


def _copy(row: Model, copies: dict[Model, Model]) -> Model:
    """Return a row like this one, without an id: a sequence may have begun anew, and would meet the old one.

    It points to the copies of what this one points to.
    """
    values = {field.name: getattr(row, field.name) for field in row._meta.fields if not field.primary_key}
    pointing = {name: copies[value] for name, value in values.items() if isinstance(value, Model)}
    return type(row)(**values | pointing)


@pytest.fixture(scope="session")
def _worker() -> Worker:
    return Worker()


@pytest.fixture
def deliver(_worker: Worker) -> Callable[[], int]:
    """Run the worker until nothing is due; returns how many rows are left unsent.

    One for all tests: what a worker tidies up when it starts, and now and then, takes longer than many a test.
    """
    return _worker.run_once


@pytest.fixture
def tidy_and_deliver() -> Callable[[], int]:
    """Run a worker that has just been started: the same, after every chore."""
    return lambda: Worker().run_once()


@pytest.fixture
def visit(programs: dict[str, Program], sandbox: Sandbox) -> Callable[[], Visitor]:
    """Make a visitor with a browser of their own."""
    return lambda: Visitor(Client(), sandbox)
