"""The dashboard: how opt-ins and opt-outs go, and what waits for somebody to look at it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sms_consent.admin import figures
from sms_consent.admin.base import COUNTED_AT_MOST, moment
from sms_consent.admin.charts import ASKED_AND_OPT_INS, Count, Picture, by_day, by_name
from sms_consent.admin.figures import Acts, Group

PERMISSION = "sms_consent.view_tally"
PERIODS = (7, 30, 90, 365)
USUAL = 30
SERIES = ("opt-ins", "opt-outs")


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Show the last days, USUAL or as asked for, to whoever may see counts. No address and nobody's id is on it."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS) else USUAL
    acts, live = figures.acts(days), figures.live()
    context = {
        **admin.site.each_context(request),
        "title": "Dashboard",
        "days": days,
        "periods": PERIODS,
        "acts": acts,
        "pictures": _pictures(acts),
        "completion": _completion(acts),
        "asked": ", ".join(f"{group.name} {group.ins:,}" for group in acts.asked_at),
        "live": live,
        "oldest": moment(live.waiting_since),
        "counted_at_most": COUNTED_AT_MOST,
        "newest": figures.NEWEST,
    }
    return render(request, "admin/sms_consent/desk.html", context)


def _pictures(acts: Acts) -> list[Picture]:
    return [
        by_day("days", "Opt-ins and opt-outs by day", _counts(acts.days), SERIES),
        by_name("doors", "By door", "Door", _counts(acts.doors), SERIES),
        by_name("programs", "By program", "Program", _counts(acts.programs), SERIES),
        by_name("languages", "By language of the words", "Language", _counts(acts.languages), SERIES),
    ]


def _completion(acts: Acts) -> Picture:
    counts = [Count(f"{it.name}: {it.share}", it.asked, it.confirmed) for it in acts.completions]
    picture = by_name("completion", "Double opt-in", "Program", counts, ("asked", "confirmed"), ASKED_AND_OPT_INS)
    heads = ("Program", "Asked", "Confirmed", "Lapsed", "Said it was not them", "Confirmed of asked")
    rows = [(it.name, it.asked, it.confirmed, it.lapsed, it.taken_back, it.share) for it in acts.completions]
    return Picture(**{**vars(picture), "heads": heads, "rows": rows})


def _counts(groups: Sequence[Group]) -> list[Count]:
    return [Count(group.name, group.ins, group.outs) for group in groups]
