"""Acts as the fold sees them, by short names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sms_consent.choices import Act, Source
from sms_consent.states import Happening, Standing

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = {
    "tick": {"act": Act.GRANTED, "source": Source.SIGN_UP},
    "request": {"act": Act.REQUESTED, "source": Source.PHONE_FORM},
    "answer": {"act": Act.CONFIRMED, "source": Source.PHONE_FORM, "proven": True},
    "owner": {"act": Act.GRANTED, "source": Source.PREFERENCE_PAGE, "proven": True},
    "START": {"act": Act.GRANTED, "source": Source.KEYWORD, "proven": True},
    "START?": {"act": Act.REQUESTED, "source": Source.KEYWORD, "proven": True},
    "leave": {"act": Act.WITHDRAWN, "source": Source.ADMIN},
    "STOP": {"act": Act.WITHDRAWN, "source": Source.KEYWORD, "stops": True},
    "lapse": {"act": Act.EXPIRED, "source": Source.PHONE_FORM},
    "not me": {"act": Act.INVALIDATED, "source": Source.SIGN_UP},
    "i-request": {"act": Act.REQUESTED, "source": Source.IMPORT},
    "i-yes": {"act": Act.GRANTED, "source": Source.IMPORT},
    "i-answer": {"act": Act.CONFIRMED, "source": Source.IMPORT},
    "i-START": {"act": Act.GRANTED, "source": Source.IMPORT, "proven": True},
    "i-leave": {"act": Act.WITHDRAWN, "source": Source.IMPORT},
    "i-STOP": {"act": Act.WITHDRAWN, "source": Source.IMPORT, "stops": True},
    "i-lapse": {"act": Act.EXPIRED, "source": Source.IMPORT},
    "i-not me": {"act": Act.INVALIDATED, "source": Source.IMPORT},
}
ARRIVING = ("tick", "request", "owner", "START", "START?", "leave", "STOP")


def happening(kind: str, number: int, *, at: int | None = None, request: int | None = None) -> Happening:
    minutes = timedelta(minutes=number if at is None else at)
    answers = {"request": request, "requested_at": NOON + timedelta(minutes=request)} if request else {}
    return Happening(id=number, occurred_at=NOON + minutes, **KINDS[kind] | answers)  # type: ignore[arg-type]


def name_of(standing: Standing) -> str:
    if standing.is_stopped:
        return "stopped"
    return "left" if standing.state == "unsubscribed" else standing.state
