"""Forms of the review rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.domain.returns import slots
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import NumberField
from nengtan.reference import scheme
from nengtan.registry.models import Region
from nengtan.reporting.catalogue import Held, threshold_word
from nengtan.reporting.models.returns import KINDS
from nengtan.reporting.models.rules import SCOPES, SEVERITIES
from nengtan.reporting.services import RuleDraft
from nengtan.reporting.services.rules import group_or_keys, usual_since
from nengtan.ui.widgets import DayInput
from nengtan.ui.words import choices


class RegionField(forms.CharField):
    """A region somebody sets rules for, by its code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Region"),
            help_text=_("Code of the region; the rule holds there and in all below."),
            widget=forms.TextInput(attrs={"list": "regions", "autocomplete": "off"}),
            **options,
        )
        self.actor: Actor | None = None

    def clean(self, value: Any) -> Region | None:
        text = super().clean(value)
        if not text and not self.required:
            return None
        mine = self.actor.scope_for(Capability.MANAGE_RULES).regions_q() if self.actor else None
        found = Region.objects.filter(mine, code=text.strip()).first() if mine is not None else None
        if found is None:
            raise ValidationError(gettext("“%(found)s” is no region you set rules for.") % {"found": text[:40]})
        return found


class PeriodField(forms.CharField):
    """A period as people write it."""

    def __init__(self, **options: Any) -> None:
        words = _("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter.")
        super().__init__(label=_("Period"), help_text=words, **options)

    def clean(self, value: Any) -> slots.Slot:
        text = super().clean(value)
        try:
            return slots.parse(text)
        except slots.SlotError as error:
            words = gettext("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")
            raise ValidationError(words % {"found": text[:20]}) from error


def _day() -> forms.DateField:
    return forms.DateField(
        label=_("For periods that end from"),
        widget=DayInput(),
        initial=usual_since,
        help_text=_("Returns of earlier periods, and those handed in already, keep the rules they had."),
    )


def _expression(label: Any, **options: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2, "class": "code", "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=1000, widget=area, **options)


class _OfActor(forms.Form):
    """A form whose region is one of the actor's."""

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in self.fields.values():
            if isinstance(item, RegionField):
                item.actor = actor


class RuleForm(_OfActor):
    """A rule in the rule language."""

    code = forms.CharField(label=_("Id"), max_length=24, help_text=_("Such as W1; the code of the region goes before."))
    region = RegionField()
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES, initial="explain")
    scope = forms.ChoiceField(label=_("Looks at"), choices=SCOPES)
    each = forms.CharField(
        label=_("Asked of each"), required=False, max_length=1000,
        help_text=_("A group such as energies, or indicators with blanks between; the condition calls each “value”."),
    )  # fmt: skip
    cell = forms.CharField(
        label=_("Shown at"), required=False, max_length=40,
        help_text=_("The indicator the finding stands beside, where it is not asked of each."),
        widget=forms.TextInput(attrs={"list": "indicators", "autocomplete": "off"}),
    )  # fmt: skip
    flag = _expression(_("Condition"), help_text=_("True where something is wrong, such as water_qty / persons > 100."))
    found = _expression(_("Figure found"), required=False, help_text=_("{found} in the wording."))
    low = _expression(_("Lowest expected"), required=False, help_text=_("{low} in the wording."))
    high = _expression(_("Highest expected"), required=False, help_text=_("{high} in the wording."))
    wording_zh = forms.CharField(
        label=_("Wording in Chinese"),
        max_length=400,
        help_text=_("{name}, {unit}, {found}, {low}, {high} are filled in."),
    )
    wording_en = forms.CharField(label=_("Wording in English"), max_length=400)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=80, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    editions = forms.MultipleChoiceField(
        label=_("Only for editions"), required=False, widget=forms.CheckboxSelectMultiple
    )
    kinds = forms.MultipleChoiceField(
        label=_("Only for periods"), required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple
    )
    classes = forms.MultipleChoiceField(label=_("Only for types"), required=False, widget=forms.CheckboxSelectMultiple)
    systems = forms.MultipleChoiceField(
        label=_("Only for systems"), required=False, widget=forms.CheckboxSelectMultiple
    )
    overridable = forms.BooleanField(label=_("An explanation overrules it"), required=False)
    needs_evidence = forms.BooleanField(label=_("The explanation needs a file"), required=False)
    since = _day()
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)

    def __init__(self, actor: Actor, *args: Any, changing: bool = False, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        self.fields["editions"].choices = [(code, code) for code in scheme.editions()]  # type: ignore[attr-defined]
        self.fields["classes"].choices = choices(reference.institution_types())  # type: ignore[attr-defined]
        self.fields["systems"].choices = choices(reference.systems())  # type: ignore[attr-defined]
        self.fields["reason"].required = changing
        if changing:
            for name in ("code", "region"):
                self.fields[name].widget.attrs["readonly"] = True

    def draft(self) -> RuleDraft:
        """What was stated."""
        told = {name: value for name, value in self.cleaned_data.items() if name != "reason"}
        told["each"] = group_or_keys(told["each"].replace(",", " ").split())
        return RuleDraft(**told)

    def so_far(self) -> RuleDraft | None:
        """What was stated as far as it is typed, with dots for words still to come; None without a region."""
        region = self.cleaned_data.get("region")
        if region is None:
            return None
        words = {"code": "W", "wording_zh": "…", "wording_en": "…", "severity": "explain", "scope": "return"}
        self.cleaned_data |= {name: word for name, word in words.items() if not self.cleaned_data.get(name)}
        told = {name: self.cleaned_data.get(name) or type(self).empty(name) for name in self.fields if name != "reason"}
        told["each"] = group_or_keys(str(told["each"]).replace(",", " ").split())
        return RuleDraft(**told)

    @classmethod
    def empty(cls, name: str) -> Any:
        """What a field says that was left alone."""
        if name == "since":
            return usual_since()
        return [] if isinstance(cls.base_fields[name], forms.MultipleChoiceField) else ""


class TrialForm(_OfActor):
    """Past returns to try a rule on."""

    region = RegionField()
    period = PeriodField(max_length=12)


class SwitchForm(_OfActor):
    """On or off, where and why."""

    region = RegionField()
    since = _day()
    reason = forms.CharField(label=_("Reason"), max_length=400)


class ThresholdForm(_OfActor):
    """The thresholds of one rule for a region: those that hold now, to be typed over."""

    region = RegionField()
    severity = forms.ChoiceField(
        label=_("Severity"), required=False, choices=[("", _("as the rule has it")), *SEVERITIES]
    )

    def __init__(self, actor: Actor, held: Held, names: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(actor, *args, **kwargs)
        self.held = held
        types = [("", _("all types")), *choices(reference.institution_types())]
        self.fields["institution_class"] = forms.ChoiceField(label=_("Type"), required=False, choices=types)
        for name, value in held.thresholds.items():
            self.fields[name] = NumberField(
                label=threshold_word(name, names), required=False,
                initial="" if value is None else format(value.normalize(), "f"),
            )  # fmt: skip
        self.fields["since"] = _day()
        self.fields["reason"] = forms.CharField(label=_("Reason"), max_length=400)

    def changes(self) -> dict[str, Decimal | None]:
        """What was typed over; an emptied field takes the change back."""
        typed = {name: self.cleaned_data.get(name) for name in self.held.thresholds}
        return {name: value for name, value in typed.items() if value != self.held.thresholds[name]}

    @property
    def since(self) -> date:
        """From which periods on."""
        day: date = self.cleaned_data["since"]
        return day
