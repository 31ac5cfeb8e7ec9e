"""Many at once, over real HTTP and real connections: nobody is lost, nothing is written twice, nothing fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts import erasure
from accounts.models import User
from sms_consent import erasures, lapses, people, retention, services
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import ConsentRecord, Erasure, GlobalEmail, Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, Visitor, acts, hidden_fields, standing

MANY = 16
pytestmark = pytest.mark.usefixtures("programs")


class Tab:
    """A browser tab with a form open."""

    def __init__(self, url: str, path: str = "/") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.hidden = hidden_fields(self.session.get(url + path, timeout=30).text)

    def ask(self, phone: str) -> int:
        data = self.hidden | {"phone": phone}
        return self.session.post(f"{self.url}/phone/", data, timeout=60, allow_redirects=False).status_code

    def send(self, email: str, phone: str, *boxes: str) -> int:
        data = self.hidden | {"email": email, "phone": phone} | {f"program_{slug}": "on" for slug in boxes}
        return self.session.post(f"{self.url}/", data, timeout=60, allow_redirects=False).status_code

    def press(self, link: str) -> int:
        hidden = hidden_fields(self.session.get(self.url + link, timeout=30).text)
        data = hidden | {"answer": "confirm"}
        return self.session.post(self.url + link, data, timeout=60, allow_redirects=False).status_code


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """Do all of these at the same moment, each in a thread with a connection of its own."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def tabs(url: str, count: int = MANY, path: str = "/") -> list[Tab]:
    return [Tab(url, path) for _ in range(count)]


@contextmanager
def locked(rows: QuerySet[Any]) -> Iterator[None]:
    """Have somebody else hold the locks of these rows meanwhile."""
    has_them, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(rows.select_for_update())
            has_them.set()
            may_go.wait(timeout=30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    has_them.wait(timeout=30)
    try:
        yield
    finally:
        may_go.set()
        thread.join()


def test_sixteen_sign_ups_with_the_same_email_and_phone(live_server: Any) -> None:
    send = [lambda tab=tab: tab.send(ALICE, ALICES_PHONE, "sms", "email") for tab in tabs(live_server.url)]
    assert at_once(send) == [302] * MANY
    assert User.objects.count() == 1
    assert (acts(ALICES_PHONE, "sms"), acts(ALICE, "email")) == (["granted"], ["requested"])


def test_the_double_click(live_server: Any) -> None:
    tab = Tab(live_server.url)
    click = lambda: tab.send(ALICE, ALICES_PHONE, "sms", "email")  # noqa: E731
    assert at_once([click, click]) == [302, 302]
    assert (User.objects.count(), ConsentRecord.objects.count()) == (1, 2)


def test_somebody_who_is_being_changed_signs_up_again(live_server: Any) -> None:
    """Whoever changes a person locks them before their profile. In the other order each would wait for the other."""
    tab = Tab(live_server.url)
    assert tab.send(ALICE, ALICES_PHONE, "sms", "email") == 302
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            person = User.objects.select_for_update().get()
            again = pool.submit(tab.send, ALICE, "", "email")
            time.sleep(0.5)  # until it waits for the person
            person.save()
        assert again.result() == 302


def test_story_7_sixteen_emails_and_one_number(live_server: Any, sandbox: Sandbox) -> None:
    emails = [f"p{number}@example.com" for number in range(MANY)]
    stranger = User(phone=ALICES_PHONE)
    stranger.set_unusable_password()
    stranger.save()
    open_tabs = tabs(live_server.url)
    pairs = list(zip(open_tabs, emails, strict=True))
    send = [lambda tab=tab, email=email: tab.send(email, ALICES_PHONE, "sms") for tab, email in pairs]
    assert at_once(send) == [302] * MANY
    call_command("send_mail", "--once")
    links = [Visitor(Client(), sandbox).links(email)[0] for email in emails]
    press = [lambda tab=tab, link=link: tab.press(link) for tab, link in zip(open_tabs, links, strict=True)]
    assert at_once(press) == [302] * MANY
    assert User.objects.filter(phone=ALICES_PHONE).exclude(email=None).count() == MANY
    assert not User.objects.filter(email=None).exists()
    assert Subscription.objects.filter(address=ALICES_PHONE).count() == 1


def test_sign_ups_and_stops_of_one_number_end_stopped(live_server: Any) -> None:
    def stop() -> int:
        services.withdraw(ALICES_PHONE, source=Source.KEYWORD, stops=True, circumstances=Circumstances(note="STOP"))
        return 302

    emails = [f"p{number}@example.com" for number in range(8)]
    send = [
        lambda tab=tab, email=email: tab.send(email, ALICES_PHONE, "sms", "email")
        for tab, email in zip(tabs(live_server.url, 8), emails, strict=True)
    ]
    assert at_once([*send, *[stop] * 8]) == [302] * 16
    assert standing(ALICES_PHONE, "sms") == "unsubscribed"
    assert Subscription.objects.get(address=ALICES_PHONE, program__slug="sms").stopped_at
    assert User.objects.count() == 8


def test_the_button_pressed_in_two_tabs_at_once(live_server: Any, visit: Callable[[], Visitor]) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "email")
    link = alice.links(ALICE)[0]
    press = [lambda tab=tab: tab.press(link) for tab in tabs(live_server.url, 8)]
    assert at_once(press) == [302] * 8
    assert acts(ALICE, "email") == ["requested", "confirmed"]


