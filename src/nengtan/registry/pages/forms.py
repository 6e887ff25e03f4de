"""Forms of the register; what a service finds wrong is shown beside its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.identity.pages.forms import PlaceField
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution, InstitutionEvent, Region
from nengtan.registry.queries.own import own_region
from nengtan.registry.services import EventInput, InstitutionInput
from nengtan.registry.services.institutions import IDENTITY, keeps
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices

EMPTY = ("", "—")


def selectable_kinds() -> list[tuple[str, str]]:
    """Types an institution may have."""
    return choices({code: kind for code, kind in reference.institution_types().items() if kind.selectable})


def typed(place: Region | Institution | None) -> str:
    """A place as the field that takes one shows it."""
    return f"{place.code} {place}" if place else ""


class InstitutionForm(forms.Form):
    """Everything the record of an institution holds, without what is dated."""

    code = forms.CharField(label=_("code"), max_length=32, help_text=_("Your own; it stays the same for good."))
    name = forms.CharField(label=_("name"), max_length=120)
    kind = forms.ChoiceField(label=_("type"))
    credit_code = forms.CharField(label=_("unified social credit code"), max_length=24, required=False)
    region = PlaceField("region", label=_("region"), help_text=_("Code or name."))
    system = forms.ChoiceField(label=_("system"), required=False)
    superior = PlaceField("institution", label=_("superior body"), help_text=_("Code or name."))
    reports_to = forms.ChoiceField(label=_("reports to"), choices=Institution.ReportsTo.choices)
    occupancy = forms.ChoiceField(label=_("office"), choices=Institution.Occupancy.choices)
    utility_account = forms.ChoiceField(label=_("utility account"), choices=Institution.UtilityAccount.choices)
    host = PlaceField(
        "institution", label=_("body that holds the account"), help_text=_("If this one has no account of its own.")
    )
    allocation = forms.ChoiceField(
        label=_("shared bills are divided"), required=False, choices=[EMPTY, *Institution.Allocation.choices]
    )
    share = forms.DecimalField(
        label=_("agreed share"), required=False, min_value=0, max_value=1, help_text=_("0 to 1; with an agreed share.")
    )
    address = forms.CharField(label=_("address"), max_length=200, required=False)
    lat = forms.FloatField(label=_("latitude"), required=False, min_value=-90, max_value=90)
    lon = forms.FloatField(label=_("longitude"), required=False, min_value=-180, max_value=180)
    established_on = forms.DateField(label=_("established on"), required=False, widget=DayInput())
    note = forms.CharField(label=_("remark"), max_length=400, required=False)
    carriers = forms.MultipleChoiceField(label=_("carriers to report"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, actor: Actor, body: Institution | None, data: Any = None) -> None:
        initial = _initial(body) if body else {"carriers": ["electricity", "water"]}
        super().__init__(data, initial=initial)
        self.fields["kind"].choices = [EMPTY, *selectable_kinds()]  # type: ignore[attr-defined]
        self.fields["system"].choices = [EMPTY, *choices(reference.systems())]  # type: ignore[attr-defined]
        self.fields["carriers"].choices = choices(reference.carriers())  # type: ignore[attr-defined]
        own = Region.objects.for_actor(actor, Capability.WRITE_REGISTRY)
        regions = Region.objects.filter(Q(pk__in=own.values("pk")) | Q(pk=body.region_id if body else None))
        held = Q(pk__in=[pk for pk in (body.superior_id, body.host_id) if pk]) if body else Q(pk__in=[])
        known = Institution.objects.filter(Q(pk__in=Institution.objects.all().referable(actor).values("pk")) | held)
        _reach(self, {"region": regions, "superior": known, "host": known})
        self.keeps = body is None or keeps(actor, body)
        if not self.keeps:
            for name in IDENTITY:
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("region") and "region" not in self.errors:
            self.add_error("region", gettext("A region is needed."))
        return data

    def input(self) -> InstitutionInput:
        """What was typed."""
        return InstitutionInput(**self.cleaned_data)


def _initial(body: Institution) -> dict[str, Any]:
    values = {name: getattr(body, name) for name in InstitutionForm.base_fields}
    return values | {key: typed(values[key]) for key in ("region", "superior", "host")}


def _reach(form: forms.Form, places: Mapping[str, QuerySet[Any]]) -> None:
    for name, rows in places.items():
        field = form.fields[name]
        if isinstance(field, PlaceField):
            field.reach(rows, name)


class SizeForm(forms.Form):
    """The first dated values of a new institution."""

    area_m2 = forms.DecimalField(
        label=_("floor area, m²"), required=False, min_value=0, max_digits=14, decimal_places=2
    )
    persons = forms.IntegerField(label=_("energy users, persons"), required=False, min_value=0, max_value=10**7)
    establishment = forms.IntegerField(
        label=_("established posts, persons"), required=False, min_value=0, max_value=10**7
    )
    valid_from = forms.DateField(label=_("these hold from"), required=False, widget=DayInput())


class EventForm(forms.Form):
    """Something that happened to this body; fields that matter for some kinds only are shown for those."""

    SHOWN_FOR: ClassVar = {
        "name": (InstitutionEvent.Kind.RENAMED,),
        "region": (InstitutionEvent.Kind.MOVED,),
        "superior": (InstitutionEvent.Kind.MOVED,),
        "others": (InstitutionEvent.Kind.MERGED,),
        "into": (InstitutionEvent.Kind.MERGED, InstitutionEvent.Kind.SPLIT),
    }

    kind = forms.ChoiceField(label=_("event"), choices=InstitutionEvent.Kind.choices)
    effective_on = forms.DateField(label=_("effective on"), widget=DayInput())
    document = forms.CharField(label=_("document"), max_length=120, required=False)
    name = forms.CharField(label=_("new name"), max_length=120, required=False, help_text=_("For a renaming."))
    region = PlaceField("region", label=_("new region"), help_text=_("For a move."))
    superior = PlaceField("institution", label=_("new superior body"), help_text=_("For a move."))
    others = forms.CharField(
        label=_("other bodies merged"), required=False, help_text=_("For a merger: codes, separated by blanks.")
    )
    into = forms.CharField(
        label=_("bodies after it"), required=False, help_text=_("For a merger one code, for a split several.")
    )
    note = forms.CharField(label=_("remark"), max_length=400, required=False)

    def __init__(self, actor: Actor, body: Institution, data: Any = None) -> None:
        super().__init__(data)
        self.body = body
        self.writable = Institution.objects.for_actor(actor, Capability.KEEP_INSTITUTIONS)
        for name, kinds in self.SHOWN_FOR.items():
            self.fields[name].widget.attrs |= {"data-shown-by": "kind", "data-shown-for": " ".join(kinds)}
        regions = Region.objects.for_actor(actor, Capability.KEEP_INSTITUTIONS)
        _reach(self, {"region": regions, "superior": Institution.objects.all().referable(actor)})

    def clean_others(self) -> list[Institution]:
        return self._bodies("others")

    def clean_into(self) -> list[Institution]:
        return self._bodies("into")

    def _bodies(self, name: str) -> list[Institution]:
        codes = [code for code in re.split(r"[\s,;\u3001\uff0c\uff1b]+", self.cleaned_data.get(name) or "") if code]
        found = {body.code: body for body in self.writable.filter(code__in=codes).select_related("region")}
        unknown = [code for code in codes if code not in found]
        if unknown:
            raise ValidationError(gettext("No “%(code)s” within what you may change.") % {"code": " ".join(unknown)})
        return [found[code] for code in dict.fromkeys(codes)]

    def input(self) -> EventInput:
        """The event as told."""
        data = self.cleaned_data
        kind, kinds = data["kind"], InstitutionEvent.Kind
        before = [] if kind == kinds.ADDED else [self.body]
        after = [self.body] if kind == kinds.ADDED else []
        if kind == kinds.MERGED:
            before += [one for one in data["others"] if one.pk != self.body.pk]
        if kind in (kinds.MERGED, kinds.SPLIT):
            after = data["into"]
        moved = kind == kinds.MOVED
        return EventInput(
            kind,
            data["effective_on"],
            before,
            after,
            document=data["document"],
            note=data["note"],
            name=data["name"] if kind == kinds.RENAMED else "",
            region=data["region"] if moved else None,
            superior=data["superior"] if moved else None,
        )


class RegionForm(forms.Form):
    """A region below one's own."""

    code = forms.CharField(label=_("code"), max_length=20, help_text=_("For a sub-district its nine-digit code."))
    name = forms.CharField(label=_("name"), max_length=64)
    name_en = forms.CharField(label=_("English name"), max_length=64, required=False)
    level = forms.ChoiceField(
        label=_("level"), choices=[(one.value, one.label) for one in (Region.Level.STREET, Region.Level.CUSTOM)]
    )
    notice = forms.CharField(
        label=_("notice"),
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Shown with every figure of the region, such as a licence."),
    )


