from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from nengtan.identity.access import Actor
    from nengtan.registry.models import Institution


class ReportingConfig(AppConfig):
    """Returns of the statistical survey scheme, from the institution to the department."""

    name = "nengtan.reporting"
    verbose_name = _("Statistics")

    def ready(self) -> None:
        from nengtan.identity.appendonly import protect
        from nengtan.registry.services.attributes import on_institution_change
        from nengtan.reporting import workbook_wording

        workbook_wording.register()
        on_institution_change(_follow)
        protect(self, "ReturnStep")
        protect(self, "Extension")
        protect(self, "RuleVersion")
        protect(self, "RuleSetting")
        protect(self, "RuleTrial")
        protect(self, "HeaderSetting")
        protect(self, "ReportTemplate", ("retired_at",))
        protect(self, "AnnualReport")
        protect(self, "Publication", ("withdrawn_by", "withdrawn_at", "reason"))
        _fill_menu()
        _word_trail()


def _follow(actor: Actor, institutions: Sequence[Institution]) -> None:
    from nengtan.reporting.services.following import follow

    follow(actor, institutions)


def _fill_menu() -> None:
    from nengtan.identity.roles import Capability
    from nengtan.ui import nav

    nav.register("data", _("Returns"), "returns", Capability.VIEW_DETAIL, badge=_my_turn, icon="file-text", order=35)
    nav.register("data", _("Review rules"), "rules", Capability.MANAGE_RULES, icon="list-details", order=38)
    nav.register(
        "manage", _("Workbench"), "workbench", Capability.OVERSEE_RETURNS, badge=_to_review, icon="list-details",
        order=10,
    )  # fmt: skip
    nav.register("manage", _("Roll-up"), "rollup", Capability.OVERSEE_RETURNS, icon="table", order=12)
    nav.register(
        "manage", _("Joint review and spot check"), "checks", Capability.OVERSEE_RETURNS, icon="search", order=14
    )
    nav.register("manage", _("Deadlines"), "returns_calendar", Capability.OVERSEE_RETURNS, icon="clock", order=16)
    nav.register(
        "manage", _("Annual analysis report"), "annual_report", Capability.OVERSEE_RETURNS, icon="file-text", order=18
    )
    nav.register("manage", _("Form headers"), "headers", Capability.MANAGE_SCHEME, icon="file-text", order=22)
    nav.register("manage", _("Publications"), "publications", Capability.VIEW, icon="eye", order=20)


def _my_turn(request: HttpRequest) -> int | None:
    from nengtan.reporting.queries import turn_count

    actor: Actor = request.actor  # type: ignore[attr-defined]
    return turn_count(actor)


def _to_review(request: HttpRequest) -> int | None:
    from nengtan.reporting.queries import review_count

    actor: Actor = request.actor  # type: ignore[attr-defined]
    return review_count(actor)


def _outcome_word(code: Any) -> str:
    from nengtan.reporting.models.checks import Sampled
    from nengtan.ui.words import label_of

    return label_of(Sampled.Outcome)(code)


def _states_words(states: Any) -> str:
    from nengtan.reporting.models import Return

    words = dict(Return._meta.get_field("state").flatchoices)
    return ", ".join(f"{words.get(state, state)} {count}" for state, count in states.items())


def _word_trail() -> None:
    from nengtan.identity import wording
    from nengtan.reporting.models.headers import FIELDS
    from nengtan.reporting.wording import cell_word

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
            "return.follow": _("return given to the new place of the body"),
            "report.make": _("annual report made"),
            "report.template": _("report template kept"),
            "report.template_drop": _("report template taken back"),
            "publication.rule": _("naming rule set"),
            "publication.publish": _("publication made"),
            "publication.withdraw": _("publication withdrawn"),
            "rule.add": _("review rule added"),
            "rule.change": _("review rule changed"),
            "rule.set": _("thresholds of a review rule changed"),
            "header.set": _("header of a form set"),
            "header.drop": _("header of a form as shipped again"),
            "deadline.set": _("deadline set"),
            "deadline.drop": _("deadline taken back"),
            "cycle.set": _("cycle set"),
            "spotcheck.draw": _("sample drawn"),
            "spotcheck.assign": _("spot check assigned"),
            "spotcheck.record": _("spot check recorded"),
            "joint_review.open": _("joint review opened"),
            "joint_review.close": _("joint review closed"),
            "region_report.report": _("roll-up handed in"),
            "region_report.approve": _("roll-up approved"),
            "region_report.send_back": _("roll-up sent back"),
        },
        kinds={
            "reporting.return": _("return"),
            "reporting.ruleversion": _("review rule"),
            "reporting.rulesetting": _("setting of a review rule"),
            "reporting.headersetting": _("header of a form"),
            "reporting.owndeadline": _("deadline"),
            "reporting.cyclesetting": _("cycle"),
            "reporting.spotcheck": _("spot check"),
            "reporting.jointreview": _("joint review"),
            "reporting.regionreport": _("roll-up"),
            "reporting.annualreport": _("annual report"),
            "reporting.reporttemplate": _("report template"),
            "reporting.namingrule": _("naming rule"),
            "reporting.publication": _("publication"),
        },
        links={"reporting.return": lambda pk: reverse("return", args=[int(pk)])},
        fields={
            **dict(FIELDS),
            "source": _("read in"),
            "period": _("period"),
            "returns": _("returns"),
            "edition": _("edition"),
            "due_on": _("due on"),
            "user": _("person"),
            "outcome": _("what the check found"),
            "states": _("returns by state"),
            "errors": _("errors"),
            "warnings": _("warnings"),
            "drawn": _("returns drawn"),
            "wrong": _("returns found wrong"),
            "hands": _("in whose hands"),
            "version": _("version"),
            "forms": _("forms"),
            "content": _("content"),
            "books": _("books"),
        },
        values={"outcome": _outcome_word, "states": _states_words},
        namer=cell_word,
    )
