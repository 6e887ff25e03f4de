"""Words for the codes of this room, in the reader's language."""

from __future__ import annotations

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from nengtan import reference
from nengtan.domain.carbon.claims import Check, ClaimKind, Explanation, Use, Verdict, Why
from nengtan.domain.carbon.inventory import Gwp, MarketGreen, Negative, Remark, SecondHand, Supply, Treatment
from nengtan.ui.formats import exact
from nengtan.ui.words import named

SUPPLIES: dict[str, Promise] = {
    Supply.PURCHASED: _("bought"),
    Supply.DIRECT_GREEN: _("green power by direct line"),
    Supply.MARKET_GREEN: _("green power bought on the market"),
    Supply.PASSED_ON: _("passed on to others"),
    Supply.OWN_PV: _("own solar power used on site"),
}
INVENTORIES: dict[str, Promise] = {"statutory": _("statutory"), "extended": _("extended only")}
TREATMENTS: dict[str, Promise] = {
    Treatment.COUNTED: _("counted"),
    Treatment.DEDUCTED: _("deducted"),
    Treatment.ZERO: _("counted as nought"),
    Treatment.NO_ENTRY: _("no entry, also no negative one"),
}
MARKET_GREENS: dict[str, Promise] = {
    MarketGreen.AVERAGE: _("the place's average"),
    MarketGreen.ZERO: _("nought"),
}
NEGATIVES: dict[str, Promise] = {
    Negative.ZERO: _("shown as nought"),
    Negative.KEEP: _("kept below nought"),
}
GWPS: dict[str, Promise] = {
    Gwp.AR4: _("fourth assessment report of the IPCC"),
    Gwp.AR5: _("fifth assessment report of the IPCC"),
    Gwp.AR6: _("sixth assessment report of the IPCC"),
}
SECOND_HANDS: dict[str, Promise] = {
    SecondHand.USED: _("used and marked"),
    SecondHand.LEFT_OUT: _("left out of the inventory"),
}
SETTINGS: dict[str, Promise] = {
    "market_green": _("Green power of the market in the statutory inventory"),
    "negative": _("A term below nought"),
    "gwp": _("Global warming potentials"),
    "second_hand": _("Extended factors not read in their source"),
}
SETTING_WORDS = {"market_green": MARKET_GREENS, "negative": NEGATIVES, "gwp": GWPS, "second_hand": SECOND_HANDS}

_REMARKS: dict[Remark, Promise] = {
    Remark.INCOMPLETE: _("The totals are too low: some lines have no factor."),
    Remark.EARLIER_FACTOR: _("A factor of an earlier year was used, because none is published for this one."),
    Remark.SECOND_HAND: _(
        "Some extended sources use factors that were not read in their source: never report or score these figures."
    ),
    Remark.MARKET_GREEN_OPEN: _(
        "How JS/T 303-2026 treats green power of the market could not be read in its text: the setting decides."
    ),
    Remark.GREEN_NEEDS_PROOF: _("Nought for green power holds only with certificates that stay with the user."),
    Remark.OWN_PV: _(
        "Own solar power used on site is not in the power bought: it makes no entry, and a deduction would count it "
        "twice."
    ),
    Remark.PASSED_ON_EXCEEDS: _("More was passed on than came in: check the meters."),
    Remark.CLAMPED: _("A term fell below nought and is shown as nought; adjustments say by how much."),
}


def remark(one: Remark) -> str:
    """What a reader of an inventory has to know."""
    return str(_REMARKS[one])


KINDS: dict[str, Promise] = {
    ClaimKind.SAVING: _("power saved"),
    ClaimKind.PV: _("solar power generated"),
}
VERDICTS: dict[str, Promise] = {
    Verdict.AGREES: _("agrees with the official factor"),
    Verdict.TOO_HIGH: _("too high"),
    Verdict.TOO_LOW: _("too low"),
    Verdict.NO_FACTOR: _("no official factor to compare with"),
}
USES: dict[str, Promise] = {
    Use.AVERAGE: _("average of a place, for inventories"),
    Use.RESIDUAL: _("without non-fossil power traded on the market"),
    Use.FOSSIL: _("power from fossil fuels alone"),
    Use.ENTERPRISE: _("reports of enterprises to the national carbon market"),
    Use.LOCAL_MARKET: _("reports to a local carbon market"),
    Use.FOOTPRINT: _("life cycle, for footprints of products"),
    Use.BASELINE: _("baseline of offset projects"),
}

