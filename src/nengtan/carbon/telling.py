"""An inventory and the check of a claim as the command prints them: plain records, codes with words beside them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from nengtan.carbon.books import InstitutionInventory, uncertainty
from nengtan.carbon.regional import RegionInventory, per_area, per_person
from nengtan.carbon.words import explained, remark
from nengtan.domain.carbon.claims import Check, Explanation, Near
from nengtan.domain.carbon.drivers import Drivers
from nengtan.domain.carbon.inventory import Basis, Line, Part, Result, Side
from nengtan.domain.factors import Choice
from nengtan.ledger.queries.accounts import AccountRow
from nengtan.ui.words import named

__all__ = ["claim_record", "institution_record", "inventory_record", "region_record"]

_PLACES = Decimal("1e-6")


def _short(value: Decimal | None) -> Decimal | None:
    """Six decimals of what came from a division, grams of a tonne."""
    return None if value is None else value.quantize(_PLACES)


def inventory_record(found: Result, region: str, year: int) -> dict[str, Any]:
    """Totals [t], lines, the factors used, what is lacking, remarks, and the settings they hold under."""
    without = {lack.basis for lack in found.lacks}
    return {
        "region": region,
        "year": year,
        "statutory_t": found.statutory_t,
        "extended_t": found.extended_t,
        "extended_only_t": found.other_t,
        "statutory_market_t": found.statutory_market_t,
        "extended_market_t": found.extended_market_t,
        "direct_t": found.parts[Part.DIRECT],
        "electricity_t": found.parts[Part.ELECTRICITY],
        "heat_t": found.parts[Part.HEAT],
        "complete": Basis.LOCATION not in without,
        "market_complete": Basis.MARKET not in without,
        "by_source": [_line(line) for line in found.lines],
        "factors": _factors(found.lines),
        "adjustments": [
            {"part": str(one.part), "basis": str(one.basis), "t": one.t} for one in found.adjustments
        ],
        "missing": [
            {"source": lack.source, "kind": str(lack.supply), "basis": str(lack.basis), "reason": str(lack.reason)}
            for lack in found.lacks
        ],
        "remarks": [{"code": str(one), "message": remark(one)} for one in found.remarks],
        "settings": {
            "market_green": str(found.settings.market_green),
            "negative": str(found.settings.negative),
            "gwp": str(found.settings.gwp),
            "second_hand": str(found.settings.second_hand),
        },
    }  # fmt: skip


def institution_record(found: InstitutionInventory) -> dict[str, Any]:
    """The inventories of an institution's year, last year's beside them, intensity, activity data, fingerprint."""
    last, alike, book, sure = found.last, found.last_alike, found.book, uncertainty(found)
    told = inventory_record(found.result, found.institution.region.code, found.year)
    return {
        "institution": {"code": found.institution.code, "name": found.institution.name},
        **told,
        "last_year_t": last.statutory_t if last else None,
        "last_year_same_factors_t": alike.statutory_t if alike else None,
        "kgco2_per_m2": _short(found.intensities.kgco2_per_m2),
        "area_m2": book.area_m2 if book else None,
        "persons": book.persons if book else None,
        "months_present": book.present if book else 0,
        "months_expected": book.expected if book else 0,
        "closed": found.closing is not None,
        "activity": [
            {
                "source": use.carrier,
                "period": use.period,
                "quantity": use.quantity,
                "origin": use.origin,
                "grade": use.grade,
                "records": use.records,
                "with_evidence": use.proved,
            }
            for use in found.uses
        ],
        "uncertainty": None
        if sure is None
        else {"half_width": _short(sure.half_width), "low_t": sure.interval.low, "high_t": sure.interval.high},
        "fingerprint": found.fingerprint,
    }


def region_record(found: RegionInventory) -> dict[str, Any]:
    """A region's year: totals, rows by type and by region, trend by both factor bases, causes, factor sets."""
    told = inventory_record(found.result, found.region.code, found.year)
    return {
        **told,
        "base_year": found.base_year,
        "mixed_factor_sets": bool(found.mixed),
        "institutions": found.bodies.institutions,
        "institutions_reporting": found.reporting,
        "institutions_complete": found.complete,
        "months_present": found.bodies.coverage.present,
        "months_expected": found.bodies.coverage.expected,
        "kgco2_per_m2": _short(per_area(found.result.statutory_t, found.bodies)),
        "kgco2_per_person": _short(per_person(found.result.statutory_t, found.bodies)),
        "by_type": [_row(row) for row in found.by_kind],
        "by_region": [_row(row) for row in found.by_region],
        "trend": [
            {
                "year": item.year,
                "current_factors_t": item.current.statutory_t,
                "constant_factors_t": item.constant.statutory_t,
                "institutions": item.bodies.institutions,
            }
            for item in found.trend
        ],
        "causes": _causes(found.drivers),
        "factor_sets": [
            {
                "carrier": one.carrier,
                "source": one.source,
                "year": one.year,
                "factors": [factor.code for factor in one.factors],
                "t": one.t,
                "mixed": one in found.mixed,
            }
            for one in found.sets
        ],
    }