def test_sixteen_phone_forms_with_one_number(live_server: Any) -> None:
    ask = [lambda tab=tab: tab.ask(ALICES_PHONE) for tab in tabs(live_server.url, path="/phone/")]
    assert at_once(ask) == [302] * MANY
    assert User.objects.count() == 1
    assert acts(ALICES_PHONE, "sms") == ["requested"]


def test_phone_forms_and_sign_ups_with_one_number(live_server: Any) -> None:
    forms, doors = tabs(live_server.url, 8, "/phone/"), tabs(live_server.url, 8)
    ask = [lambda tab=tab: tab.ask(ALICES_PHONE) for tab in forms]
    send = [lambda tab=tab: tab.send(ALICE, ALICES_PHONE, "sms") for tab in doors]
    assert at_once([*ask, *send]) == [302] * 16
    assert User.objects.filter(email=ALICE).count() == 1
    assert User.objects.filter(email=None).count() <= 1
    assert standing(ALICES_PHONE, "sms") in ("pending", "subscribed")


def test_eight_workers_let_one_request_lapse_once(live_server: Any) -> None:
    Tab(live_server.url, "/phone/").ask(ALICES_PHONE)
    Subscription.objects.update(requested_at=timezone.now() - timedelta(days=31))
    at_once([lapses.lapse] * 8)
    assert acts(ALICES_PHONE, "sms") == ["requested", "expired"]
    assert not User.objects.exists()


def test_erasures_and_sign_ups_of_one_address(live_server: Any, visit: Callable[[], Visitor]) -> None:
    """Locks first: neither waits for the other in a circle, and whoever signs up is answered like anybody."""
    visit().sign_up(ALICE, ALICES_PHONE, "sms", "email")
    send = [lambda tab=tab: tab.send(ALICE, ALICES_PHONE, "sms", "email") for tab in tabs(live_server.url, 8)]
    ask = [lambda: erasure.ask(User.objects.get(), circumstances=Circumstances(agent="boss")).pk] * 8
    answers = at_once([*send, *ask])
    assert answers[:8] == [302] * 8
    assert (len(set(answers[8:])), acts(ALICES_PHONE, "sms").count("withdrawn")) == (1, 1)
    for model in (Subscription, GlobalEmail):  # as when Braze has taken the opt-outs
        model.objects.update(due_at=None)
    erasures.accept(Erasure.objects.all())
    at_once([*[erasure.carry_on] * 4, *send])
    erasure.carry_on()  # where each of those found a row that a sign-up had locked, the next round goes on
    assert Erasure.objects.get().done_at
    assert User.objects.filter(email=ALICE).count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there are no locks of rows")
def test_an_address_whose_row_somebody_has_locked_goes_in_a_later_round(live_server: Any) -> None:
    Tab(live_server.url).send(ALICE, ALICES_PHONE, "sms")
    erasure.ask(User.objects.get(), circumstances=Circumstances(agent="boss"))
    Subscription.objects.update(due_at=None)
    erasures.accept(Erasure.objects.all())
    with locked(Subscription.objects.filter(address=ALICES_PHONE)):
        erasure.carry_on()
    assert (Subscription.objects.get().address, Erasure.objects.get().done_at) == (ALICES_PHONE, None)
    erasure.carry_on()
    assert (Subscription.objects.get().address, User.objects.count()) == ("", 0)
    assert Erasure.objects.get().done_at


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there are no locks of rows")
def test_an_address_past_its_time_whose_row_somebody_has_locked_goes_in_a_later_round(live_server: Any) -> None:
    services.withdraw(ALICES_PHONE, source=Source.KEYWORD, circumstances=Circumstances())
    Subscription.objects.update(due_at=None, ended_at=timezone.now() - timedelta(days=4000), is_thinned=True)
    other = Subscription.objects.create(
        program=Program.objects.get(slug="email"), subject=people.subject(ALICES_PHONE), address=ALICES_PHONE
    )
    with locked(Subscription.objects.filter(pk=other.pk)):
        assert retention.tidy()
    while retention.tidy():
        pass
    assert not Subscription.objects.exclude(address="").exists()
