"""Forms of the returns."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nengtan.ledger.pages.forms import EvidenceField


class ExplainForm(forms.Form):
    """Why a flagged value is right all the same; an empty text takes it back."""

    rule = forms.CharField(max_length=24)
    record = forms.CharField(max_length=4, required=False)
    indicator = forms.CharField(max_length=40, required=False)
    text = forms.CharField(label=_("Explanation"), max_length=1000, required=False)
    seen = forms.CharField(max_length=1000, required=False)
    evidence = EvidenceField(label=_("Evidence"), required=False)

    def told(self) -> dict[str, Any]:
        """What was said, as the service takes it."""
        data = dict(self.cleaned_data)
        file = data.pop("evidence")
        data["seen"] = data["seen"] if "seen" in self.data else None
        return {**data, "file": (file.name, file.read()) if file else None}


class StepForm(forms.Form):
    """A step with why it is taken."""

    action = forms.CharField(max_length=16)
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)
    again_by = forms.DateField(label=_("To be handed in again by"), required=False)
