"""Deleting, identifying, merging and exporting profiles at the fake Braze (braze.md §5)."""

from __future__ import annotations

from functools import partial
from typing import Any

from .answers import Answer, Deed, RefusalError, accepted, ids_of, items_of
from .people import pick
from .records import Json, Profile, clean_email, clean_phone
from .world import World

DELETE_KINDS = ("external_ids", "user_aliases", "braze_ids", "email_addresses", "phone_numbers")


def delete(world: World, body: Json) -> Answer:
    """POST /users/delete: one kind of id a request; the count is of ids queued, not of profiles found."""
    kinds = [kind for kind in DELETE_KINDS if body.get(kind)]
    if len(kinds) != 1:
        raise RefusalError(400, "Exactly one kind of identifier must be provided")
    kind = kinds[0]
    if kind in ("external_ids", "braze_ids"):
        wanted: list[Json] = [{kind.removesuffix("s"): one} for one in ids_of(body[kind])]
    elif kind == "user_aliases":
        wanted = [{"user_alias": one} for one in items_of(body, kind)]
    else:
        wanted = items_of(body, kind)
    return accepted([partial(_delete, world, one) for one in wanted], deleted=len(wanted))


def identify(world: World, body: Json) -> Answer:
    """POST /users/identify: give an anonymous profile its external id. 201 even when nothing matched."""
    deeds: list[Deed] = []
    for kind in ("aliases_to_identify", "emails_to_identify", "phone_numbers_to_identify"):
        for item in items_of(body, kind):
            if not isinstance(item.get("external_id"), str):
                raise RefusalError(400, "'external_id' is required")
            deeds.append(partial(_identify, world, item))
    if not deeds:
        raise RefusalError(400, "Nobody to identify was provided")
    return accepted(deeds, aliases_processed=len(deeds))


def merge(world: World, body: Json) -> Answer:
    """POST /users/merge: 202, and asynchronous (P-merge)."""
    pairs = items_of(body, "merge_updates")
    sides = ("identifier_to_merge", "identifier_to_keep")
    if not pairs or not all(isinstance(pair.get(side), dict) for pair in pairs for side in sides):
        raise RefusalError(400, "'merge_updates' must pair an identifier to merge with one to keep")
    deeds: list[Deed] = [partial(_merge, world, *(pair[side] for side in sides)) for pair in pairs]
    return accepted(deeds, status=202)


def export(world: World, body: Json) -> Answer:
    """POST /users/export/ids (P-export). Subscription groups are no exportable field."""
    fields = body.get("fields_to_export")
    if not isinstance(fields, list) or not fields:
        raise RefusalError(400, "'fields_to_export' is required")
    asked: list[Json] = [{"external_id": one} for one in ids_of(body.get("external_ids"))]
    asked += [{"user_alias": one} for one in items_of(body, "user_aliases")]
    asked += [{name: body[name]} for name in ("braze_id", "phone") if body.get(name)]
    asked += [{"email": body["email_address"]}] if body.get("email_address") else []
    if not asked:
        raise RefusalError(400, "An identifier is required")
    found = [(one, _candidates(world, one)) for one in asked]
    users = {profile.braze_id: profile for _, profiles in found for profile in profiles}
    invalid = [next(iter(one.values())) for one, profiles in found if not profiles]
    exported = [_exported(profile, fields) for profile in users.values()]
    return Answer(200, {"users": exported, "invalid_user_ids": invalid, "message": "success"})


def _candidates(world: World, identifier: Json) -> list[Profile]:
    """Return the profiles an identifier may mean; an address may mean several."""
    found: list[Profile | None] = []
    if external_id := identifier.get("external_id"):
        found = [world.people.get(external_id)]
    elif alias := identifier.get("user_alias"):
        found = [world.people.get_by_alias(alias)]
    elif braze_id := identifier.get("braze_id"):
        found = [world.people.profiles.get(braze_id)]
    elif address := clean_email(identifier.get("email")) or clean_phone(identifier.get("phone")):
        found = [*world.people.holders(address)]
    return [profile for profile in found if profile is not None]


def _find(world: World, identifier: Json) -> Profile | None:
    rules = identifier.get("prioritization") or []
    return pick(_candidates(world, identifier), [rules] if isinstance(rules, str) else rules)


def _delete(world: World, identifier: Json) -> str:
    profile = _find(world, identifier)
    if profile is None:
        return "no such profile, or more than one: nothing is deleted"
    world.people.delete(profile)
    return f"{profile.external_id or 'anonymous profile'} is deleted"


def _identify(world: World, item: Json) -> str:
    external_id = item["external_id"]
    anonymous = _find(world, {name: value for name, value in item.items() if name != "external_id"})
    if anonymous is None or anonymous.external_id is not None:
        return f"nobody anonymous to become {external_id}: nothing happens"
    known = world.people.get(external_id)
    if known is None:
        world.people.name(anonymous, external_id)
        return f"an anonymous profile is {external_id} now"
    world.states.merge(anonymous, known)
    return f"an anonymous profile was merged into {external_id}"


def _merge(world: World, gone: Json, kept: Json) -> str:
    source, target = _find(world, gone), _find(world, kept)
    if source is None or target is None or source is target:
        return "no two profiles to merge: nothing happens"
    world.states.merge(source, target)
    return f"{source.external_id or 'an anonymous profile'} was merged into {target.external_id}"


def _exported(profile: Profile, fields: list[Any]) -> Json:
    known: Json = {
        "external_id": profile.external_id,
        "braze_id": profile.braze_id,
        "phone": profile.phone,
        "email": profile.email,
        "email_subscribe": profile.email_subscribe,
        "user_aliases": profile.aliases,
        "custom_events": profile.events,
        "purchases": profile.purchases,
        "custom_attributes": profile.attributes,
        **profile.attributes,
    }
    return {name: known[name] for name in fields if name in known}
