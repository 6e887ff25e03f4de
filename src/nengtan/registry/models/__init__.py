"""The register (名录库): one record per thing, with what holds from a date kept apart."""

from nengtan.registry.models.institution import (
    Attribute,
    Contact,
    EventParty,
    Institution,
    InstitutionEvent,
    InstitutionSpan,
)
from nengtan.registry.models.places import Asset, Building, Meter, Occupancy
from nengtan.registry.models.region import Region

__all__ = [
    "Asset",
    "Attribute",
    "Building",
    "Contact",
    "EventParty",
    "Institution",
    "InstitutionEvent",
    "InstitutionSpan",
    "Meter",
    "Occupancy",
    "Region",
]
