"""What one quantity amounts to, by the library of this installation or, without a database, by the shipped one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.utils import OperationalError, ProgrammingError

from nengtan import reference
from nengtan.domain.convert import Conversion, convert
from nengtan.domain.factors import FactorLibrary
from nengtan.ledger.factors import library
from nengtan.ledger.places import Places
from nengtan.ledger.queries.accounts import at_the_door
from nengtan.registry.models import Region

LARGEST = Decimal(10) ** 15


class UnknownRegion(ValueError):
    """No region has this code."""


def conversion(carrier: str, quantity: Decimal, unit: str, region: str, year: int) -> Conversion:
    """Convert a quantity used in a region in a year.

    Raises:
        UnknownCarrier, UnitNotAllowed, UnknownRegion: with what was found.
        ValueError: the quantity is below 0 or beyond all measure.
    """
    if not 0 <= quantity <= LARGEST:
        raise ValueError(quantity)
    chooser, chain = library_at(region)
    code = unit if unit in reference.units() else reference.unit_of_spelling(unit) or unit
    return convert(reference.carriers(), chooser, carrier, quantity, code, chain, year)


def library_at(region: str) -> tuple[FactorLibrary, tuple[str, ...]]:
    """The factors that hold at a region and where to look for them: codes, nearest first.

    Raises:
        UnknownRegion: neither this installation nor the shipped tree has it.
    """
    try:
        with transaction.atomic():
            own = library()
            known = Region.objects.filter(code=region).first()
            if known is not None:
                places = Places.of(own)
                return own, places.chain(places.zone(known.path))
    except (OperationalError, ProgrammingError):
        pass  # no database, or none set up yet: the shipped library answers
    if region not in reference.regions():
        raise UnknownRegion(region)
    return reference.factor_library(), reference.region_chain(region)


def conversion_dict(found: Conversion, region: str) -> dict[str, Any]:
    """A conversion as the command and the API print it."""
    return {
        "carrier": found.carrier,
        "quantity": found.quantity,
        "unit": found.unit,
        "region": region,
        "base_quantity": at_the_door(found.base_quantity),
        "base_unit": found.base_unit,
        "tce": _door(found.tce),
        "tce_primary": _door(found.tce_primary),
        "tco2": _door(found.tco2),
        "factors": [
            {
                "kind": str(item.kind),
                "id": item.id,
                "code": item.code,
                "name_zh": item.name_zh,
                "name_en": item.name_en,
                "value": item.value,
                "unit": item.unit,
                "per_unit": item.per_unit,
                "region": item.region,
                "place_level": str(item.place_level),
                "year": item.year,
                "rule": str(item.rule),
                "source": item.source,
                "url": item.url,
                "confidence": str(item.confidence),
            }
            for item in found.factors
        ],
        "missing": [{"kind": str(item.kind), "reason": str(item.reason)} for item in found.missing],
    }


def _door(value: Decimal | None) -> Decimal | None:
    return None if value is None else at_the_door(value)