def _causes(split: Drivers[tuple[str, str]] | None) -> dict[str, Any] | None:
    """Why emissions moved; None where that is not known."""
    if split is None:
        return None
    effects = {f"{name}_t": _short(effect) for name, effect in split.effects.items()}
    return {"base_t": split.base, "now_t": split.now, **effects}


def _row(row: AccountRow) -> dict[str, Any]:
    figures = row.figures
    return {
        "code": row.key,
        "name": row.label,
        "institutions": row.bodies.institutions,
        "t": figures.co2_t,
        "scope1_t": figures.co2_scope1_t,
        "scope2_t": figures.co2_scope2_t,
        "kgco2_per_m2": _short(per_area(figures.co2_t, row.bodies)),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "source": line.source.code,
        "name": named(line.source),
        "kind": str(line.supply),
        "scope": line.source.scope,
        "inventory": "statutory" if line.source.is_statutory else "extended",
        "quantity": line.quantity,
        "unit": line.source.unit,
        "treatment": str(line.location.treatment),
        "factor": _code(line.location),
        "statutory_t": line.statutory_t,
        "extended_t": line.location.t,
        "market_treatment": str(line.market.treatment),
        "market_factor": _code(line.market),
        "market_t": line.market.t,
    }


def _code(side: Side) -> str | None:
    return side.choice.factor.code if side.choice else None


def _factors(lines: Iterable[Line]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for basis in Basis:
        for line in lines:
            side = line.location if basis is Basis.LOCATION else line.market
            if side.choice:
                told = found.setdefault(side.choice.factor.id, {**_factor(side.choice), "bases": []})
                if str(basis) not in told["bases"]:
                    told["bases"].append(str(basis))
    return list(found.values())


def _factor(choice: Choice) -> dict[str, Any]:
    factor = choice.factor
    return {
        "code": factor.code,
        "name": named(factor, factor.code),
        "value": factor.value,
        "unit": f"{factor.unit}/{factor.per_unit}",
        "stated_value": factor.stated_value,
        "stated_unit": factor.stated_unit,
        "region": factor.region,
        "year": factor.year,
        "rule": str(choice.rule),
        "published_on": factor.published_on,
        "confidence": str(factor.confidence),
        "source": factor.source,
        "url": factor.url,
    }


def claim_record(found: Check, region: str) -> dict[str, Any]:
    """The claim, the factor it implies, the official one, the verdict, published factors near it, explanations."""
    claim = found.claim
    return {
        "kind": str(claim.kind),
        "kwh": claim.kwh,
        "region": region,
        "year": claim.year,
        "claimed_t": claim.claimed_t,
        "implied_factor": _short(found.implied_factor),
        "official_factor": found.official.factor.value if found.official else None,
        "official_t": found.official_t,
        "ratio": _short(found.ratio),
        "verdict": str(found.verdict),
        "tolerance": _short(claim.tolerance),
        "explanations": [_explanation(found, one) for one in found.explanations],
        "official": _factor(found.official) if found.official else None,
        "reason": str(found.reason) if found.reason else None,
        "nearest": [_near(one) for one in found.nearest],
    }


def _explanation(found: Check, one: Explanation) -> dict[str, Any]:
    return {
        "code": one.code,
        "message": explained(found, one),
        "factor": _short(one.factor),
        "expected_t": _short(one.expected_t),
        "difference": _short(one.difference),
        "published": one.published.code if one.published else None,
    }


def _near(one: Near) -> dict[str, Any]:
    return {
        "code": one.factor.code,
        "name": named(one.factor, one.factor.code),
        "value": one.factor.value,
        "region": one.factor.region,
        "year": one.factor.year,
        "use": str(one.use),
        "applies_place": one.applies_place,
        "applies_year": one.applies_year,
        "official": one.is_official,
        "difference": _short(one.difference),
        "confidence": str(one.factor.confidence),
        "source": one.factor.source,
    }
