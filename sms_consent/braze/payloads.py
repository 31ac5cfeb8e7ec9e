"""Bodies of Braze calls, built from plain values. Pure; the shapes are those of braze.md §§3, 4 and 10."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import phonenumbers

Body = dict[str, Any]

# A custom attribute; its value opens a door, so of what Braze accepted only a hash is kept (SEC-9).
LINK = "unsubscribe_url"


class Consent(NamedTuple):
    """Where one of a person's addresses stands on one program.

    `state` is none, pending, subscribed or unsubscribed; `told` what Braze last accepted ("asked" for double
    opt-in); `is_to_start` that the first call of the pair has asked, and the second has yet to start it;
    `was_opened` that a call with its consent has been opened at some time.
    """

    subscription: int
    program: str
    group_id: str
    is_sms: bool
    state: str
    told: str
    is_to_start: bool = False
    was_opened: bool = False


@dataclass(frozen=True)
class Person:
    """Who a profile is about; `email` and `phone` are empty where unknown.

    `unsubscribe_url` is their link to leave; `number_url`, that of the number, stands in for it while the mailbox is
    not proven to be theirs.
    """

    external_id: str
    email: str = ""
    phone: str = ""
    language: str = ""
    time_zone: str = ""
    unsubscribe_url: str = ""
    number_url: str = ""

    @property
    def addresses(self) -> list[str]:
        """The addresses that are known, the phone first."""
        return [address for address in (self.phone, self.email) if address]


def status(
    *,
    group_id: str,
    state: str,
    is_sms: bool,
    addresses: Sequence[str],
    external_id: str = "",
    double_opt_in: bool = False,
) -> Body:
    """Return the first call: one group and state for one new person (`external_id`), or for up to 50 addresses."""
    body: Body = {"subscription_group_id": group_id, "subscription_state": state}
    kind = "phone" if is_sms else "email"
    if external_id:
        body |= {"external_id": external_id, kind: addresses[0]}
    else:
        body[kind] = list(addresses)
    if double_opt_in:
        body["use_double_opt_in_logic"] = True
    return body


def attributes(
    person: Person, consents: Sequence[Consent], accepted: Mapping[str, Any], *, is_unknown: bool = False
) -> Body:
    """Return what a person's profile should say. An address is there only with a reason (rule 11).

    The link to leave is there for whoever can be written to: each attribute that is written costs money.
    """
    wanted: Body = {"language": person.language, "time_zone": person.time_zone}
    texts = [consent for consent in consents if consent.is_sms]
    emails = [consent for consent in consents if not consent.is_sms]
    if person.phone and (
        _any(texts, "pending", "subscribed") or _is_there(person.phone, texts, accepted.get("phone"), is_unknown)
    ):
        wanted |= {"phone": person.phone, "country": _country(person.phone)}
    if person.email and (
        _any(emails, "subscribed") or _is_there(person.email, emails, accepted.get("email"), is_unknown)
    ):
        # Leaving is told by address, in the lane of opt-outs (rule 4).
        wanted |= {"email": person.email, "email_subscribe": "opted_in" if _any(emails, "subscribed") else ""}
    if "email" in wanted:
        wanted[LINK] = person.unsubscribe_url
    elif "phone" in wanted:
        wanted[LINK] = person.number_url or person.unsubscribe_url
    return {name: value for name, value in wanted.items() if value}


def _is_there(address: str, consents: Sequence[Consent], accepted: str | None, is_unknown: bool) -> bool:
    """Whether Braze has the address, or may have got it by a call whose fate is unknown."""
    return accepted == address or (is_unknown and any(consent.was_opened for consent in consents))


def _any(consents: Sequence[Consent], *states: str) -> bool:
    return any(consent.state in states for consent in consents)


def _country(phone: str) -> str:
    is_north_american = phone.startswith("+1") and phone[2:].isdecimal()  # spelled out, it need not be parsed
    number = phonenumbers.PhoneNumber(1, int(phone[2:])) if is_north_american else phonenumbers.parse(phone)
    return phonenumbers.region_code_for_number(number) or ""


def difference(wanted: Body, accepted: Mapping[str, Any], *, is_unknown: bool) -> Body:
    """Return what Braze must be sent: what differs, or everything when what it has is unknown.

    `accepted` is what `kept` made of it. An address that is no longer wanted is cleared with null; other attributes
    are left as they are.
    """
    same = kept(wanted)
    changed = {name: value for name, value in wanted.items() if is_unknown or accepted.get(name) != same[name]}
    gone = {name: None for name in ("email", "phone") if name not in wanted and (is_unknown or name in accepted)}
    return changed | gone


def kept(attributes: Mapping[str, Any]) -> Body:
    """Return what is written down of attributes that Braze accepted: the link as a hash, the others as they are."""
    link = attributes.get(LINK)
    return {**attributes, LINK: hashlib.sha256(link.encode()).hexdigest()} if link else dict(attributes)


def merged(accepted: Mapping[str, Any], changed: Mapping[str, Any]) -> Body:
    """Return what is written down of what Braze has once it has taken a change."""
    return {name: value for name, value in {**accepted, **kept(changed)}.items() if value is not None}


@dataclass(frozen=True)
class Riders:
    """The `subscription_groups` of a profile's call, the email consents that it tells, the requests that it starts."""

    entries: list[Body]
    told: list[int]
    started: list[int]


def riders(consents: Sequence[Consent], changed: Mapping[str, Any]) -> Riders:
    """Return what travels in a profile's call. `told` and `started` are ids of subscriptions.

    Email consents travel here. A number's consent, already accepted by the first call, is repeated when
    this call puts the number on the profile; with double opt-in, that is what starts it.
    """
    emails = [it for it in consents if not it.is_sms and it.state == "subscribed" and it.told != "subscribed"]
    texts = [it for it in consents if it.is_sms] if changed.get("phone") else []
    repeated = [it for it in texts if it.state == "subscribed" and it.told == "subscribed"]
    started = [it for it in texts if it.state == "pending" and it.is_to_start]
    going = [it for it in consents if it in (*emails, *repeated, *started)]
    return Riders([_entry(it) for it in going], [it.subscription for it in emails], [it.subscription for it in started])


def _entry(consent: Consent) -> Body:
    entry: Body = {"subscription_group_id": consent.group_id, "subscription_state": "subscribed"}
    if consent.state == "pending":
        entry["use_double_opt_in_logic"] = True
    return entry
