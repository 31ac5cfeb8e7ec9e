"""What an endpoint of the fake Braze answers, and what it will then do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .records import Group, Json
from .wire import Reply
from .world import World

MAX_IDS = 50

Deed = Callable[[], str | None]


@dataclass
class Answer:
    """The answer to a valid call. Braze answers first; `deeds` are what it does afterwards.

    Each deed returns in words what it did, if that is worth telling.
    """

    status: int
    body: Json
    deeds: list[Deed] = field(default_factory=list)

    def apply(self) -> list[str]:
        return [note for deed in self.deeds if (note := deed())]

    def reply(self, headers: Mapping[str, str]) -> Reply:
        return Reply.of_json(self.status, self.body, headers)


class RefusalError(Exception):
    """The call is refused as a whole: nothing of it is applied."""

    def __init__(self, status: int, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, **fields}
        self.headers: Mapping[str, str] = {}

    def reply(self) -> Reply:
        return Reply.of_json(self.status, self.body, self.headers)


def accepted(deeds: list[Deed], status: int = 201, **fields: Any) -> Answer:
    return Answer(status, {"message": "success", **fields}, deeds)


def group_of(world: World, group_id: object) -> Group:
    group = world.groups.get(group_id) if isinstance(group_id, str) else None
    if group is None:
        raise RefusalError(400, "Invalid subscription group ID")
    return group


def ids_of(value: object) -> list[str]:
    """Return the ids of a field that may hold an array or one scalar (braze.md §4.1)."""
    if value is None:
        return []
    ids = value if isinstance(value, list) else [value]
    if len(ids) > MAX_IDS:
        raise RefusalError(400, "The max number of ids per request was exceeded")
    if not all(isinstance(one, str) and one for one in ids):
        raise RefusalError(400, "Ids must be strings")
    return list(dict.fromkeys(ids))


def items_of(body: Json, name: str) -> list[Json]:
    """Return a field that holds an array of up to 50 objects."""
    items = body.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RefusalError(400, f"'{name}' must be an array of objects")
    if len(items) > MAX_IDS:
        raise RefusalError(400, "The max number of ids per request was exceeded")
    return items
