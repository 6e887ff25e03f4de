"""Forms 5 to 8 of a region for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from pydantic import PlainSerializer

from nengtan.domain.returns import slots
from nengtan.identity.access import Forbidden
from nengtan.identity.doors import ActorRequest
from nengtan.identity.roles import Capability
from nengtan.registry.models import Region
from nengtan.reporting.queries.rollup import Rollup
from nengtan.ui.api import Line

router = Router()

Number = Annotated[Decimal, PlainSerializer(float, return_type=float)]
"""A figure on its way out."""


class RollupIn(Schema):
    """Which form of which region and period, and what its rows are."""

    region: Annotated[Line, Field(min_length=1, max_length=20)]
    period: Annotated[Line, Field(max_length=10, description="2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")]
    form: Annotated[int, Field(ge=5, le=8)] = 5
    by: Literal["region", "system", "superior"] = "region"
    system: Annotated[Line, Field(max_length=24)] = ""
    type: Annotated[Line, Field(max_length=3)] = ""


class HeadOut(Schema):
    """A row of form 5 or a column of the others, with how many of the returns owed are approved and in it."""

    key: str
    name: str
    approved: int
    owed: int
    values: dict[str, Number | None] = Field(description="by indicator; null: no return has the figure")


class YearChangeOut(Schema):
    """A figure this year and last; null where not known."""

    now: Number | None
    base: Number | None
    percent: Number | None


class ComparedOut(Schema):
    """One line in two years."""

    indicator: str
    all: YearChangeOut
    same: YearChangeOut = Field(description="of the institutions in both years only")


class RollupOut(Schema):
    """One summary form, added up from approved returns."""

    region: str
    period: str
    edition: str
    form: int
    heads: list[HeadOut]
    in_both_years: int
    only_now: int
    only_last_year: int
    compared: list[ComparedOut]


@router.get("/returns/rollup", response=RollupOut, summary="Forms 5 to 8 of a region from its approved returns")
def rollup(request: ActorRequest, asked: Query[RollupIn]) -> dict[str, Any]:
    """Totals of the approved returns alone; how many of the returns owed that is stands beside each."""
    request.actor.require(Capability.OVERSEE_RETURNS)
    try:
        period = slots.parse(asked.period)
    except slots.SlotError as error:
        words = _("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)")
        raise ValidationError({"period": words % {"found": error.found}}) from error
    region = get_object_or_404(Region, code=asked.region)
    try:
        found = Rollup(request.actor, region, period, asked.by, asked.system, asked.type)
    except Forbidden as error:
        raise Http404 from error
    return rollup_dict(found, asked.form)


def rollup_dict(found: Rollup, form: int) -> dict[str, Any]:
    """A roll-up as programs get it, from the API and the command alike."""
    summary, compared = found.summary(form), found.comparison(form)
    return {
        "region": found.region.code, "period": str(found.period), "edition": summary.edition, "form": form,
        "heads": [
            {
                "key": head, "name": found.head_word(form, head), "approved": summary.coverage[head].present,
                "owed": summary.coverage[head].expected,
                "values": {line: summary.cells[head, line] for line in summary.lines},
            }
            for head in summary.heads
        ],
        "in_both_years": compared.in_both, "only_now": compared.only_now, "only_last_year": compared.only_base,
        "compared": [
            {"indicator": line, "all": _change(compared.all_units[line]), "same": _change(compared.same_units[line])}
            for line in summary.lines
        ],
    }  # fmt: skip


def _change(found: Any) -> dict[str, Decimal | None]:
    return {"now": found.now, "base": found.base, "percent": found.percent}
