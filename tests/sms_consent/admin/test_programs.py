"""Marketers edit programs, draft words, look at them, publish them; what is published stays."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from sms_consent import disclosures, selectors
from sms_consent.models import Disclosure, Keyword, Program, Subscription
from sms_consent.sandbox import Sandbox
from tests.people import ALICES_PHONE, Deliver
from tests.sms_consent.admin.conftest import staff

GROUP = "5a4d0000-0000-4000-8000-00000000000f"


def fields_of(program: Program, **changes: Any) -> dict[str, Any]:
    names = ("name", "brand", "purpose", "frequency", "sender", "subscription_group_id", "position")
    data = {name: getattr(program, name) for name in names} | {"is_active": "on"}
    inline = {"disclosures-TOTAL_FORMS": 0, "disclosures-INITIAL_FORMS": 0}
    return data | inline | changes


def words_of(version: Disclosure, **changes: str) -> dict[str, str]:
    return {"label": version.label, "draft": version.draft, "button_label": version.button_label} | changes


def change_url(row: Program | Disclosure) -> str:
    return reverse(f"admin:sms_consent_{row._meta.model_name}_change", args=[row.pk])


def publish_url(draft: Disclosure) -> str:
    return reverse("admin:sms_consent_disclosure_publish", args=[draft.pk])


def publish(client: Client, draft: Disclosure) -> Any:
    seen = client.get(publish_url(draft)).context["seen"]
    return client.post(publish_url(draft), {"seen": seen}, follow=True)


@pytest.fixture
def sms(programs: dict[str, Program]) -> Program:
    return programs["sms"]


@pytest.fixture
def draft(sms: Program) -> Disclosure:
    return disclosures.draft(sms, language="en", text=disclosures.SMS_DRAFT, label="Texts, please", button="Join")


def test_taking_brazes_word_is_for_marketers_to_decide(boss: Client, sms: Program) -> None:
    assert "however it came to be" in boss.get(change_url(sms)).content.decode()
    boss.post(change_url(sms), fields_of(sms, takes_brazes_word="on"), follow=True)
    sms.refresh_from_db()
    assert sms.takes_brazes_word


def test_a_new_group_is_told_everything_again(
    boss: Client, sms: Program, alice: User, sandbox: Sandbox, deliver: Deliver
) -> None:
    deliver()
    sandbox.world.set_group(GROUP, "sms")
    page = boss.post(change_url(sms), fields_of(sms, subscription_group_id=GROUP), follow=True)
    assert "The group has changed" in page.content.decode()
    assert deliver() == 0
    assert sandbox.world.state(GROUP, ALICES_PHONE) == "Subscribed"


def test_a_new_group_changes_no_subscription_while_staff_wait(boss: Client, sms: Program, alice: User) -> None:
    with CaptureQueriesContext(connection) as seen:
        boss.post(change_url(sms), fields_of(sms, subscription_group_id=GROUP))
    assert [query["sql"] for query in seen if 'UPDATE "sms_consent_subscription"' in query["sql"]] == []
    assert Program.objects.get(pk=sms.pk).subscription_group_id == GROUP


def test_any_other_edit_tells_braze_nothing(boss: Client, sms: Program, alice: User) -> None:
    Subscription.objects.filter(program=sms).update(told="subscribed", due_at=None)
    boss.post(change_url(sms), fields_of(sms, name="Texts"))
    assert Program.objects.get(pk=sms.pk).name == "Texts"
    assert Subscription.objects.get(program=sms).due_at is None


def test_a_program_that_is_only_texted_to_is_offered(boss: Client, sms: Program) -> None:
    only = Program.objects.get(pk=sms.pk)
    only.pk, only.name, only.slug, only.subscription_group_id = None, "Tips", "tips", GROUP
    only.save(force_insert=True)
    changelist = reverse("admin:sms_consent_program_changelist")
    saved = boss.post(change_url(only), fields_of(only), follow=True).content.decode()
    assert "Not offered yet" in saved
    assert "None: not offered" in boss.get(changelist).content.decode()
    keyword = Keyword.objects.filter(disclosure__isnull=False)[0]
    words = Disclosure.objects.get(pk=keyword.disclosure_id)
    copy = disclosures.draft(only, door="keyword", language="en", text=words.draft, label="Tips", button="Text us")
    disclosures.publish(copy)
    assert "Not offered yet" in boss.post(change_url(only), fields_of(only), follow=True).content.decode()
    keyword.pk, keyword.word, keyword.program, keyword.disclosure = None, "TIPS", only, copy
    keyword.save()
    saved = boss.post(change_url(only), fields_of(only), follow=True).content.decode()
    assert "Not offered yet" not in saved
    listed = boss.get(changelist).content.decode()
    assert "Only by keyword" in listed
    assert "None: not offered" not in listed


def test_a_program_in_other_languages_only_is_offered_in_these(boss: Client, sms: Program, settings: Any) -> None:
    english = Disclosure.objects.get(program=sms, language="en", door="form")
    copy = {field.name: getattr(english, field.name) for field in english._meta.fields if not field.primary_key}
    tips = Program.objects.get(pk=sms.pk)
    tips.pk, tips.name, tips.slug, tips.subscription_group_id = None, "Tips", "tips", GROUP
    tips.save(force_insert=True)

    def says() -> str:
        listed = boss.get(reverse("admin:sms_consent_program_changelist")).content.decode()
        row = listed.split(f'href="{change_url(tips)}')[1].split("</tr>")[0]
        return re.findall(r'field-words_in_force">(.*?)</td>', row)[0]

    for language in ("es", "fr"):
        Disclosure.objects.create(**copy | {"program": tips, "language": language})
    disclosures.draft(tips, language="de", text="x", label="x", button="x")
    assert says() == "Only in Spanish and French"
    assert "Not offered yet" not in boss.post(change_url(tips), fields_of(tips), follow=True).content.decode()
    word = Keyword.objects.filter(program=sms, disclosure__isnull=False)[0]
    word.pk, word.word, word.program = None, "TIPS", tips
    word.save()
    assert says() == "Only in Spanish and French, or by keyword"
    settings.LANGUAGES = [("en", "English"), ("fr", "French")]
    assert says() == "Only in French, or by keyword"
    Disclosure.objects.create(**copy | {"program": tips})
    assert says() == "Version 1"


def test_slug_and_channel_stay(boss: Client, sms: Program) -> None:
    assert boss.post(change_url(sms), fields_of(sms, slug="other", channel="email")).status_code == 302
    sms.refresh_from_db()
    assert (sms.slug, sms.channel) == ("sms", "sms")


def test_a_program_is_never_deleted(boss: Client, sms: Program) -> None:
    assert boss.post(reverse("admin:sms_consent_program_delete", args=[sms.pk]), {"post": "yes"}).status_code == 403


def test_a_group_id_that_is_none_is_an_error_beside_the_field(boss: Client, sms: Program) -> None:
    page = boss.post(change_url(sms), fields_of(sms, subscription_group_id="no good"))
    assert "Copy the id" in page.content.decode()
    assert Program.objects.get(pk=sms.pk).subscription_group_id == sms.subscription_group_id


def test_saving_drops_the_offers_that_are_kept(
    boss: Client, sms: Program, django_capture_on_commit_callbacks: Any
) -> None:
    assert [offer.program.name for offer in selectors.offers("en")][0] == sms.name
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(change_url(sms), fields_of(sms, name="Changed"))
    assert [offer.program.name for offer in selectors.offers("en")][0] == "Changed"


def test_editing_what_words_quote_says_that_they_stay(boss: Client, sms: Program) -> None:
    page = boss.post(change_url(sms), fields_of(sms, frequency="Daily"), follow=True)
    assert "Published words still say what they said" in page.content.decode()


def test_a_new_version_is_numbered_and_leads_to_its_preview(boss: Client, sms: Program) -> None:
    first = Disclosure.objects.get(program=sms, door="form")
    copied = boss.get(reverse("admin:sms_consent_disclosure_add"), {"from": first.pk})
    initial = copied.context["adminform"].form.initial
    assert (initial["draft"], initial["label"], initial["program"]) == (first.draft, first.label, sms.pk)
    data = words_of(first, program=str(sms.pk), door="form", language="en", label="Second")
    before = Disclosure.objects.count()
    answer = boss.post(reverse("admin:sms_consent_disclosure_add"), data)
    second = Disclosure.objects.get(label="Second")
    assert (second.version, second.published_at) == (Disclosure.objects.filter(program=sms).count(), None)
    assert answer.url == publish_url(second)
    assert Disclosure.objects.count() == before + 1  # no row beside it


@pytest.mark.parametrize("source", ["x", "999", "", "-1", "9" * 30, "²"])
def test_a_version_that_is_not_there_is_not_copied(boss: Client, sms: Program, source: str) -> None:
    assert boss.get(reverse("admin:sms_consent_disclosure_add"), {"from": source}).status_code == 200


def test_words_are_looked_at_and_published(
    boss: Client, draft: Disclosure, django_capture_on_commit_callbacks: Any
) -> None:
    selectors.offers("en")
    page = boss.get(publish_url(draft)).content.decode()
    assert "Texts, please" in page
    assert '/terms/">Terms</a>' in page
    assert Disclosure.objects.get(pk=draft.pk).published_at is None  # a GET changes nothing
    with django_capture_on_commit_callbacks(execute=True):
        publish(boss, draft)
    draft.refresh_from_db()
    assert draft.published_at is not None
    assert [o.disclosure.pk for o in selectors.offers("en") if o.program.slug == "sms"] == [draft.pk]
    assert "In force" in boss.get(change_url(draft)).content.decode()


def test_publishing_says_where_words_of_the_program_are_older(boss: Client, sms: Program, draft: Disclosure) -> None:
    page = html.unescape(publish(boss, draft).content.decode())
    assert "Older words of “Text messages”, or none, still stand here:" in page
    listed = page.split("still stand here: ")[1].split("</li>")[0]
    assert "A box on a form: Spanish (none)" in listed
    assert re.search(r"The button of the phone form: English \(version \d\), Spanish \(none\)", listed)
    assert "A box on a form: English" not in listed
    assert "Another system" not in listed


def test_publishing_the_only_words_says_nothing_more(boss: Client, sms: Program, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English")]
    sms.pk, sms.slug, sms.subscription_group_id = None, "tips", GROUP
    sms.save(force_insert=True)
    only = disclosures.draft(sms, language="en", text=disclosures.SMS_DRAFT, label="Texts, please", button="Join")
    page = publish(boss, only).content.decode()
    assert "is published" in page
    assert "still stand here" not in page


def test_what_is_missing_is_shown_with_its_number_and_not_published(boss: Client, draft: Disclosure) -> None:
    boss.post(change_url(draft), words_of(draft, draft="Texts from {brand} about {purpose}. STOP."))
    page = boss.get(publish_url(draft)).content.decode()
    assert "CTA-12" in page
    assert "Publish these words" not in page
    after = publish(boss, draft).content.decode()
    assert "(CTA-13)" in after
    assert Disclosure.objects.get(pk=draft.pk).published_at is None


def test_an_unknown_placeholder_is_named(boss: Client, draft: Disclosure) -> None:
    Disclosure.objects.filter(pk=draft.pk).update(draft="{nonsense}")
    assert "{nonsense} is not a placeholder" in boss.get(publish_url(draft)).content.decode()
    assert boss.get(change_url(draft)).status_code == 200


def test_words_that_changed_since_they_were_seen_are_not_published(
    boss: Client, sms: Program, draft: Disclosure
) -> None:
    seen = boss.get(publish_url(draft)).context["seen"]
    Program.objects.filter(pk=sms.pk).update(brand="Another Brand")
    page = boss.post(publish_url(draft), {"seen": seen}, follow=True)
    assert "have changed since you looked" in page.content.decode()
    assert Disclosure.objects.get(pk=draft.pk).published_at is None


def test_published_words_are_frozen(boss: Client, sms: Program) -> None:
    first = Disclosure.objects.get(program=sms, door="form")
    before = Disclosure.objects.filter(pk=first.pk).values().get()
    assert boss.post(change_url(first), words_of(first, label="Other")).status_code == 403
    delete = reverse("admin:sms_consent_disclosure_delete", args=[first.pk])
    assert boss.post(delete, {"post": "yes"}).status_code == 403
    boss.post(
        reverse("admin:sms_consent_disclosure_changelist"),
        {"action": "delete_selected", "_selected_action": [first.pk], "post": "yes"},
    )
    boss.post(publish_url(first), {"seen": "x"})
    assert Disclosure.objects.filter(pk=first.pk).values().get() == before


def test_a_draft_may_go(boss: Client, draft: Disclosure) -> None:
    boss.post(reverse("admin:sms_consent_disclosure_delete", args=[draft.pk]), {"post": "yes"})
    assert not Disclosure.objects.filter(pk=draft.pk).exists()


def test_words_are_escaped(boss: Client, draft: Disclosure) -> None:
    boss.post(change_url(draft), words_of(draft, draft="<script>x</script>", label="<b>y</b>"))
    page = boss.get(publish_url(draft)).content.decode()
    assert "<script>x" not in page
    assert "<b>y" not in page


def test_staff_without_permission_publish_nothing(draft: Disclosure) -> None:
    client = staff("view_disclosure", "view_program")
    for answer in (client.get(publish_url(draft)), client.post(publish_url(draft), {"seen": "x"})):
        assert answer.status_code == 403
