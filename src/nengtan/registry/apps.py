from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    """Regions, institutions, buildings, meters and equipment, over time."""

    name = "nengtan.registry"
    verbose_name = _("Register")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.registry import wording
        from nengtan.registry.regions import sync_regions

        post_migrate.connect(sync_regions, sender=self, dispatch_uid="registry.sync_regions")
        protect(self, "InstitutionEvent")
        protect(self, "EventParty")
        wording.register()
        _fill_menu()
        _word_trail()


def _fill_menu() -> None:
    from nengtan.identity.roles import Capability
    from nengtan.ui import nav

    nav.register("data", _("Register"), "institutions", Capability.VIEW_DETAIL, icon="building-community", order=10)
    nav.register("data", _("Buildings"), "buildings", Capability.VIEW_DETAIL, icon="building", order=20)
    nav.register("data", _("Meters"), "meters", Capability.VIEW_DETAIL, icon="gauge", order=25)
    nav.register("data", _("Equipment"), "assets", Capability.VIEW_DETAIL, icon="plug", order=30)
    nav.register("manage", _("Still alive?"), "alive_check", Capability.VIEW_DETAIL, icon="eye", order=50)
    nav.register(
        "system", _("Regions"), "regions_admin", Capability.WRITE_REGISTRY, icon="map-pin", order=5, when=_keeps_regions
    )


def _keeps_regions(actor: Any) -> bool:
    """Whether an actor keeps the register of whole regions, not only of institutions."""
    from nengtan.identity.roles import Capability

    scope = actor.scope_for(Capability.WRITE_REGISTRY)
    return bool(scope.everything or scope.regions)


def _word_trail() -> None:
    from nengtan.identity import wording
    from nengtan.registry.models import Institution, InstitutionEvent

    things = {
        "institution": _("institution"),
        "institution.span": _("span of an institution"),
        "building": _("building"),
        "occupancy": _("occupancy"),
        "meter": _("meter"),
        "asset": _("equipment"),
        "contact": _("contact"),
    }
    acts = {"add": _("{thing} added"), "change": _("{thing} changed"), "remove": _("{thing} removed")}
    actions = {
        f"{thing}.{act}": format_lazy(text, thing=word) for thing, word in things.items() for act, text in acts.items()
    }
    kinds = {
        "registry.institution": things["institution"],
        "registry.institutionspan": things["institution.span"],
        "registry.institutionevent": _("event"),
        "registry.region": _("region"),
        **{f"registry.{name}": things[name] for name in ("building", "occupancy", "meter", "asset", "contact")},
    }

    def record(pk: str) -> str:
        code = Institution.objects.filter(pk=pk).values_list("code", flat=True).first()
        return reverse("institution_record", args=[code]) if code else ""

    wording.register(
        actions={
            **actions,
            "attribute.set": _("dated value set"),
            "region.add": _("region added"),
            "region.notice": _("notice of a region changed"),
            **{f"event.{kind.value}": kind.label for kind in InstitutionEvent.Kind},
        },
        kinds=kinds,
        links={"registry.institution": record},
        fields={
            "valid_from": _("from"),
            "before": _("before"),
            "after": _("after"),
            "area_m2": _("floor area, m²"),
            "persons": _("energy users, persons"),
            "establishment": _("established posts, persons"),
            "roof_area_m2": _("roof area, m²"),
            "source": _("source"),
            "institution": _("institution"),
            "initials": _("pinyin initials"),
            "institution_id": _("institution"),
            "name": _("name"),
            "superior": _("superior"),
            "path": _("place in the tree of regions"),
            "shipped": _("came with the program"),
        },
        values=_values(),
    )


def _values() -> dict[str, Callable[[Any], str]]:
    from nengtan import reference
    from nengtan.registry.services.equipment import particulars_words
    from nengtan.registry.services.intake.schema import asset_word
    from nengtan.registry.since import since_word
    from nengtan.ui.words import carrier_word, kind_word, named, system_word

    bodies = ("registry.institution", "registry.institutionspan")
    return {
        **{f"{body}.kind": kind_word for body in bodies},
        **{f"{body}.system": system_word for body in bodies},
        "registry.institution.carriers": carrier_word,
        "registry.meter.carrier": carrier_word,
        "registry.building.use": lambda code: named(reference.building_uses().get(code), code),
        "registry.building.climate_zone": lambda code: named(reference.climate_zones().get(code), code),
        "registry.asset.kind": asset_word,
        "registry.asset.attributes": particulars_words,
        **{f"registry.{name}.valid_from": since_word for name in ("institutionspan", "attribute", "occupancy")},
        "valid_from": since_word,
    }
