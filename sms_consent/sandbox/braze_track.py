"""POST /users/track of the fake Braze (braze.md §3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from .answers import Answer, Deed, RefusalError, accepted
from .records import (
    EMAIL_SUBSCRIBE_STATES,
    SUBSCRIBED,
    UNSUBSCRIBED,
    Json,
    Profile,
    clean_email,
    clean_phone,
)
from .world import World

ARRAYS = ("attributes", "events", "purchases")
MAX_OBJECTS = 75
MAX_EXTERNAL_ID_BYTES = 987
PRIMARY = ("external_id", "user_alias", "braze_id")
NOTHING_VALID = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
NO_IDENTIFIER = "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required"
BAD_EMAIL = "The value provided for the 'email' field is not a valid email."
# Not attributes: they say whom an object is about, or are handled on their own.
NOT_STORED = (*PRIMARY, "email", "phone", "email_subscribe", "subscription_groups", "_update_existing_only")


def track(world: World, body: Json, refused: str | None = None) -> Answer:
    """Queue what is valid and report the rest by index. `refused` marks objects to report as a fault."""
    objects = list(_objects(body))
    if len(objects) > MAX_OBJECTS:
        raise RefusalError(400, "Max Input Length Exceeded")
    errors: list[Json] = []
    deeds: list[Deed] = []
    processed: dict[str, int] = {}
    for array, index, item in objects:
        error = _injected(item, refused) or _error(world, array, item)
        if error is not None:
            errors.append({"type": error, "input_array": array, "index": index})
            continue
        deeds.append(partial(_apply, world, array, item))
        processed[f"{array}_processed"] = processed.get(f"{array}_processed", 0) + 1
    fields: Json = {"errors": errors} if errors else {}
    if not deeds:
        raise RefusalError(400, NOTHING_VALID, **fields)
    return accepted(deeds, **processed, **fields)


def _objects(body: Json) -> Iterator[tuple[str, int, Any]]:
    for array in ARRAYS:
        items = body.get(array)
        if isinstance(items, list):
            yield from ((array, index, item) for index, item in enumerate(items))


def _injected(item: Any, refused: str | None) -> str | None:
    if refused is None or refused not in json.dumps(item, ensure_ascii=False):
        return None
    return "The sandbox was told to refuse this object."


def _error(world: World, array: str, item: Any) -> str | None:
    """Return why an object is refused, in the words or codes Braze is known to use (T-track)."""
    if not isinstance(item, dict):
        return NO_IDENTIFIER
    primaries = [name for name in PRIMARY if item.get(name)]
    if len(primaries) > 1:
        return "Only one of 'external_id', 'braze_id' or 'user_alias' may be provided"
    if not primaries and not item.get("email") and not item.get("phone"):
        return NO_IDENTIFIER
    external_id = item.get("external_id")
    if external_id and not isinstance(external_id, str):
        return NO_IDENTIFIER
    if external_id and len(external_id.encode()) > MAX_EXTERNAL_ID_BYTES:
        return "EXTERNAL_USER_ID_TOO_LARGE"
    if item.get("email") is not None and clean_email(item["email"]) is None:
        return BAD_EMAIL
    if not primaries and not item.get("email") and clean_phone(item["phone"]) is None:
        return NO_IDENTIFIER
    return _attribute_error(world, item) if array == "attributes" else _event_error(array, item)


def _attribute_error(world: World, item: Json) -> str | None:
    if item.get("email_subscribe") not in (None, *EMAIL_SUBSCRIBE_STATES):
        return "BAD_EMAIL_SUBSCRIPTION_STATE"
    entries = item.get("subscription_groups")
    if entries is None:
        return None
    if not isinstance(entries, list):
        return "BAD_SUBSCRIPTION_GROUP_ARRAY"
    return next((error for entry in entries if (error := _group_error(world, entry))), None)


def _group_error(world: World, entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return "BAD_SUBSCRIPTION_GROUP_HASH"
    group_id = entry.get("subscription_group_id")
    if not isinstance(group_id, str) or group_id not in world.groups:
        return "BAD_SUBSCRIPTION_GROUP_ID"
    if entry.get("subscription_state") not in ("subscribed", "unsubscribed"):
        return "BAD_SUBSCRIPTION_GROUP_STATE"
    return None


def _event_error(array: str, item: Json) -> str | None:
    needed = ("name", "time") if array == "events" else ("product_id", "currency", "price", "time")
    missing = next((name for name in needed if item.get(name) is None), None)
    return f"'{missing}' is required" if missing else None


def _apply(world: World, array: str, item: Json) -> str | None:
    profile = _resolve(world, item)
    if profile is None:
        return "no such profile, and none may be created: nothing happens"
    if array == "attributes":
        return "; ".join(_write(world, profile, item)) or None
    kept = profile.events if array == "events" else profile.purchases
    kept.append({name: value for name, value in item.items() if name not in PRIMARY})
    world.people.touch(profile)
    return None


def _resolve(world: World, item: Json) -> Profile | None:
    """Find or make the profile: a primary identifier decides alone, else email, else phone (T-track)."""
    only_existing = item.get("_update_existing_only")
    if external_id := item.get("external_id"):
        found = world.people.get(external_id)
        return found or (None if only_existing else world.people.create(external_id=external_id))
    if alias := item.get("user_alias"):
        found = world.people.get_by_alias(alias)
        return found or (world.people.create(alias=alias) if only_existing is False else None)
    if item.get("braze_id"):
        return world.people.profiles.get(item["braze_id"])
    address = clean_email(item.get("email")) or clean_phone(item.get("phone")) or ""
    found = next(iter(world.people.holders(address)), None)
    return found or (None if only_existing else world.people.create())


def _write(world: World, profile: Profile, item: Json) -> Iterator[str]:
    """Write one attributes object: addresses first, because states come along with them."""
    if "email" in item:
        yield from world.states.move(profile, "email", clean_email(item["email"]))
    if "phone" in item:
        phone = clean_phone(item["phone"])
        if phone is None and item["phone"] is not None:
            # What Braze says to a bad phone is not documented; it "works only with a valid phone".
            yield "the phone is no valid number and is left out"
        else:
            yield from world.states.move(profile, "sms", phone)
    if item.get("email_subscribe") is not None:
        world.states.set_global_email_for_profile(profile, item["email_subscribe"])
    for entry in item.get("subscription_groups") or ():
        yield _write_group(world, profile, entry)
    _write_attributes(profile, item)
    world.people.touch(profile)


def _write_group(world: World, profile: Profile, entry: Json) -> str:
    group = world.groups[entry["subscription_group_id"]]
    state = SUBSCRIBED if entry["subscription_state"] == "subscribed" else UNSUBSCRIBED
    flag = entry.get("use_double_opt_in_logic") is True
    return world.set_on_profile(group, profile, state, double_opt_in=flag)


def _write_attributes(profile: Profile, item: Json) -> None:
    """Store the rest, reserved or custom; null clears."""
    for name, value in item.items():
        if name in NOT_STORED:
            continue
        if value is None:
            profile.attributes.pop(name, None)
        else:
            profile.attributes[name] = value
