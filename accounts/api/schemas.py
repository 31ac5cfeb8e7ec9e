"""What is sent and answered. These classes are the document at /api/openapi.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict


class Strict(Schema):
    """What an app sends: a name that is misspelled is refused rather than passed over."""

    model_config = ConfigDict(extra="forbid")


# --- Sent -------------------------------------------------------------------------------------------------


class Guarded(Strict):
    """What tells people from programs."""

    opened: str = Field(description="As /v1/offers gave it when the screen was opened. Good for a day.")
    comments: str = Field("", description="Leave it out: only programs fill it in, and reach nothing by that.")


PROGRAMS: Any = Field(
    default_factory=dict,
    description="The programs whose boxes were ticked, each with the `disclosure` of the words that stood beside it.",
    examples=[{"sms": "2-5f0c…"}],
)


class SignUp(Guarded):
    """A sign-up: addresses, and the boxes that the person ticked."""

    email: str
    phone: str = Field("", description="As people type it; needed where a program of texts is ticked.")
    programs: dict[str, str] = PROGRAMS
    time_zone: str = Field("", description="As IANA names it, for example America/New_York.")
    campaign: str = Field("", description="What brought the person: up to 64 letters, digits and . _ -")


class MailAgain(Strict):
    """Which sign-up's mail is to come again."""

    sign_up: str = Field(description="As the sign-up answered it. Good for an hour.")


class PhoneRequest(Guarded):
    """A number, and the button that was pressed."""

    program: str
    phone: str = Field(description="As people type it.")
    disclosure: str = Field(description="The `disclosure` of the words that stood beside the button.")


class Change(Strict):
    """What is to be different; what is left out stays as it is."""

    phone: str = Field("", description="A new number starts without texts, and those to the old one end. Empty: none.")
    programs: dict[str, str] = PROGRAMS


class EmailAddress(Strict):
    """Where the code is to go."""

    email: str


class Code(Strict):
    """The code from the mail, or from an authenticator app."""

    code: str


# --- Answered ---------------------------------------------------------------------------------------------


class Piece(Schema):
    """A stretch of words; with a `url`, a link."""

    text: str
    url: str


class Offer(Schema):
    """A program, and what must stand beside its box or button, unaltered and in full."""

    program: str
    name: str
    channel: str = Field(description="sms or email")
    sender: str = Field(description="The number that texts come from; empty for emails.")
    disclosure: str = Field(description="Send it back with the tick: it says which words were shown.")
    language: str
    label: str = Field(description="What stands beside the box.")
    button: str = Field(description="What stands on the button.")
    words: str = Field(description="As they are frozen, links as [text](url). Show the pieces.")
    pieces: list[Piece]


class Offers(Schema):
    """What can be agreed to. Every box starts unticked, and none may be required."""

    opened: str = Field(description="Send it back with the form that this screen shows.")
    sign_up: list[Offer]
    phone: list[Offer]


class Taken(Schema):
    """The same for everyone: what comes next is in the mail."""

    sign_up: str = Field(description="By this the mail can be sent again, for an hour.")


class Done(Schema):
    """Nothing more is told."""


class Asked(Schema):
    """The same for everyone: what comes next is on the phone."""

    sender: str = Field(description="The number that asks.")


class Place(Schema):
    """Where one address stands on a program."""

    address: str
    state: str = Field(description="none, pending, subscribed, unsubscribed, stopped, asked or left")
    since: datetime | None


class Standing(Schema):
    """A program, and where each address of the person stands on it."""

    program: str
    name: str
    can_be_left: bool
    places: list[Place]


class Event(Schema):
    """What was done."""

    at: datetime
    program: str
    address: str
    words: str


class Receipt(Schema):
    """Where an address's receipt is: a page, and the same as ISO/IEC TS 27560 JSON."""

    address: str
    url: str
    json_url: str


class Preferences(Schema):
    """Everything that a person may see about what they get."""

    id: str = Field(description="The external_id in Braze.")
    email: str
    phone: str
    programs: list[Standing]
    offers: list[Offer] = Field(description="What can be joined.")
    history: list[Event]
    receipts: list[Receipt]
    unproven: list[str] = Field(description="Numbers, masked, of which only what was done here is shown.")


class Left(Schema):
    """It holds at once."""

    texts_may_still_come: bool = Field(description="A number is not proven to be theirs: only STOP ends it all there.")


class Error(Schema):
    """One thing that is wrong; `param` names the field, where one is to blame."""

    code: str
    message: str
    param: str | None = None


class Problem(Schema):
    """Every error."""

    status: int
    errors: list[Error] = []


class Session(Schema):
    """Whether somebody is signed in, in django-allauth's words: `data.flows` says what is pending."""

    status: int
    data: SessionData
    meta: SessionMeta


class SessionData(Schema):
    """Who is signed in, or how to."""

    user: SessionUser | None = None
    flows: list[Flow] = []


class SessionUser(Schema):
    """Who."""

    id: str = Field(description="The external_id in Braze.")
    email: str


class Flow(Schema):
    """A way of signing in."""

    id: str
    is_pending: bool = False


class SessionMeta(Schema):
    """The token, whenever it changes: send the newest one."""

    is_authenticated: bool | None
    session_token: str | None = Field(None, description="Send it from now on as X-Session-Token.")
