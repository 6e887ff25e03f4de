"""Forms of the ledger; what a service finds wrong is shown beside its field."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.carriers import Carrier
from nengtan.domain.factors import Kind
from nengtan.domain.sheets.words import plain
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.factors import FactorInput
from nengtan.ledger.models import ActivityFact, InstitutionYear, Origin
from nengtan.ledger.services.entries import FactInput
from nengtan.ledger.services.evidence import says_what_it_is
from nengtan.ledger.services.intake import limits
from nengtan.ledger.services.posting import UNVERIFIED
from nengtan.ledger.typed import number
from nengtan.ledger.words import BASES, KINDS
from nengtan.registry.models import Building, Institution, Meter, Region
from nengtan.registry.pages.forms import SentFileForm
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices, unit_word

EVIDENCE_TYPES = (".pdf", ".png", ".jpg", ".jpeg", ".xlsx", ".xls", ".csv", ".ofd", ".doc", ".docx", ".zip", ".txt")
"""Files taken as evidence, by their ending."""


class NumberField(forms.CharField):
    """A number as people type it: full-width digits and thousands separators are understood."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "num"}), **options)

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value) or ""
        try:
            return number(text)
        except ValueError as error:
            words = gettext("Found “%(found)s”; a number such as 1234.5 is allowed.") % {"found": text[:40]}
            raise ValidationError(words) from error


class MonthField(forms.CharField):
    """A month, with the browser's own picker where it has one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"type": "month", "placeholder": "2023-07"}), **options)

    def prepare_value(self, value: Any) -> Any:
        return periods.label(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        text = plain(super().clean(value) or "")
        try:
            return periods.parse(text)
        except periods.PeriodError as error:
            raise ValidationError(
                gettext("Found “%(found)s”; a month such as 2023-07 is allowed.") % {"found": text[:40]}
            ) from error


class EvidenceField(forms.FileField):
    """A file that proves something: of a known kind, and not too large."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if not file:
            return None
        if not file.name.lower().endswith(EVIDENCE_TYPES):
            raise ValidationError(
                gettext("Found “%(found)s”; allowed: %(allowed)s.")
                % {"found": file.name[-40:], "allowed": " ".join(EVIDENCE_TYPES)}
            )
        begins = file.read(8)
        file.seek(0)
        if not says_what_it_is(file.name, begins):
            words = gettext("“%(found)s” is not the kind of file its name says.")
            raise ValidationError(words % {"found": file.name[-40:]})
        if file.size > limits().max_bytes:
            raise ValidationError(
                gettext("The file is larger than %(allowed)s MB.") % {"allowed": limits().max_bytes // 2**20}
            )
        return file


def reported_by(actor: Actor, named: str) -> Institution | None:
    """The institution of a code or full name, if the actor reports for it."""
    bodies = Institution.objects.for_actor(actor, Capability.WRITE_ACTIVITY)
    return bodies.filter(code=named).first() or bodies.filter(name=named).first()


class FactForm(forms.Form):
    """One fact: what a bill, a meter or a report says of one month."""

    institution = forms.CharField(
        label=_("Institution"),
        help_text=_("Code or full name."),
        widget=forms.TextInput(attrs={"list": "institutions", "autocomplete": "off"}),
    )
    period = MonthField(label=_("Month"))
    carrier = forms.ChoiceField(label=_("Energy or water"))
    quantity = NumberField(
        label=_("Quantity"), required=False, help_text=_("Leave empty if unknown; 0 means none was used.")
    )
    unit = forms.ChoiceField(label=_("Unit of measure"), widget=forms.Select({"data-narrowed-by": "carrier"}))
    cost = NumberField(label=_("Cost, CNY"), required=False)
    origin = forms.ChoiceField(label=_("Source"), choices=Origin.choices)
    building = forms.CharField(
        label=_("Building code"), required=False, help_text=_("Only if the figure is of one building.")
    )
    meter = forms.CharField(label=_("Meter code"), required=False, help_text=_("Only if the figure is of one meter."))
    item = forms.ChoiceField(
        label=_("Sub-item"),
        required=False,
        help_text=_("Only if the figure is a part of use, such as air conditioning."),
    )
    bill_no = forms.CharField(label=_("Bill number"), required=False, max_length=64)
    evidence = EvidenceField(
        label=_("Evidence"), required=False, help_text=_("The bill as a scan, photo or file; kept unchanged.")
    )
    note = forms.CharField(label=_("Remark"), required=False, max_length=400)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        carriers = reference.carriers()
        units = dict.fromkeys(unit for carrier in carriers.values() for unit in carrier.units)
        self.fields["carrier"].choices = choices(carriers)  # type: ignore[attr-defined]
        known = [(unit, unit_word(unit)) for unit in units]
        self.fields["unit"].choices = [*known, (UNVERIFIED, gettext("not verified"))]  # type: ignore[attr-defined]
        fitting = {code: [*_units_of(carrier), UNVERIFIED] for code, carrier in carriers.items()}
        self.fields["unit"].widget.attrs["data-narrowed-to"] = json.dumps(fitting)
        items = [(code, f"{code} {word}") for code, word in choices(reference.item_codes())]
        self.fields["item"].choices = [("", ""), *items]  # type: ignore[attr-defined]

    def clean_institution(self) -> Institution:
        text = plain(self.cleaned_data["institution"])
        found = reported_by(self.actor, text)
        if found is None:
            raise ValidationError(gettext("“%(found)s” is not an institution you report for.") % {"found": text[:40]})
        return found

    def clean_building(self) -> Building | None:
        return self._owned(Building, "building", gettext("“%(found)s” is not the code of a building you may use."))

    def clean_meter(self) -> Meter | None:
        return self._owned(Meter, "meter", gettext("“%(found)s” is not the code of a meter you may use."))

    def _owned(self, model: Any, name: str, words: str) -> Any:
        text = plain(self.cleaned_data[name])
        if not text:
            return None
        found = model.objects.filter(code=text).first()
        if found is None:
            raise ValidationError(words % {"found": text[:40]})
        return found

    def fact(self) -> FactInput:
        """What was stated, without the evidence."""
        names = (
            "institution",
            "carrier",
            "period",
            "quantity",
            "unit",
            "cost",
            "origin",
            "building",
            "meter",
            "item",
            "bill_no",
            "note",
        )
        return FactInput(**{name: self.cleaned_data[name] for name in names})


class CorrectionForm(FactForm):
    """A fact with why it replaces another."""

    reason = forms.CharField(label=_("Reason for the correction"), max_length=400)


def _units_of(carrier: Carrier) -> list[str]:
    """The units of a carrier, its base unit first."""
    return [carrier.unit, *(unit for unit in carrier.units if unit != carrier.unit)]


def initial_of(fact: ActivityFact) -> dict[str, Any]:
    """What a form begins with to correct a fact: as it was entered."""
    carrier = reference.carriers()[fact.carrier]
    entered = fact.entered_unit in carrier.units or fact.entered_unit == UNVERIFIED
    return {
        "institution": fact.institution.code,
        "period": fact.period,
        "carrier": fact.carrier,
        "quantity": fact.entered_quantity if entered else fact.quantity,
        "unit": fact.entered_unit if entered else carrier.unit,
        "cost": fact.cost,
        "origin": fact.origin,
        "building": fact.building.code if fact.building else "",
        "meter": fact.meter.code if fact.meter else "",
        "item": fact.item,
        "bill_no": fact.bill_no,
        "note": fact.note,
    }


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=400)