class NoticeForm(forms.Form):
    """What is shown with every figure of a region."""

    notice = forms.CharField(label=_("notice"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3}))


class SentFileForm(forms.Form):
    """The region of what a file names without one; only for who works for whole regions."""

    region = PlaceField("region", label=_("Region, where the file names none"))
    field_order: Sequence[str] = ("file", "region")

    def __init__(self, actor: Actor, capability: str, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, initial={"region": typed(own_region(actor, capability))})
        regions = Region.objects.for_actor(actor, capability)
        if regions.exists():
            _reach(self, {"region": regions})
        else:
            del self.fields["region"]

    @property
    def chosen_region(self) -> str:
        """The code of the region chosen; empty for none."""
        region = self.cleaned_data.get("region")
        return region.code if region else ""


class UploadForm(SentFileForm):
    """A workbook of the register."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.ClearableFileInput({"accept": ".xlsx,.xls,.ods,.csv"}),
        help_text=_("Excel, OpenDocument or CSV."),
    )

    def __init__(self, actor: Actor, data: Any = None, files: Any = None) -> None:
        super().__init__(actor, Capability.WRITE_REGISTRY, data, files)
        if "region" in self.fields:
            self.fields["region"].help_text = _(
                "New institutions whose row names no region stand in this one; a row with its own keeps it."
            )
