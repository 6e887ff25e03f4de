"""Inputs that every room's forms share."""

from __future__ import annotations

from django import forms

__all__ = ["DayInput"]


class DayInput(forms.DateInput):
    """A day picked from a calendar; browsers take it in the international order only, whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")
