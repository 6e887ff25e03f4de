"""Live metering: from what meters say to what was used."""

from django.apps import AppConfig
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class TelemetryConfig(AppConfig):
    """Readings of meters, and the consumption that follows from them."""

    name = "nengtan.telemetry"
    verbose_name = _("Metering")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.identity.roles import Capability
        from nengtan.ui import nav

        protect(self, "MeterEvent", ("withdrawn_at",))
        protect(self, "Repair", ("undone_at",))
        _word_trail()
        nav.register(
            "data", _("Live metering"), "metering", Capability.VIEW_DETAIL, icon="chart-bar", order=15,
            covers=("/metering/",),
        )  # fmt: skip


def _word_trail() -> None:
    from nengtan.identity import wording

    things = {
        "register": _("register of a meter"),
        "ratio": _("transformer ratio"),
        "meterevent": _("event of a meter"),
        "formula": _("virtual meter"),
    }
    acts = {"add": _("{thing} added"), "change": _("{thing} changed")}
    wording.register(
        actions={
            **{
                f"{thing}.{act}": format_lazy(text, thing=word)
                for thing, word in things.items()
                for act, text in acts.items()
            },
            "meterevent.withdraw": _("event of a meter withdrawn"),
            "formula.terms": _("what a virtual meter is computed from"),
            "formula.remove": _("version of a virtual meter taken out"),
            "workorder.add": _("work order given"),
            "workorder.close": _("work order closed"),
            "repair.add": _("decision on a reading"),
            "repair.undo": _("decision on a reading undone"),
            "gateway.add": _("gateway added"),
            "gateway.key": _("gateway given a new key"),
            "gateway.end": _("gateway ended"),
            "collectorlink.add": _("collector added"),
            "collectorlink.change": _("link of a collector changed"),
            "collectorlink.remove": _("collector removed"),
            "collectorlink.tell": _("collector to be told something"),
            "device.add": _("device to be asked added"),
            "device.change": _("device to be asked changed"),
            "device.end": _("device asked no longer"),
            "uploadlink.add": _("link to another centre added"),
            "uploadlink.change": _("link to another centre changed"),
            "uploadlink.end": _("link to another centre ended"),
            "uploadpoint.set": _("name of a register at another centre set"),
            "uploadpoint.remove": _("name of a register at another centre removed"),
            "gatewaypoint.set": _("name of a gateway for a register set"),
            "gatewaypoint.remove": _("name of a gateway for a register removed"),
        },
        kinds={
            "telemetry.register": things["register"],
            "telemetry.ratiospan": things["ratio"],
            "telemetry.meterevent": things["meterevent"],
            "telemetry.formula": things["formula"],
            "telemetry.workorder": _("work order"),
            "telemetry.repair": _("decision on a reading"),
            "telemetry.gateway": _("gateway"),
            "telemetry.collectorlink": _("collector"),
            "telemetry.device": _("device that is asked"),
            "telemetry.uploadlink": _("link to another centre"),
            "telemetry.uploadpoint": _("name of a register at another centre"),
            "telemetry.gatewaypoint": _("name of a gateway for a register"),
        },
        fields={"ratio_used": _("ratio used"), "terms": _("computed from")},
    )  # fmt: skip
