"""Forms of what belongs to an institution, one a kind: its fields, its lists, the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import Model, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.identity.access import Actor
from nengtan.reference import AssetField
from nengtan.registry import services
from nengtan.registry.models import Asset, Attribute, Building, Contact, Institution, Meter, Occupancy
from nengtan.registry.pages.forms import EMPTY
from nengtan.registry.services.equipment import field_word
from nengtan.registry.services.intake.schema import asset_word
from nengtan.ui.sheets.wording import unit_name
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices

Text = str | Promise


class PartForm(forms.Form):
    """One record that belongs to ``body``; ``record`` is None for a new one."""

    model: ClassVar[type[Model]]
    names: ClassVar[Sequence[str]]
    title: ClassVar[Text]
    tab: ClassVar[str]
    write: ClassVar[Callable[..., Model]]

    def __init__(
        self, actor: Actor, body: Institution, record: Any = None, data: Any = None, preset: Any = None
    ) -> None:
        initial = {name: getattr(record, name) for name in self.names} if record is not None else dict(preset or {})
        super().__init__(data, initial=initial)
        self.actor, self.body, self.record = actor, body, record
        self.fields.update(forms.fields_for_model(self.model, self.names))
        for field in self.fields.values():
            if isinstance(field, forms.DateField):
                field.widget = DayInput()
        self.adapt()

    def adapt(self) -> None:
        """Narrow lists to what the institution may name."""

    def choose(self, name: str, options: Sequence[tuple[str, str]], required: bool = False) -> None:
        """Make a coded field a list of words."""
        label = self.fields[name].label
        self.fields[name] = forms.ChoiceField(label=label, required=required, choices=[EMPTY, *options])

    def save(self) -> Model:
        """Hand over to the service."""
        return self.write(self.actor, self.body, self.cleaned_data, self.record)


class BuildingForm(PartForm):
    model, tab, title = Building, "buildings", _("Building")
    write = staticmethod(services.save_building)
    names = ("code", "name", "use", "year_built", "climate_zone", "floors", "address", "lat", "lon", "out_of_use_on")

    def adapt(self) -> None:
        self.choose("use", choices(reference.building_uses()))
        self.choose("climate_zone", choices(reference.climate_zones()))


class OccupancyForm(PartForm):
    model, tab, title = Occupancy, "buildings", _("Occupancy")
    write = staticmethod(services.save_occupancy)
    names = ("building", "share", "area_m2", "valid_from", "valid_to")

    def adapt(self) -> None:
        near = Q(region=self.body.region_id) | Q(institution=self.body) | Q(occupancies__institution=self.body)
        visible = Building.objects.for_actor(self.actor).values("pk")
        held = Q(pk__in=visible) | Q(occupancies__institution=self.body)
        self.fields["building"].queryset = Building.objects.filter(near & held).distinct()  # type: ignore[attr-defined]
        self.fields["share"].help_text = _("0 to 1; a share, an area or both.")


class MeterForm(PartForm):
    model, tab, title = Meter, "meters", _("Meter")
    write = staticmethod(services.save_meter)
    names = ("code", "name", "carrier", "item", "building", "parent", "ratio", "account_no", "removed_on")

    def adapt(self) -> None:
        body = self.body
        self.choose("carrier", choices(reference.carriers()), required=True)
        self.choose("item", [(code, f"{code} {word}") for code, word in choices(reference.item_codes())])
        houses = Building.objects.filter(Q(institution=body) | Q(occupancies__institution=body)).distinct()
        self.fields["building"].queryset = houses  # type: ignore[attr-defined]
        above = Meter.objects.filter(Q(institution=body) | Q(building__in=houses.values("pk")))
        self.fields["parent"].queryset = above.exclude(pk=self.record.pk if self.record else 0)  # type: ignore[attr-defined]


class AssetForm(PartForm):
    model, tab, title = Asset, "assets", _("Equipment")
    names = ("kind", "name", "count", "building", "in_use_on", "out_of_use_on")

    def adapt(self) -> None:
        self.choose("kind", [(code, asset_word(code)) for code in reference.asset_kinds()], required=True)
        houses = Building.objects.filter(Q(institution=self.body) | Q(occupancies__institution=self.body)).distinct()
        self.fields["building"].queryset = houses  # type: ignore[attr-defined]
        chosen = str(self.data.get("kind") or self.initial.get("kind") or "")
        self.particulars = reference.asset_kinds()[chosen].fields if chosen in reference.asset_kinds() else ()
        held = self.record.attributes if self.record else {}
        for entry in self.particulars:
            self.fields[entry.key] = _particular(entry)
            self.initial[entry.key] = _shown(entry, held.get(entry.key))

    def save(self) -> Model:
        values = {name: self.cleaned_data[name] for name in self.names}
        texts = {one.key: text for one in self.particulars if (text := self.cleaned_data.get(one.key) or "")}
        return services.save_asset(self.actor, self.body, values, texts, self.record)


def _particular(entry: AssetField) -> forms.Field:
    label = f"{field_word(entry)} ({unit_name(entry.unit)})" if entry.unit else field_word(entry)
    if entry.type == "choice":
        options = [EMPTY, *choices({one.code: one for one in entry.choices})]
        return forms.ChoiceField(label=label, required=False, choices=options)
    if entry.type == "boolean":
        return forms.ChoiceField(label=label, required=False, choices=[EMPTY, ("true", _("yes")), ("false", _("no"))])
    widget = forms.TextInput({"type": "date"} if entry.type == "date" else {})
    return forms.CharField(label=label, required=False, max_length=200, widget=widget)


def _shown(entry: AssetField, value: Any) -> Any:
    return {True: "true", False: "false"}.get(value, value) if entry.type == "boolean" else value


class ContactForm(PartForm):
    model, tab, title = Contact, "contacts", _("Contact")
    write = staticmethod(services.save_contact)
    names = ("role", "name", "phone", "email")


class AttributeForm(PartForm):
    """A value from a day on; of the institution or, by ``subject``, of one of its buildings."""

    model, tab, title = Attribute, "dated", _("Dated value")
    names = ("key", "value", "valid_from", "source")

    def adapt(self) -> None:
        own = [(str(key.value), str(key.label)) for key in Attribute.Key]
        self.choose("key", own, required=True)
        self.fields["value"].min_value = 0  # type: ignore[attr-defined]
        self.fields["valid_from"].help_text = _("It holds from this day until the next value.")
        self.fields["source"].help_text = _("Where it is known from, such as a certificate.")
        houses = Building.objects.filter(institution=self.body)
        self.fields["building"] = forms.ModelChoiceField(
            houses, label=_("building"), required=False, empty_label=str(_("the institution as a whole"))
        )

    def save(self) -> Model:
        data = self.cleaned_data
        return services.set_attribute(
            self.actor, data["building"] or self.body, data["key"], data["valid_from"], data["value"], data["source"]
        )


PARTS: dict[str, type[PartForm]] = {
    "building": BuildingForm,
    "occupancy": OccupancyForm,
    "meter": MeterForm,
    "asset": AssetForm,
    "contact": ContactForm,
    "value": AttributeForm,
}
"""By the word in the address."""
