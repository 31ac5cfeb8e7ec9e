"""The dashboard counts from the tallies, draws without anybody's help, and is read out loud as well as looked at."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sms_consent import lines
from sms_consent.models import (
    BrazeLine,
    BrazeProfile,
    ConsentRecord,
    InboundMessage,
    Program,
    Seal,
    SealedRecord,
    Subscription,
    Tally,
)
from tests.sms_consent.admin.conftest import member, staff
from tests.sms_consent.webhooks.events import send, text

URL = "desk"


def page_of(client: Client, **query: Any) -> str:
    answer = client.get(reverse(URL), query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def table(page: str, title: str) -> list[list[str]]:
    """Return the cells of the table that stands beside a picture."""
    part = re.search(rf'<caption class="visually-hidden">{title}</caption>(.*?)</table>', page)
    assert part, title
    rows = re.findall(r"<tr>(.*?)</tr>", part[1])
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


@pytest.fixture
def counted(programs: dict[str, Program]) -> str:
    """A few tallies; returns today as the page writes it."""
    today = timezone.now().date()

    def tally(act: str, source: str, count: int, *, days: int = 0, slug: str = "sms", language: str = "en") -> Tally:
        day = today - timedelta(days=days)
        return Tally(day=day, program=programs[slug], act=act, source=source, language=language, count=count)

    Tally.objects.bulk_create(
        [
            tally("granted", "sign_up", 5),
            tally("requested", "phone_form", 10),
            tally("confirmed", "keyword", 7, language=""),
            tally("expired", "phone_form", 2, language=""),
            tally("withdrawn", "one_click", 3, slug="email", language=""),
            tally("granted", "sign_up", 20, days=40),
            tally("granted", "import", 4000),
        ]
    )
    return today.isoformat()


def test_opt_ins_and_opt_outs_are_counted_by_day_door_program_and_language(boss: Client, counted: str) -> None:
    page = page_of(boss)
    assert table(page, "Opt-ins and opt-outs by day")[1:] == [[counted, "12", "3"]]
    assert table(page, "By door")[1:] == [
        ["Text message", "7", "0"],
        ["Sign-up", "5", "0"],
        ["Unsubscribe link", "0", "3"],
    ]
    assert table(page, "By program")[1:] == [["Text messages", "12", "0"], ["Emails", "0", "3"]]
    assert table(page, "By language of the words")[1:] == [["No words shown", "7", "3"], ["English", "5", "0"]]


def test_completion_of_double_opt_in(boss: Client, counted: str) -> None:
    page = page_of(boss)
    assert table(page, "Double opt-in")[1:] == [["Text messages", "10", "7", "2", "0", "70%"]]
    assert table(page, "Requests by door")[1:] == [["Phone form", "10"]]


def test_it_is_said_that_opt_outs_are_acts_and_not_departures(boss: Client, counted: str) -> None:
    assert "counts each time that it is said, also for an address that was on nothing" in page_of(boss)


def test_programs_of_one_name_are_told_apart(boss: Client, counted: str) -> None:
    Program.objects.update(name="Offers")
    page = page_of(boss)
    assert table(page, "By program")[1:] == [["Offers (sms)", "12", "0"], ["Offers (email)", "0", "3"]]


def test_imports_stand_apart(boss: Client, counted: str) -> None:
    page = page_of(boss)
    assert "12 opt-ins and 3 opt-outs" in page
    assert "Imported meanwhile, and not counted with them: 4,000 opt-ins" in page


@pytest.mark.parametrize(
    ("days", "ins"), [("30", "12"), ("90", "32"), ("365", "32"), ("7", "12"), ("8", "12"), ("x", "12")]
)
def test_the_days_can_be_chosen(boss: Client, counted: str, days: str, ins: str) -> None:
    assert f"<p>{ins} opt-ins" in page_of(boss, days=days)


def test_last_week_is_a_choice(boss: Client, programs: dict[str, Program]) -> None:
    today = timezone.now().date()
    for days in (6, 7):
        Tally.objects.create(
            day=today - timedelta(days=days), program=programs["sms"], act="granted", source="sign_up", count=1
        )
    page = page_of(boss, days="7")
    assert '<a href="?days=30">' in page
    assert '<span aria-current="page">7 days</span>' in page
    assert "<p>1 opt-in and" in page


def test_where_people_asked_stands_beside_the_doors_and_needs_no_opening(boss: Client, counted: str) -> None:
    doors = page_of(boss).split('id="doors-heading"')[1].split("</figure>")[0]
    open_to_all = re.sub("<details>.*?</details>", "", doors)
    assert "Asked to join: Phone form 10." in open_to_all
    assert "counts where it was given" in open_to_all


def test_what_was_confirmed_has_the_colour_of_opt_ins(boss: Client, counted: str) -> None:
    picture = page_of(boss).split('id="completion-heading"')[1].split("</figure>")[0]
    assert re.search(r'<span class="first"[^>]*>■</span> confirmed', picture)
    assert '<rect class="first"' in picture
    assert '<rect class="second"' not in picture


def test_pictures_are_read_out_and_need_nobody_else(boss: Client, counted: str) -> None:
    answer = boss.get(reverse(URL))
    page = answer.content.decode()
    pictures = re.findall(r'<div role="img" aria-labelledby="([\w-]+) ([\w-]+)">', page)
    assert len(pictures) == 5
    for title, description in pictures:
        assert re.search(rf'<h2 id="{title}">[^<]+</h2>', page)
        assert re.search(rf'<p class="visually-hidden" id="{description}">[^<]+</p>', page)
    assert "12 opt-ins, 3 opt-outs in all" in page
    assert " style=" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_waits_is_shown_with_the_way_to_it(boss: Client, alice: User) -> None:
    hour = timezone.now() - timedelta(hours=1)
    Subscription.objects.filter(program__slug="sms").update(due_at=hour, marked_at=hour)
    Subscription.objects.filter(program__slug="email").update(parked_at=hour)
    lines.stop("/users/track", BrazeLine.Lane.REST, reason="401", refused="x")
    InboundMessage.objects.create(kind="text", outcome="unknown", needs_review=True, occurred_at=hour)
    page = page_of(boss)
    assert f'the oldest since <time datetime="{hour:%Y-%m-%dT%H:%M:%SZ}">' in page
    numbers = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert numbers == {
        "Waiting for Braze": "3",  # the number, and two people: she and the boss
        "Parked: Braze refused it": "1",
        "Stopped lines to Braze": "1",
        "Unmatched texts to read": "1",
        "Last seal": "none yet",
    }
    for link in ("subscription/?outbox=parked", "brazeline/", "inboundmessage/?needs_review__exact=1"):
        assert f'href="/admin/sms_consent/{link}"' in page


def test_texts_that_were_not_understood_are_not_called_read(
    boss: Client, programs: dict[str, Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    send([text("STOP")], token=settings.BRAZE_WEBHOOK_TOKEN)
    page = page_of(boss)
    assert ("none waits" in page, "every text of the past 7 days was understood" in page) == (True, True)
    for said in ("What time do you open?", "Anybody there?"):
        send([text(said)], token=settings.BRAZE_WEBHOOK_TOKEN)
    old, new = InboundMessage.objects.filter(outcome="unknown").order_by("pk")
    InboundMessage.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=7, minutes=1))
    InboundMessage.objects.create(kind="group_state", outcome="unknown", occurred_at=timezone.now())
    page = page_of(boss)
    assert ("none waits" in page, "all were read" in page) == (True, False)
    [link] = re.findall(r'<a href="([^"]+)">1 text of the past 7 days</a> was not understood', page)
    assert [row.pk for row in boss.get(link).context["cl"].result_list] == [new.pk]
    assert "1 text of the past 7 days was not understood" in page_of(member("marketer"))
    monkeypatch.setattr("sms_consent.admin.figures.NEWEST", 1)
    assert ">1 or more text of the past 7 days</a>" in page_of(boss)


@pytest.mark.parametrize("minutes", [-1, 5])  # until it is tried again
def test_a_change_waits_since_braze_has_been_out_of_date_however_often_it_was_tried(
    minutes: int, boss: Client, alice: User
) -> None:
    BrazeProfile.objects.update(due_at=None)
    now, hour = timezone.now(), timezone.now() - timedelta(hours=1)
    row = Subscription.objects.get(program__slug="sms")
    Subscription.objects.filter(pk=row.pk).update(
        due_at=now + timedelta(minutes=minutes), marked_at=hour, attempts=9, leased_until=None
    )
    assert f'the oldest since <time datetime="{hour:%Y-%m-%dT%H:%M:%SZ}">' in page_of(boss)
    page = boss.get(reverse("admin:sms_consent_subscription_change", args=[row.pk])).content.decode()
    assert f"waiting since {hour:%Y-%m-%d %H:%M} UTC" in page


def test_what_failed_and_is_tried_again_is_not_called_nothing(boss: Client, alice: User) -> None:
    BrazeProfile.objects.update(due_at=None)
    Subscription.objects.update(due_at=None)
    assert "nothing waits" in page_of(boss)
    Subscription.objects.filter(program__slug="sms").update(due_at=timezone.now() + timedelta(minutes=1), attempts=3)
    page = page_of(boss)
    assert ("1 of them failed and will be tried again" in page, "nothing waits" in page) == (True, False)
    assert '<div class="look"><dt>Waiting for Braze</dt><dd>1</dd>' in page


def test_the_last_seal_and_what_it_does_not_cover(boss: Client, alice: User) -> None:
    assert "2 of the newest records not sealed yet" in page_of(boss)
    [seal] = Seal.objects.bulk_create(
        [Seal(number=8, previous="0" * 64, count=1, total=1, root="0" * 64, sealed_at=timezone.now())]
    )
    covered = ConsentRecord.objects.order_by("pk")[0]
    SealedRecord.objects.bulk_create([SealedRecord(record=covered, seal=seal, position=0, leaf=b"x")])
    page = page_of(boss)
    assert "<dt>Last seal</dt><dd>8</dd>" in page
    assert "1 of the newest records not sealed yet" in page


def test_a_new_site_says_what_will_stand_there(boss: Client) -> None:
    page = page_of(boss)
    assert page.count("What happens is counted when it is sealed, and stands here then.") == 4
    assert "Nobody asked to join in these days" in page
    assert "<div role" not in page


def test_records_are_not_counted(boss: Client, alice: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        page_of(boss)
    assert not [it for it in queries if "COUNT" in it["sql"] and '"sms_consent_consentrecord"' in it["sql"]]


def test_it_is_for_who_may_see_counts_and_only_read(boss: Client, db: None) -> None:
    assert Client().get(reverse(URL)).status_code == 302
    assert staff("view_consentrecord").get(reverse(URL)).status_code == 403
    assert boss.post(reverse(URL)).status_code == 405
    assert reverse(URL) in boss.get(reverse("admin:index")).content.decode()
