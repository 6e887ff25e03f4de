"""Everything that writes the register."""

from nengtan.registry.services.attributes import set_attribute
from nengtan.registry.services.events import ENDING, EventInput, record_event
from nengtan.registry.services.institutions import InstitutionInput, input_of, save_institution
from nengtan.registry.services.places import (
    remove_contact,
    save_asset,
    save_building,
    save_contact,
    save_meter,
    save_occupancy,
)
from nengtan.registry.services.regions import add_region, set_notice

__all__ = [
    "ENDING",
    "EventInput",
    "InstitutionInput",
    "add_region",
    "input_of",
    "record_event",
    "remove_contact",
    "save_asset",
    "save_building",
    "save_contact",
    "save_institution",
    "save_meter",
    "save_occupancy",
    "set_attribute",
    "set_notice",
]
