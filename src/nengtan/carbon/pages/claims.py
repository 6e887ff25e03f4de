"""A claim of tonnes saved, tested on a page: the address holds the question, so that an answer can be sent on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nengtan.carbon.claiming import LARGEST, checked
from nengtan.carbon.words import CLAIM, KINDS, NEAREST, USES, VERDICTS, explained, nearest_words
from nengtan.domain.carbon.claims import Check, ClaimKind, Near, Verdict
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import NumberField
from nengtan.ledger.words import REASONS, confidence_badge, place_words, source_words
from nengtan.registry.models import Region
from nengtan.registry.regions import near_words
from nengtan.ui.components import Crumb, EvidenceItem, Judgement, KeyFigure
from nengtan.ui.formats import exact, fixed, percent
from nengtan.ui.tables import Column, Table
from nengtan.ui.words import named

__all__ = ["claim_page"]

FIRST_YEAR, LAST_YEAR = 1990, 2100
_JUDGEMENTS: dict[Verdict, Judgement] = {
    Verdict.AGREES: "good",
    Verdict.TOO_HIGH: "bad",
    Verdict.TOO_LOW: "warn",
    Verdict.NO_FACTOR: "muted",
}


class AmountField(NumberField):
    """A number above nought."""

    def clean(self, value: Any) -> Decimal | None:
        found = super().clean(value)
        if found is not None and not 0 < found <= LARGEST:
            allowed = gettext("a number above 0, at most 10^15")
            words = gettext("Found “%(found)s”; allowed: %(allowed)s.")
            raise ValidationError(words % {"found": str(value)[:40], "allowed": allowed})
        return found


class RegionField(forms.CharField):
    """Any region of the tree, by its code or full name; who looks for a factor need not see its figures."""

    def clean(self, value: Any) -> Region | None:
        text = super().clean(value).strip()
        if not text:
            return None
        found = list(Region.objects.filter(Q(code=text) | Q(name=text) | Q(name_en__iexact=text)).order_by("path")[:2])
        if len(found) > 1:
            codes = ", ".join(region.code for region in found)
            words = gettext("Several regions are called “%(found)s”; give the code, such as %(codes)s.")
            raise ValidationError(words % {"found": text[:40], "codes": codes})
        if not found:
            allowed = gettext("the code of a region")
            words = gettext("Found “%(found)s”; allowed: %(allowed)s.") % {"found": text[:40], "allowed": allowed}
            raise ValidationError(words + near_words(text[:64]))
        return found[0]


class ClaimForm(forms.Form):
    """What is claimed."""

    kind = forms.ChoiceField(label=CLAIM["kind"], choices=[(str(kind), word) for kind, word in KINDS.items()])
    kwh = AmountField(label=CLAIM["kwh"])
    claimed = AmountField(label=_("Claimed reduction, tCO₂"))
    region = RegionField(
        label=_("Region"),
        help_text=_("Code or full name; factors of power are told by province."),
        widget=forms.TextInput(attrs={"list": "places", "autocomplete": "off"}),
    )
    year = forms.IntegerField(label=_("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)


@page(Capability.VIEW)
def claim_page(request: ActorRequest) -> HttpResponseBase:
    """?kind=, kwh, claimed, region, year: the factor implied, the official figure, the verdict and what explains it."""
    asked = any(name in request.GET for name in ("kwh", "claimed"))
    form = ClaimForm(request.GET) if asked else ClaimForm(initial=_usual(request))
    context: dict[str, Any] = {
        "form": form,
        "places": Region.objects.filter(level__in=("nation", "province")).order_by("path"),
        "examples": _examples(),
        "crumbs": [Crumb(gettext("Test a claim"))],
    }
    if not (asked and form.is_valid()):
        return render(request, "carbon/claim.html", context)
    region = form.cleaned_data["region"]
    found = checked(
        ClaimKind(form.cleaned_data["kind"]), form.cleaned_data["kwh"], form.cleaned_data["claimed"], region.code,
        form.cleaned_data["year"],
    )  # fmt: skip
    table = _nearest(found, request)
    return table.answer() or render(request, "carbon/claim.html", context | _told(found, region) | {"table": table})


def _usual(request: ActorRequest) -> dict[str, Any]:
    """Last year in the province the reader belongs to."""
    scope = request.actor.scope
    bodies = Region.objects.filter(institutions__in=scope.institutions)[:1] if scope.institutions else []
    paths = [*scope.granted, *(region.path for region in bodies)]
    codes = paths[0].strip("/").split("/")[:2] if paths else []
    province = Region.objects.filter(code=codes[-1]).first() if codes else None
    return {"year": timezone.localdate().year - 1, "region": province.label if province else ""}


_EXAMPLES = (
    ("saving", "6430000", "2900", "420000"),
    ("pv", "180542", "180", "420000"),
)


def _examples() -> list[tuple[str, str]]:
    """Published claims to begin with, in words with their address."""
    found = []
    for kind, kwh, claimed, region in _EXAMPLES:
        words = gettext("%(kind)s %(kwh)s kWh, %(claimed)s t claimed") % {
            "kind": KINDS[kind], "kwh": exact(Decimal(kwh)), "claimed": exact(Decimal(claimed)),
        }  # fmt: skip
        query = urlencode({"kind": kind, "kwh": kwh, "claimed": claimed, "region": region, "year": 2023})
        found.append((words, f"{reverse('claim')}?{query}"))
    return found


def _told(found: Check, region: Region) -> dict[str, Any]:
    official = found.official.factor if found.official else None
    link = reverse("factor", args=[official.id]) if official else ""
    places = place_words({official.region}) if official else {}
    return {
        "found": found,
        "finding": _finding(found),
        "where": f"{region.label} · {found.claim.year} · {KINDS[found.claim.kind]}",
        "figures": [
            KeyFigure(CLAIM["implied_factor"], found.implied_factor, decimals=4),
            KeyFigure(
                CLAIM["official_factor"], official.value if official else None, decimals=4, href=link,
                note=f"{places.get(official.region, official.region)} {official.year or ''}" if official else "",
                reason=REASONS.get(str(found.reason), ""),
            ),
            KeyFigure(CLAIM["claimed_t"], found.claim.claimed_t),
            KeyFigure(CLAIM["official_t"], found.official_t, decimals=1, reason=REASONS.get(str(found.reason), "")),
            KeyFigure(CLAIM["ratio"], found.ratio, decimals=3),
        ],
        "judgement": _JUDGEMENTS[found.verdict],
        "verdict": VERDICTS[found.verdict],
        "explanations": [EvidenceItem(explained(found, one)) for one in found.explanations],
        "official": [
            EvidenceItem(
                f"{named(official, official.code)} {exact(official.value)} kgCO₂/kWh", source_words(official.source),
                link,
            )
        ] if official else [],
        "earlier": found.official is not None and not found.official.exact,
    }  # fmt: skip


def _finding(found: Check) -> str:
    claimed = exact(found.claim.claimed_t)
    if found.ratio is None:
        return gettext("No official factor is published for this place and year; the claim of %(claimed)s t stands "
                       "unproved.") % {"claimed": claimed}  # fmt: skip
    values = {"claimed": claimed, "official": fixed(found.official_t, 1), "share": percent(abs(found.ratio - 1))}
    if found.verdict is Verdict.AGREES:
        return gettext("The claim of %(claimed)s t agrees with the official factor (%(official)s t).") % values
    if found.verdict is Verdict.TOO_HIGH:
        return gettext(
            "The claim of %(claimed)s t is %(share)s more than the %(official)s t of the official factor."
        ) % values  # fmt: skip
    return gettext(
        "The claim of %(claimed)s t is %(share)s less than the %(official)s t of the official factor."
    ) % values  # fmt: skip


def _nearest(found: Check, request: ActorRequest) -> Table:
    columns = (
        Column("name", NEAREST["name"], value=lambda row: named(row.factor, row.factor.code), priority=1,
               href=lambda row: reverse("factor", args=[row.factor.id])),
        Column("value", NEAREST["value"], value=lambda row: row.factor.value, numeric=True, exact=True),
        Column("difference", NEAREST["difference"], numeric=True, value=lambda row: row.difference,
               render=lambda row: percent(row.difference, signed=True)),
        Column("year", NEAREST["year"], value=lambda row: str(row.factor.year or "")),
        Column("applies", _("For this place and year"), value=_applies),
        Column("use", NEAREST["use"], value=lambda row: str(USES[row.use]), whole=True),
        Column("confidence", NEAREST["confidence"], render=lambda row: confidence_badge(str(row.factor.confidence)),
               export=lambda row: str(row.factor.confidence)),
    )  # fmt: skip
    return Table(
        list(found.nearest), request, id="nearest", caption=_("Published factors nearest to the implied one"),
        columns=columns,
    )  # fmt: skip


def _applies(row: Near) -> str:
    """Whether a published factor is for the place and the year of the claim."""
    return nearest_words(row.applies_place, row.applies_year, row.is_official)
