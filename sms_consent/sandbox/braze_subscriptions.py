"""The subscription group calls of the fake Braze, and /email/status (braze.md §4, §5)."""

from __future__ import annotations

from functools import partial

from .answers import Answer, Deed, RefusalError, accepted, group_of, ids_of
from .records import (
    EMAIL_SUBSCRIBE_STATES,
    SUBSCRIBED,
    UNSUBSCRIBED,
    Group,
    Json,
    Profile,
    clean_email,
    clean_phone,
)
from .wire import Request
from .world import World

BOTH_ADDRESSES = "Either an email address or a phone number should be provided, but not both."
MAX_PAGE = 100


def set_status(world: World, body: Json) -> Answer:
    """POST /subscription/status/set (P-subset-v1)."""
    if body.get("email") and body.get("phone"):
        raise RefusalError(400, BOTH_ADDRESSES)
    return accepted(_deeds(world, body, external_ids="external_id", emails="email", phones="phone"))


def set_status_v2(world: World, body: Json) -> Answer:
    """POST /v2/subscription/status/set (P-subset-v2). One bad group refuses the whole call."""
    entries = body.get("subscription_groups")
    if not isinstance(entries, list) or not entries or not all(isinstance(one, dict) for one in entries):
        raise RefusalError(400, "'subscription_groups' must be an array of objects")
    if any(one.get("emails") for one in entries) and any(one.get("phones") for one in entries):
        raise RefusalError(400, BOTH_ADDRESSES)
    deeds: list[Deed] = []
    for entry in entries:
        deeds += _deeds(world, entry, external_ids="external_ids", emails="emails", phones="phones")
    return accepted(deeds)


def get_status(world: World, request: Request) -> Answer:
    """GET /subscription/status/get (R-statusget). The answer is keyed by the ids as asked."""
    query = request.query
    group = group_of(world, next(iter(query.get("subscription_group_id", [])), None))
    external_ids = ids_of(query.get("external_id"))
    if external_ids:
        found = {one: world.people.get(one) for one in external_ids}
        return Answer(200, {"status": _status(group, found), "message": "success"})
    if query.get("email") and query.get("phone"):
        raise RefusalError(400, BOTH_ADDRESSES)
    addresses = ids_of(query.get("email") or query.get("phone"))
    if not addresses:
        raise RefusalError(400, "An external_id, email or phone is required")
    holders = {one: next(iter(world.people.holders(_address(one))), None) for one in addresses}
    return Answer(200, {"status": _status(group, holders), "message": "success"})


def list_groups(world: World, request: Request) -> Answer:
    """GET /subscription/user/status (P-usergroups)."""
    query = request.query
    found: dict[str, Profile] = {}
    for external_id in ids_of(query.get("external_id")):
        if profile := world.people.get(external_id):
            found[profile.braze_id] = profile
    for address in ids_of(query.get("email")) + ids_of(query.get("phone")):
        found |= {one.braze_id: one for one in world.people.holders(_address(address))}
    if not any(query.get(name) for name in ("external_id", "email", "phone")):
        raise RefusalError(400, "An external_id, email or phone is required")
    limit, offset = _number(query, "limit", MAX_PAGE), _number(query, "offset", 0)
    page = list(found.values())[offset : offset + min(limit, MAX_PAGE)]
    users = [_user(world, profile) for profile in page]
    return Answer(200, {"users": users, "total_count": len(found), "message": "success"})


def set_email_status(world: World, body: Json) -> Answer:
    """POST /email/status: the global email state, kept also for an unknown address."""
    state = body.get("subscription_state")
    if state not in EMAIL_SUBSCRIBE_STATES:
        raise RefusalError(400, "Invalid subscription state")
    addresses = _emails(ids_of(body.get("email")))
    if not addresses:
        raise RefusalError(400, "'email' is required")
    return accepted([partial(_set_global, world, address, state) for address in addresses])


def _set_global(world: World, address: str, state: str) -> str:
    is_held = world.states.set_global_email(address, state)
    return f"{address} is {state}" if is_held else f"nobody holds {address}: {state} is parked"


def _deeds(world: World, entry: Json, *, external_ids: str, emails: str, phones: str) -> list[Deed]:
    """Check one group's entry and return a deed per id."""
    group = group_of(world, entry.get("subscription_group_id"))
    states = {"subscribed": SUBSCRIBED, "unsubscribed": UNSUBSCRIBED}
    state = states.get(str(entry.get("subscription_state")))
    if state is None:
        raise RefusalError(400, "Invalid subscription state")
    names = ids_of(entry.get(external_ids))
    addresses = _emails(ids_of(entry.get(emails))) + _phones(ids_of(entry.get(phones)))
    if not names and not addresses:
        raise RefusalError(400, "An external_id, email or phone is required")
    wrong = phones if group.channel == "email" else emails
    if entry.get(wrong):
        raise RefusalError(400, f"'{wrong}' cannot be used with an {group.channel} subscription group")
    flag = entry.get("use_double_opt_in_logic") is True
    by_name = [partial(world.set_by_external_id, group, one, state, double_opt_in=flag) for one in names]
    by_address = [partial(world.set_by_address, group, one, state, double_opt_in=flag) for one in addresses]
    return [*by_name, *by_address]


def _phones(values: list[str]) -> list[str]:
    cleaned = [clean_phone(value) for value in values]
    if None in cleaned:
        raise RefusalError(400, "Phone numbers must be in E.164 format")
    return [one for one in cleaned if one]


def _emails(values: list[str]) -> list[str]:
    cleaned = [clean_email(value) for value in values]
    if None in cleaned:
        raise RefusalError(400, "Invalid email address")
    return [one for one in cleaned if one]


def _address(value: str) -> str:
    return clean_phone(value) or value.lower()


def _status(group: Group, found: dict[str, Profile | None]) -> dict[str, str]:
    return {key: one.states.get(group.id, "Unknown") if one else "Unknown" for key, one in found.items()}


def _user(world: World, profile: Profile) -> Json:
    groups = [world.groups[key] for key in profile.states if key in world.groups]
    return {
        "email": profile.email,
        "phone": profile.phone,
        "external_id": profile.external_id,
        "subscription_groups": [
            {"id": one.id, "name": one.name, "channel": one.channel, "status": profile.states[one.id]} for one in groups
        ],
    }


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = next(iter(query.get(name, [])), str(default))
    if not text.isascii() or not text.isdigit():
        raise RefusalError(400, f"'{name}' must be a number")
    return int(text)
