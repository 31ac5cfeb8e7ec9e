"""A person's page tells what their addresses did, in plain words, with what was shown and what Braze was told."""

from __future__ import annotations

import html
import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sms_consent import people, services
from sms_consent.admin.timeline import LONGEST
from sms_consent.choices import Source
from sms_consent.ledger import Circumstances
from sms_consent.models import BrazeProfile, ConsentRecord, Evidence, Program, Subscription
from tests.people import ALICE, ALICES_PHONE
from tests.sms_consent.admin.conftest import agree, staff


def shown(client: Client, row: User | Subscription) -> str:
    """Return a row's page from the timeline on, as it reads."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    page = html.unescape(client.get(reverse(name, args=[row.pk])).content.decode())
    return re.sub(r"\s+", " ", page[page.find('<section class="timeline"') :])


def acts(page: str) -> list[str]:
    """Return the acts in the order in which the page tells them."""
    return re.findall(r"<strong>(.*?)</strong>", page)


def test_acts_are_told_newest_first_with_the_words_as_they_were_shown(boss: Client, alice: User) -> None:
    services.withdraw(ALICES_PHONE, source=Source.ADMIN, circumstances=Circumstances(agent="pat", note="phoned"))
    record = ConsentRecord.objects.get(act="granted")
    assert record.disclosure is not None
    page = shown(boss, alice)
    assert acts(page) == [
        "Opted out of “Text messages”",
        "Asked to join “Emails”",
        "Agreed to “Text messages”",
    ]
    for part in (
        f'<time datetime="{record.occurred_at:%Y-%m-%dT%H:%M:%SZ}">',
        record.disclosure.label,
        "recurring automated promotional text messages",
        record.disclosure.button_label,
        "version 1, language “en”",
        "Tester/1.0",
        "https://example.com/",
        "written down by pat",
        reverse("admin:sms_consent_consentrecord_change", args=[record.pk]),
    ):
        assert part in page, part
    assert ALICES_PHONE not in page  # once at the top of the page is enough


def test_both_steps_of_a_double_opt_in_stand_together(boss: Client, alice: User) -> None:
    """DOI-6: request and confirmation, each with when and from where."""
    request = ConsentRecord.objects.get(act="requested")
    assert "<li>Not confirmed</li>" in shown(boss, alice)
    how = Circumstances(ip="198.51.100.9")
    services.confirm([request.pk], address=ALICE, source=Source.SIGN_UP, circumstances=how)
    page = shown(boss, alice)
    pairs = re.findall(r'<ol class="steps">(.*?)</ol>', page)
    assert len(pairs) == 2  # by the request and by its confirmation
    for pair in pairs:
        assert re.search(r"<b>Asked</b>.*from 192\.0\.2\.7.*<b>Confirmed</b>.*from 198\.51\.100\.9", pair)


def test_a_yes_by_text_names_the_text(boss: Client, alice: User) -> None:
    request = ConsentRecord.objects.get(act="requested")
    how = Circumstances(body="Y", provider="braze", provider_id="SM1")
    services.confirm([request.pk], address=ALICE, source=Source.KEYWORD, circumstances=how)
    assert "by the text “Y”, braze SM1" in shown(boss, alice)


def test_former_numbers_count_as_theirs(boss: Client, alice: User) -> None:
    agree("sms", "+12025550188")
    User.objects.filter(pk=alice.pk).update(former_phones=["+12025550188"])
    assert shown(boss, alice).count("Agreed to “Text messages”") == 2


def test_what_braze_was_told_and_refuses_stands_by_program(boss: Client, alice: User) -> None:
    now = timezone.now()
    Subscription.objects.filter(program__slug="sms").update(told="subscribed", told_at=now, due_at=None)
    Subscription.objects.filter(program__slug="email").update(parked_at=now, park_reason="Refused: no such address")
    BrazeProfile.objects.filter(person=alice).update(accepted={"language": "en"}, accepted_at=now, due_at=None)
    page = shown(boss, alice)
    for part in (
        "<td>Subscribed</td>",
        "Waiting for confirmation",
        f"{now:%Y-%m-%d %H:%M:%S}",
        "Refused: no such address",
        '<th scope="row">language</th><td>en</td>',
        "Nothing left to tell",
    ):
        assert part in page, part


def test_an_address_of_nobody_has_the_same_timeline(boss: Client, programs: dict[str, Program]) -> None:
    agree("sms", "+12025550177")
    subscription = Subscription.objects.get()
    assert acts(shown(boss, subscription)) == ["Agreed to “Text messages”"]
    Evidence.objects.update(salt="", payload="")
    Subscription.objects.update(address="")
    page = shown(boss, subscription)
    assert acts(page) == ["Agreed to “Text messages”"]
    assert "erased" in page


def many(record: ConsentRecord, count: int) -> None:
    """Write an act down again so often, with evidence of its own."""
    fields = {field.attname: getattr(record, field.attname) for field in ConsentRecord._meta.fields}
    copies = ConsentRecord.objects.bulk_create([ConsentRecord(**fields | {"id": None}) for _ in range(count)])
    proof = record.evidence
    Evidence.objects.bulk_create([Evidence(record=it, salt=proof.salt, payload=proof.payload) for it in copies])


def test_the_page_costs_the_same_with_many_acts_and_stops_at_two_hundred(boss: Client, alice: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(boss, alice)
        return len(queries)

    cost()
    before = cost()
    record = ConsentRecord.objects.get(act="granted")
    for one in (record, ConsentRecord.objects.get(act="requested")):
        many(one, 15)
    assert cost() == before
    many(record, LONGEST)
    page = shown(boss, alice)
    assert len(acts(page)) == LONGEST
    assert f"{reverse('admin:sms_consent_consentrecord_changelist')}?q={people.subject(ALICES_PHONE)}" in page


def test_who_may_not_read_the_ledger_reads_it_nowhere(alice: User) -> None:
    page = staff("view_user").get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert 'class="timeline"' not in page
    assert "192.0.2.7" not in page
