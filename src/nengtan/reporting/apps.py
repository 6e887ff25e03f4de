from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """Returns of the statistical survey scheme, from the institution to the department."""

    name = "nengtan.reporting"
    verbose_name = _("Statistics")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.reporting import workbook_wording

        workbook_wording.register()
        protect(self, "ReturnStep")
        protect(self, "Extension")
        protect(self, "RuleVersion")
        protect(self, "RuleSetting")
        protect(self, "RuleTrial")
        _fill_menu()
        _word_trail()


def _fill_menu() -> None:
    from nengtan.identity.roles import Capability
    from nengtan.ui import nav

    nav.register("data", _("Returns"), "returns", Capability.VIEW_DETAIL, icon="file-text", order=35)
    nav.register("data", _("Review rules"), "rules", Capability.MANAGE_RULES, icon="list-details", order=38)


def _word_trail() -> None:
    from nengtan.identity import wording

    wording.register(
        actions={
            "returns.open": _("period opened"),
            "return.enter": _("return filled in"),
            "return.explain": _("value explained"),
            "return.extend": _("return extended"),
            "return.submit": _("return submitted"),
            "return.pass": _("return passed on"),
            "return.send_back": _("return sent back"),
            "return.approve": _("return approved"),
            "return.reopen": _("return reopened"),
            "rule.add": _("review rule added"),
            "rule.change": _("review rule changed"),
            "rule.set": _("thresholds of a review rule changed"),
        },
        kinds={
            "reporting.return": _("return"),
            "reporting.ruleversion": _("review rule"),
            "reporting.rulesetting": _("setting of a review rule"),
        },
        links={},
        fields={"period": _("period"), "returns": _("returns"), "edition": _("edition"), "due_on": _("due on")},
    )