_COAL_EQUIVALENT = _(
    "%(first)s kgce/kWh × %(second)s = %(factor)s: CO₂ was derived from tonnes of coal equivalent instead of from the "
    "power."
)
MISTAKES: dict[str, Promise] = {
    "coal_44_12": _(
        "%(first)s kgce/kWh × %(second)s = %(factor)s: the coal equivalent of power was taken for its carbon. A "
        "kilogram of coal equivalent is %(third)s MJ of heat, not a kilogram of carbon."
    ),
    "folk_997": _(
        "%(factor)s kg/kWh goes round in articles (%(first)s kg of coal, %(second)s kg of carbon, %(factor)s kg of "
        "CO₂ for one kilowatt-hour); it stands in no notice and is more than even power from fossil fuels alone."
    ),
    "coal_266": _COAL_EQUIVALENT,
    "coal_2457": _COAL_EQUIVALENT,
}
_WHYS: dict[Why, Promise] = {
    Why.AGREES: _("%(name)s, %(factor)s kg/kWh, gives %(expected)s t: the claim agrees."),
    Why.TWICE: _(
        "It is twice what the official factor gives. The same kilowatt-hours were probably counted twice, for example "
        "solar power once as less power bought and once more as generation × factor."
    ),
    Why.POWER_OF_TEN: _(
        "It is %(times)s times what the official factor gives: a unit was probably mistaken (kWh, ten thousand kWh, "
        "MWh; kg, t)."
    ),
    Why.OTHER_YEAR: _("The factor of the same place but of another year fits: %(name)s (%(year)s), %(factor)s kg/kWh."),
    Why.WIDER_PLACE: _(
        "The average of a wider area fits: %(name)s (%(year)s), %(factor)s kg/kWh. Where the province has a factor, "
        "that one holds."
    ),
    Why.RESIDUAL: _(
        "%(name)s (%(year)s), %(factor)s kg/kWh, fits. It is for what remains of the grid's power when green power is "
        "claimed apart, not for power by place."
    ),
    Why.FOSSIL: _(
        "%(name)s (%(year)s), %(factor)s kg/kWh, fits. It is for power known to come from fossil fuels, not for power "
        "from the grid."
    ),
    Why.ENTERPRISE: _(
        "%(name)s (%(year)s), %(factor)s kg/kWh, fits. It was prescribed for reports of enterprises to the carbon "
        "market."
    ),
    Why.LOCAL_MARKET: _("%(name)s, %(factor)s kg/kWh, fits. It holds only for reports to the local carbon market."),
    Why.FOOTPRINT: _(
        "%(name)s (%(year)s), %(factor)s kg/kWh, fits. It covers the life cycle and is for products, never for the "
        "inventory of an institution."
    ),
    Why.BASELINE: _(
        "%(name)s (%(year)s), %(factor)s kg/kWh, fits. It is for offset projects only, never for an inventory."
    ),
    Why.OTHER_PLACE: _(
        "The factor of another place fits: %(name)s (%(year)s), %(factor)s kg/kWh. With so many factors published it "
        "may be chance."
    ),
    Why.BEYOND_FOSSIL: _(
        "It is more than if every kilowatt-hour came from fossil fuels (%(factor)s kg/kWh, %(expected)s t): no factor "
        "of a grid gives it. Either the factor is wrong or more power is meant than was stated."
    ),
    Why.NONE_KNOWN: _(
        "No published factor of the place and no well-known mistake gives this figure: ask for the factor, its year "
        "and the document."
    ),
}


def explained(found: Check, one: Explanation) -> str:
    """One explanation in words, with its numbers."""
    text = MISTAKES[one.code] if one.why is Why.MISTAKE else _WHYS[one.why]
    published = one.published
    terms = next((held.terms for held in reference.claim_mistakes() if held.code == one.code), ())
    values = {
        **dict(zip(("first", "second", "third"), terms, strict=False)),
        "name": named(published, published.code) if published else "",
        "year": published.year or gettext("any year") if published else "",
        "factor": "" if one.factor is None else exact(one.factor.quantize(Decimal("1e-4"))),
        "expected": "" if one.expected_t is None else exact(one.expected_t.quantize(Decimal("1e-1"))),
        "times": "" if one.times is None else exact(one.times),
    }
    return str(text) % values


FIGURES = {
    "statutory_t": _("Statutory inventory, t"),
    "direct_t": _("Fuels burnt, t"),
    "electricity_t": _("Power, t"),
    "heat_t": _("Heat and cooling, t"),
    "extended_only_t": _("Extended sources, t"),
    "extended_t": _("Extended inventory, t"),
    "statutory_market_t": _("Statutory boundary by market, t"),
    "extended_market_t": _("Extended inventory by market, t"),
}
TOTALS = {
    "code": _("Code"),
    "name": _("Institution"),
    **{key: FIGURES[key] for key in ("statutory_t", "direct_t", "electricity_t", "heat_t")},
    "missing": _("Without a figure"),
}
LINES = {
    "name": _("Emission source"),
    "kind": pgettext_lazy("carbon", "Supply"),
    "inventory": _("Inventory"),
    "quantity": _("Quantity"),
    "unit": _("Unit of measure"),
    "treatment": _("Treatment"),
    "factor": pgettext_lazy("carbon", "Factor"),
    "statutory_t": _("Statutory, t"),
    "extended_t": _("Extended, t"),
    "market_t": _("By market, t"),
}
CLAIM = {
    "kind": pgettext_lazy("carbon", "What is claimed"),
    "kwh": _("Power, kWh"),
    "claimed_t": _("Claimed, t"),
    "implied_factor": _("Factor it implies, kg/kWh"),
    "official_factor": _("Official factor, kg/kWh"),
    "official_t": _("By the official factor, t"),
    "ratio": _("Claimed over official"),
    "verdict": _("Verdict"),
}
NEAREST = {
    "name": _("Published factor"),
    "value": _("kg/kWh"),
    "difference": _("Implied factor differs by"),
    "year": _("Data year"),
    "applies_place": _("For this place"),
    "applies_year": _("For this year"),
    "use": _("What it is for"),
    "confidence": _("Confidence"),
}


def nearest_words(place: bool, year: bool, official: bool) -> str:
    """Whether a published factor is for the place and the year of a claim."""
    if official:
        return gettext("yes: the official one")
    if place and year:
        return gettext("yes, but for another use")
    if place:
        return gettext("this place, another year")
    return gettext("another place, this year") if year else gettext("another place and year")
