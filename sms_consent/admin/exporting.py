"""Taking data out by the admin: streamed, for whoever may, and always written down."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from sms_consent import access
from sms_consent.admin.base import ConsentAdmin
from sms_consent.admin.searching import subject_of
from sms_consent.exports import FORMATS, MEDIA_TYPES, RECORDS, SUBSCRIBED, SUPPRESSED, Kind
from sms_consent.models import Program

EXPORT = "sms_consent.export_consentrecord"
BY_PROGRAM = "program__id__exact"  # what the list's filter calls it
LISTS = {kind.name: kind for kind in (SUBSCRIBED, SUPPRESSED)}


def download(
    request: HttpRequest,
    kind: Kind,
    rows: QuerySet[Any],
    form: str,
    *,
    detail: str,
    subject: str = "",
    part: str = "",
) -> StreamingHttpResponse:
    """Answer with a file that is written while it is read. It is written down first: a broken download counts too.

    `part` is what the file's name says of which part of the data it is.
    """
    if form not in FORMATS:
        raise SuspiciousOperation("There is no such format.")
    access.note(request, access.Action.EXPORTED, kind.title, subject=subject, detail=f"{form}; {detail}")
    name = "-".join(filter(None, (*kind.title.lower().split(), part, f"{timezone.now():%Y-%m-%d}")))
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingHttpResponse(kind.text(rows, form), content_type=MEDIA_TYPES[form], headers=headers)


class Exports(ConsentAdmin):
    """A list that can be taken out. `export` answers the POST of its buttons."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address that the buttons post to."""
        view = self.admin_site.admin_view(self._export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Hand the list whether its buttons are shown."""
        context = {"may_export": self.has_export_permission(request)} | (extra_context or {})
        return super().changelist_view(request, context)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether this member of staff may take data out; seeing it one by one is not enough."""
        return self.has_view_or_change_permission(request) and request.user.has_perm(EXPORT)

    @method_decorator(require_POST)
    def _export_view(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_export_permission(request):
            raise PermissionDenied
        return self.export(request)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file that was asked for."""
        raise NotImplementedError


class ExportsWhatIsShown(Exports):
    """For the ledger: everything that the present filter and search show, not only the page; or what was selected."""

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Take the list as its own address describes it."""
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:sms_consent_consentrecord_changelist"))
        form, words = request.POST.get("format", ""), in_words(shown)
        return download(request, RECORDS, shown.queryset, form, detail=words, subject=subject_of(shown.query))


def in_words(shown: ChangeList) -> str:
    """Say which part of a list is shown, as its filters call it. Names no address."""
    said, spoken_of = [], set[str]()
    for spec in shown.filter_specs:
        choices = list(spec.choices(shown))[1:]  # the first of each is "all"
        if spec.used_parameters and (chosen := [str(one["display"]) for one in choices if one["selected"]]):
            said.append(f"{spec.title}: {', '.join(chosen)}")
            spoken_of |= set(filter(None, spec.expected_parameters()))
    rest = {name: value for name, value in shown.get_filters_params().items() if name not in spoken_of}
    said += [f"{name}: {', '.join(map(str, value))}" for name, value in rest.items()]
    return "; ".join([*said, *(["one address"] if shown.query else [])]) or "everything"


def _selected(modeladmin: Any, request: HttpRequest, rows: QuerySet[Any], form: str) -> HttpResponseBase:
    if request.POST.get("select_across") == "1":
        shown = modeladmin.get_changelist_instance(request)
        return download(request, RECORDS, rows, form, detail=in_words(shown), subject=subject_of(shown.query))
    chosen = ", ".join(sorted(request.POST.getlist("_selected_action"), key=len))
    return download(request, RECORDS, rows, form, detail=f"selected: {chosen}")


@admin.action(description="Export selected as CSV", permissions=["export"])
def export_csv(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
    """Take out what was ticked."""
    return _selected(modeladmin, request, queryset, "csv")


@admin.action(description="Export selected as JSON Lines", permissions=["export"])
def export_jsonl(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
    """Take out what was ticked."""
    return _selected(modeladmin, request, queryset, "jsonl")


class ExportsLists(Exports):
    """For subscriptions: who is subscribed now, to the program that is filtered by or to any, and the suppression list.

    What else is filtered does not change them: they say what stands, not what is looked at. The suppression list is
    always whole: a number that texted STOP before a program was there must not be missing from it.
    """

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Hand the buttons the program that they take out."""
        asked = request.GET.get(BY_PROGRAM, "")
        program = Program.objects.filter(pk=asked).first() if asked.isdecimal() else None
        context = {"export_program": program, "by_program": BY_PROGRAM} | (extra_context or {})
        return super().changelist_view(request, context)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Take out the list that the button names."""
        kind = LISTS.get(request.POST.get("what", ""))
        if kind is None:
            raise SuspiciousOperation("There is no such list.")
        rows, form = kind.everything(), request.POST.get("format", "")
        if BY_PROGRAM not in request.GET or kind is SUPPRESSED:
            return download(request, kind, rows, form, detail="everything")
        program = _program(request.GET[BY_PROGRAM])
        rows, detail = rows.filter(program=program), f"program: {program.slug}"
        return download(request, kind, rows, form, detail=detail, part=program.slug)


def _program(asked: str) -> Program:
    if not asked.isdecimal():
        raise Http404
    return get_object_or_404(Program, pk=asked)
