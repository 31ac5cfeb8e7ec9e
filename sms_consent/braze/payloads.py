"""Bodies of Braze calls, built from plain values. Pure; the shapes are those of braze.md §§3, 4 and 10."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import phonenumbers

Body = dict[str, Any]

# A custom attribute; its value opens a door, so of what Braze accepted only a hash is kept (SEC-9).
LINK = "unsubscribe_url"
TEXT_LINK = "text_unsubscribe_url"
ADDRESSES = {"email": False, "phone": True}  # attributes, and whether they are numbers


class Consent(NamedTuple):
    """Where one of a person's addresses stands on one program.

    `state` is none, pending, subscribed or unsubscribed; `told` what Braze last accepted ("asked" for double
    opt-in); `is_to_start` that the first call of the pair has asked, and the second has yet to start it;
    `was_opened` that a call with its consent has been opened so lately that it may yet land.
    """

    subscription: int
    program: str
    group_id: str
    is_sms: bool
    state: str
    told: str
    is_to_start: bool = False
    was_opened: bool = False


class Person(Protocol):
    """Who a profile is about; an address is empty or None where unknown."""

    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def language(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


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
    """Return what a person's profile should say but for the link. An address is there only with a reason (rule 11)."""
    wanted: Body = {"language": person.language, "time_zone": person.time_zone}
    texts = [consent for consent in consents if consent.is_sms]
    emails = [consent for consent in consents if not consent.is_sms]
    is_on = "subscribed" in {consent.state for consent in emails}
    is_to_be_texted = bool({consent.state for consent in texts} & {"pending", "subscribed"})
    if person.phone and (is_to_be_texted or _is_there(person.phone, texts, accepted.get("phone"), is_unknown)):
        wanted |= {"phone": person.phone, "country": _country(person.phone)}
    if person.email and (is_on or _is_there(person.email, emails, accepted.get("email"), is_unknown)):
        # Leaving is told by address, in the lane of opt-outs (rule 4).
        wanted |= {"email": person.email, "email_subscribe": "opted_in" if is_on else ""}
    return {name: value for name, value in wanted.items() if value}


def _is_there(address: str, consents: Sequence[Consent], accepted: str | None, is_unknown: bool) -> bool:
    """Whether Braze has the address, or may have got it by a call whose fate is unknown."""
    return accepted == address or (is_unknown and any(consent.was_opened for consent in consents))


def _country(phone: str) -> str:
    is_north_american = phone.startswith("+1") and phone[2:].isdecimal()  # spelled out, it need not be parsed
    number = phonenumbers.PhoneNumber(1, int(phone[2:])) if is_north_american else phonenumbers.parse(phone)
    return phonenumbers.region_code_for_number(number) or ""


def difference(wanted: Body, accepted: Mapping[str, Any], *, is_unknown: bool) -> tuple[Body, Body]:
    """Return what Braze must be sent, and what is written down of what it has once it has taken that.

    What differs, or everything when what it has is unknown. An address that is no longer wanted is cleared with null,
    and written down as such; other attributes are left as they are. `accepted` is what was written down before: the
    links as hashes, the others as they are; an address is empty in it where Braze may have one or another.
    """
    hashes = {name: hashlib.sha256(wanted[name].encode()).hexdigest() for name in (LINK, TEXT_LINK) if name in wanted}
    kept = {**wanted, **hashes}
    changed = {name: value for name, value in wanted.items() if is_unknown or accepted.get(name) != kept[name]}
    has = {**accepted, **{name: kept[name] for name in changed}}
    for name in ADDRESSES:
        if name not in wanted and (is_unknown or accepted.get(name)):
            changed[name] = has[name] = None
    return changed, has


def is_moving(changed: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """Whether these changes give a profile another address than a call before did, which may yet land after them."""
    return any(name in changed and name in accepted and changed[name] != accepted[name] for name in ADDRESSES)


def takes_away(name: str, changed: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """Whether these changes leave a profile without the address that Braze has of it, or had."""
    return name in accepted and name in changed and changed[name] is None


@dataclass
class Riders:
    """The `subscription_groups` of a profile's call, the email consents that it tells, the requests that it starts."""

    entries: list[Body] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)


def riders(consents: Sequence[Consent], changed: Mapping[str, Any]) -> Riders:
    """Return what travels in a profile's call. `told` and `started` are ids of subscriptions.

    Email consents travel here, again whenever the address does. A number's consent, already accepted by the first call,
    is repeated when this call puts the number on the profile; with double opt-in, that is what starts it.
    """
    found = Riders()
    for it in consents:
        if not it.is_sms:
            if it.state != "subscribed" or (it.told == "subscribed" and not changed.get("email")):
                continue
            if it.told != "subscribed":
                found.told.append(it.subscription)
        elif not changed.get("phone") or not _goes_with_its_number(it):
            continue
        elif it.state == "pending":
            found.started.append(it.subscription)
        found.entries.append(_entry(it))
    return found


def _goes_with_its_number(consent: Consent) -> bool:
    return consent.is_to_start if consent.state == "pending" else consent.state == consent.told == "subscribed"


def farewells(groups: Iterable[str]) -> list[Body]:
    """Return what travels with a call that takes an address from its profile, for these subscription groups.

    A profile keeps its states when its address goes (R-phones), and the opt-out, which is told by address, does not
    find it any more if it lands later. The next address would come into them.
    """
    return [{"subscription_group_id": group, "subscription_state": "unsubscribed"} for group in groups]


def _entry(consent: Consent) -> Body:
    entry: Body = {"subscription_group_id": consent.group_id, "subscription_state": "subscribed"}
    if consent.state == "pending":
        entry["use_double_opt_in_logic"] = True
    return entry
