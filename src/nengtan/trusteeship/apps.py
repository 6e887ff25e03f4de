"""The room as Django knows it."""

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class TrusteeshipConfig(AppConfig):
    """Energy-cost trusteeship."""

    name = "nengtan.trusteeship"
    verbose_name = _("Energy-cost trusteeship")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.identity.roles import Capability
        from nengtan.ui import nav

        for model in ("ContractStep", "TermsVersion", "Settlement", "SettlementAnswer"):
            protect(self, model)
        nav.register("manage", _("Contracts"), "contracts", Capability.VIEW_DETAIL, icon="file-text", order=30)
        _word_trail()


def _word_trail() -> None:
    from nengtan.identity import wording
    from nengtan.trusteeship.models import Contract, SettlementAnswer
    from nengtan.ui.words import label_of

    wording.register(
        actions={
            "contract.add": _("contract put on record"),
            "contract.change": _("contract changed"),
            "contract.terms": _("terms of a contract kept"),
            "contract.step": _("contract in another state"),
            "settlement.make": _("year settled"),
            "settlement.agree": _("settlement agreed to"),
            "settlement.dispute": _("settlement disputed"),
        },
        kinds={
            "trusteeship.contract": _("contract"),
            "trusteeship.termsversion": _("terms of a contract"),
            "trusteeship.settlement": _("settlement"),
        },
        links={
            "trusteeship.contract": lambda pk: reverse("contract", args=[int(pk)]),
            "trusteeship.settlement": lambda pk: reverse("settlement", args=[int(pk)]),
        },
        fields={
            "due": pgettext_lazy("contract", "due"),
            "balance": _("left to pay"),
            "inputs_hash": _("fingerprint of the figures"),
            "result_hash": _("fingerprint of the result"),
            "digest": _("fingerprint"),
            "side": pgettext_lazy("contract", "party"),
            "starts": pgettext_lazy("contract", "from"),
            "ends": pgettext_lazy("contract", "until"),
            "company": pgettext_lazy("contract", "company"),
        },
        values={
            "trusteeship.contract.state": label_of(Contract.State),
            "trusteeship.contractstep.state": label_of(Contract.State),
            "side": label_of(SettlementAnswer.Side),
        },
    )
