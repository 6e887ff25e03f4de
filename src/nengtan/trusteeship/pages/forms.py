"""What people type about contracts, before a service judges it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.settlement.terms import Case
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.registry.models import Institution
from nengtan.trusteeship.models import Contract
from nengtan.trusteeship.settling.files import read_case
from nengtan.ui.formats import plain

__all__ = ["AddForm", "AmendForm", "AnswerForm", "FileForm", "StepForm"]

MOST_BYTES = 20 * 2**20
MOST_TOLD = 20


class FileForm(forms.Form):
    """A settlement file; `case` is what it holds."""

    file = forms.FileField(
        label=_("Settlement file"),
        help_text=_("Excel with a sheet for each table, or JSON; a workbook downloaded from a settlement will do."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.json"}),
    )
    case: Case

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            words = gettext("The file is larger than %(most)s MB.") % {"most": plain(MOST_BYTES // 2**20)}
            raise ValidationError(words)
        case, faults = read_case(file.read(), file.name)
        if case is None:
            told = [_fault(one) for one in faults[:MOST_TOLD]]
            more = len(faults) - len(told)
            raise ValidationError(told + ([gettext("… and %(n)s more.") % {"n": more}] if more else []))
        self.case = case
        return file


def _fault(one: dict[str, Any]) -> str:
    """A fault in a sentence with its place."""
    place = " ".join(str(part) for part in (one.get("sheet"), one.get("row") or "", one.get("column")) if part)
    return gettext("%(place)s: %(message)s") % {"place": place, "message": one["message"]} if place else one["message"]


class AddForm(FileForm):
    """A contract to put on record: whose, and the file with its terms."""

    institution = forms.CharField(label=_("Institution"), help_text=_("Code of the institution, the client."))
    field_order = ("institution", "file")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_institution(self) -> Institution:
        code = self.cleaned_data["institution"].strip()
        may = Institution.objects.for_actor(self.actor, Capability.MANAGE_CONTRACTS)
        found = may.filter(code=code).select_related("region").first()
        if found is None:
            allowed = gettext("the code of an institution whose contracts you keep")
            words = gettext("Found “%(found)s”; allowed: %(allowed)s.")
            raise ValidationError(words % {"found": code[:40], "allowed": allowed})
        return found


class AmendForm(FileForm):
    """New terms, from a day on."""

    holds_from = forms.DateField(label=_("Holds from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("What was agreed, in which document"), max_length=400)


class StepForm(forms.Form):
    """The state a contract came into."""

    state = forms.ChoiceField(label=_("State"), choices=Contract.State.choices)
    on = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(label=_("Remark"), required=False, max_length=400)


class AnswerForm(forms.Form):
    """What a party says of a settlement."""

    reason = forms.CharField(
        label=_("What is disputed and why; a remark when agreeing"), required=False, max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
