"""The links to leave, as custom attributes at Braze: for whom they are there, and how often they are written."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from sms_consent import outbox, people, selectors, unsubscribe_links
from sms_consent.models import BrazeProfile, Program
from sms_consent.sandbox import Sandbox
from tests.people import ALICE, ALICES_PHONE, Deliver, Visit, standing
from tests.sms_consent.delivery.helpers import TRACK, bodies, leave, stop

LINK, TEXT_LINK = "unsubscribe_url", "text_unsubscribe_url"
Named = unsubscribe_links.Named


def links(sandbox: Sandbox, name: str = TEXT_LINK) -> list[str]:
    """Return every such link that was written, in order."""
    people = [person for body in bodies(sandbox, TRACK) for person in body["attributes"]]
    return [person[name] for person in people if name in person]


def named(sandbox: Sandbox, name: str = TEXT_LINK) -> list[Named | None]:
    return [unsubscribe_links.read(link.split("/")[-2]) for link in links(sandbox, name)]


def test_it_is_absolute_and_comes_with_the_first_address(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    attributes = sandbox.world.profiles[0].attributes
    assert attributes[TEXT_LINK].startswith("http://127.0.0.1:8000/unsubscribe/")
    assert LINK not in attributes


def test_who_cannot_be_written_to_has_none(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "email")
    deliver()
    assert links(sandbox) == links(sandbox, LINK) == []


def test_each_is_written_once_with_its_address(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    alice.press(alice.links(ALICE)[0])
    deliver()
    leave(ALICE)
    stop(ALICES_PHONE)
    settings.SECRET_KEY = "another one altogether"
    outbox.mark(User.objects.get())
    assert deliver() == 0
    assert named(sandbox) == [Named(subject=people.subject(ALICES_PHONE))]
    assert named(sandbox, LINK) == [Named(external_id=User.objects.get().external_id)]


def test_a_text_never_carries_the_link_of_the_person(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    """Rule 11: the phone may be a stranger's, mistyped, or that of who signed a stranger's mailbox up."""
    Program.objects.filter(slug="email").update(confirm_sign_ups=False)
    selectors.forget_offers()
    alice = visit()
    alice.sign_up(ALICE, ALICES_PHONE, "sms", "email")
    deliver()
    alice.press(alice.links(ALICE)[0])
    deliver()
    assert named(sandbox) == [Named(subject=people.subject(ALICES_PHONE))]
    assert named(sandbox, LINK) == [Named(User.objects.get().external_id)]
    alice.client.post(alice.unsubscribe_link(ALICES_PHONE), {"List-Unsubscribe": "One-Click"})
    assert (standing(ALICES_PHONE, "sms"), standing(ALICE, "email")) == ("unsubscribed", "subscribed")


def test_it_is_written_again_when_what_braze_has_is_unknown(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    outbox.send_again(BrazeProfile.objects.all())
    deliver()
    first, second = links(sandbox)
    assert first == second


def test_the_site_moving_changes_it(visit: Visit, deliver: Deliver, sandbox: Sandbox, settings: Any) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    settings.SITE_URL = "https://optin.example.com"
    outbox.mark(User.objects.get())
    deliver()
    assert links(sandbox)[-1].startswith("https://optin.example.com/unsubscribe/")


def test_this_database_keeps_only_a_hash_of_it(visit: Visit, deliver: Deliver, sandbox: Sandbox) -> None:
    visit().sign_up(ALICE, ALICES_PHONE, "sms")
    deliver()
    (link,) = links(sandbox)
    assert link.split("/")[-2] not in str(list(BrazeProfile.objects.values()))


def test_two_people_have_two_links_and_neither_shows_an_address(
    visit: Visit, deliver: Deliver, sandbox: Sandbox
) -> None:
    for email in (ALICE, "bob@example.com"):
        someone = visit()
        someone.sign_up(email, ALICES_PHONE, "sms", "email")
        someone.press(someone.links(email)[0])
    deliver()
    found = links(sandbox, LINK)
    assert len(set(found)) == 2
    assert not any("alice" in link or "2025550101" in link for link in found)