class UploadForm(SentFileForm):
    """A file of bills."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("Excel (.xlsx, .xls), WPS, OpenDocument (.ods) or CSV."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.tsv,.txt"}),
    )
    origin = forms.ChoiceField(
        label=_("Source, where the file names none"), choices=Origin.choices, initial=Origin.BILL
    )
    field_order = ("file", "origin", "region")

    def __init__(self, actor: Actor, data: Any = None, files: Any = None) -> None:
        super().__init__(actor, Capability.WRITE_ACTIVITY, data, files)
        if "region" in self.fields:
            self.fields["region"].label = _("Region of the institutions")
            self.fields["region"].help_text = _(
                "Names are those of institutions in it; a code means the same everywhere."
            )


class FactorForm(forms.Form):
    """A factor version as its source prints it."""

    kind = forms.ChoiceField(label=_("Kind"), choices=list(KINDS.items()), initial=Kind.CO2)
    carrier = forms.ChoiceField(label=_("Carrier"))
    place = forms.CharField(label=_("Place"), help_text=_("Code of a region or grid: CN, 420000, GRID_CC …"))
    year = forms.IntegerField(label=_("Data year"), required=False, help_text=_("Empty if it holds for every year."))
    value = NumberField(label=_("Value"), help_text=_("kgce or kgCO₂ for one unit."))
    unit = forms.ChoiceField(label=_("For one"))
    basis = forms.ChoiceField(
        label=_("Basis"), required=False, choices=[("", _("as usual for the kind")), *BASES.items()]
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=120)
    source = forms.CharField(label=_("Source"), max_length=400, help_text=_("Document, number, date."))
    url = forms.URLField(label=_("Address of the source"), required=False, max_length=300, assume_scheme="https")
    published_on = forms.DateField(label=_("Published on"), required=False, widget=DayInput())
    note = forms.CharField(label=_("Remark"), required=False, max_length=400)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        carriers = {code: carrier for code, carrier in reference.carriers().items() if carrier.is_energy}
        units = dict.fromkeys(unit for carrier in carriers.values() for unit in carrier.units)
        self.fields["carrier"].choices = choices(carriers)  # type: ignore[attr-defined]
        self.fields["unit"].choices = [(unit, unit_word(unit)) for unit in units]  # type: ignore[attr-defined]

    def factor(self) -> FactorInput:
        """What was stated."""
        return FactorInput(**self.cleaned_data)


class CloseForm(forms.Form):
    """Which year of which region to close."""

    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.none(), to_field_name="code", empty_label=_("Choose a region")
    )
    year = forms.IntegerField(label=_("Year"), min_value=1990, max_value=2100)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        regions = Region.objects.for_actor(actor, Capability.CLOSE_YEAR)
        used = Institution.objects.values("region")
        holding = {
            code
            for path in Region.objects.filter(pk__in=used).values_list("path", flat=True)
            for code in path.strip("/").split("/")
        }
        self.fields["region"].queryset = regions.filter(code__in=holding)  # type: ignore[attr-defined]
        this = timezone.localdate().year
        drawn = InstitutionYear.objects.filter(year__lt=this).aggregate(latest=Max("year"))["latest"]
        self.fields["year"].initial = drawn or this - 1


def add_errors(form: forms.Form, error: ValidationError) -> None:
    """Show what a service found wrong beside its fields."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, found in error.error_dict.items():
        form.add_error(name if name in form.fields else None, found)
