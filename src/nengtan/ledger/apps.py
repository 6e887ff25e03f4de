from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LedgerConfig(AppConfig):
    """Monthly facts of consumption, factors, and the accounts drawn from them."""

    name = "nengtan.ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.ledger import wording
        from nengtan.ledger.factors import sync_factors

        wording.register()
        post_migrate.connect(sync_factors, sender=self, dispatch_uid="ledger.sync_factors")
        protect(self, "ActivityFact", ("standing", "region", "kind"))
        protect(self, "Evidence")
        protect(self, "ImportBatch", ("withdrawn_at",))
        protect(self, "FactorVersion", ("superseded_on",))
        protect(self, "FrozenFactor")
        protect(self, "YearClosing", ("reopened_by", "reopened_at", "reason"))
        _fill_menu()
        _word_trail()


def _fill_menu() -> None:
    from nengtan.identity.roles import Capability
    from nengtan.ui import nav

    nav.register("data", _("Import bills"), "activity_import", Capability.WRITE_ACTIVITY, icon="file-import", order=40)
    nav.register("data", _("Ledger"), "facts", Capability.VIEW_DETAIL, icon="list-details", order=50)
    nav.register("data", _("Imports"), "imports", Capability.VIEW_DETAIL, icon="history", order=60)
    nav.register("carbon", _("Energy and carbon accounts"), "accounts", Capability.VIEW, icon="book-2", order=10)
    nav.register("carbon", _("Factor library"), "factors", Capability.VIEW, icon="scale", order=50)
    nav.register("manage", _("Closed years"), "closings", Capability.VIEW, icon="lock", order=60)


def _word_trail() -> None:
    from nengtan.identity import wording

    wording.register(
        actions={
            "fact.enter": _("figure entered"),
            "fact.correct": _("figure corrected"),
            "fact.withdraw": _("figure withdrawn"),
            "import.activity": _("bills imported"),
            "import.withdraw": _("import withdrawn"),
            "evidence.keep": _("evidence kept"),
            "factor.add": _("factor version added"),
            "factor.retire": _("factor version retired"),
            "year.close": _("year closed"),
            "year.reopen": _("year reopened"),
        },
        kinds={
            "ledger.activityfact": _("figure"),
            "ledger.importbatch": _("import"),
            "ledger.evidence": _("evidence"),
            "ledger.factorversion": _("factor version"),
            "ledger.yearclosing": _("closed year"),
        },
        links={
            "ledger.activityfact": lambda pk: reverse("fact", args=[int(pk)]),
            "ledger.importbatch": lambda pk: reverse("import_batch", args=[int(pk)]),
            "ledger.yearclosing": lambda _pk: reverse("closings"),
        },
        fields={
            "file": _("file"),
            "sha256": _("fingerprint (SHA-256)"),
            "facts": _("figures"),
            "corrected": _("figures corrected"),
            "institutions": pgettext_lazy("count", "institutions"),
            "digest": _("digest of the figures"),
            "shipped": _("came with the program"),
            "region_path": _("place in the tree of regions"),
            "media_type": _("kind of file"),
        },
        values=_values(),
    )


def _values() -> dict[str, Callable[[Any], str]]:
    from nengtan.ledger.words import BASES, CONFIDENCE, KINDS, item_word, place_words
    from nengtan.ui.words import carrier_word, kind_word, unit_word

    return {
        "ledger.activityfact.carrier": carrier_word,
        "ledger.activityfact.item": item_word,
        "ledger.activityfact.entered_unit": unit_word,
        "ledger.activityfact.kind": kind_word,
        "ledger.factorversion.carrier": carrier_word,
        "ledger.factorversion.kind": lambda code: str(KINDS.get(code, code)),
        "ledger.factorversion.basis": lambda code: str(BASES.get(code, code)),
        "ledger.factorversion.confidence": lambda code: str(CONFIDENCE.get(code, ("", code))[1]),
        "ledger.factorversion.place": lambda code: place_words({code}).get(code, code),
    }
