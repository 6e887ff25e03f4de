"""Review rules at the console: ``nengtan returns rules …``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

import click
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.domain.returns.review.rules import Scope, Severity
from nengtan.ledger.words import CONFIDENCE
from nengtan.reporting.asking import period_option, region_named
from nengtan.reporting.wording import severity_word
from nengtan.ui.cli import Words, die, emit, emit_one, format_option

if TYPE_CHECKING:
    from nengtan.reporting.catalogue import Held
    from nengtan.reporting.services.trying import Trial

F = TypeVar("F", bound=Callable[..., Any])

COLUMNS = {
    "id": gettext_lazy("Rule"),
    "title": gettext_lazy("Title"),
    "severities": gettext_lazy("Severity"),
    "enabled": gettext_lazy("On"),
    "region": gettext_lazy("Region"),
    "thresholds": gettext_lazy("Thresholds"),
    "confidence": gettext_lazy("How far it is verified"),
}
EXAMPLE_COLUMNS = {
    "institution": gettext_lazy("Institution"),
    "code": gettext_lazy("Code"),
    "severity": gettext_lazy("Severity"),
    "cell": gettext_lazy("Cell"),
    "message": gettext_lazy("What was found"),
}

TRIAL_HEADINGS = {
    "id": gettext_lazy("Rule"),
    "region": gettext_lazy("Region"),
    "period": gettext_lazy("Period"),
    "looked_at": gettext_lazy("Returns looked at"),
    "flagged": gettext_lazy("Returns it would flag"),
    "findings": gettext_lazy("Findings"),
    "flagged_now": gettext_lazy("Returns it flags as it is set now"),
}

RECORD_HEADINGS = {
    **COLUMNS,
    "title_zh": gettext_lazy("Title in Chinese"),
    "title_en": gettext_lazy("Title in English"),
    "shipped": gettext_lazy("Shipped"),
    "version": gettext_lazy("Version"),
    "since": gettext_lazy("For periods from"),
    "source": gettext_lazy("Source"),
    "checks": gettext_lazy("Conditions"),
    "settings": gettext_lazy("Changed by regions"),
    "quotas": gettext_lazy("Quotas"),
}


def _severity_words(codes: str | Sequence[str]) -> str:
    told = codes.split() if isinstance(codes, str) else codes
    return _(", ").join(severity_word(Severity(code)) for code in told)


def _confidence_word(code: str) -> str:
    return str(CONFIDENCE[code][1]) if code in CONFIDENCE else code


def _thresholds(held: str | Mapping[str, Any]) -> str:
    """Thresholds as they are set: name and value, one after the other."""
    if isinstance(held, str):
        return held
    unknown = _("not known")
    said = [f"{name}={unknown if value is None else value}" for name, value in held.items()]
    return " ".join(said) or _("none")


def _checks(held: Sequence[Mapping[str, Any]]) -> str:
    """Each condition with what it says, a line each."""
    said = "wording_zh" if (get_language() or "zh").startswith("zh") else "wording_en"
    lines = [
        line
        for check in held
        for line in (f"{check['key']} ({_severity_words(check['severity'])}): {check['flag']}", f"  {check[said]}")
    ]
    return "\n".join(lines) or _("none")


def _changed(held: Sequence[Mapping[str, Any]]) -> str:
    """What regions changed about a rule, a line each."""
    lines = []
    for row in held:
        level = _severity_words(row["severity"]) if row["severity"] else ""
        on = "" if row["enabled"] is None else _("on") if row["enabled"] else _("off")
        told = (row["region"], row["check"], row["institution_class"], on, level, _thresholds(row["parameters"])
                if row["parameters"] else "", row["reason"])  # fmt: skip
        lines.append(" · ".join(text for text in told if text))
    return "\n".join(lines) or _("none")


def _quotas(held: Sequence[Mapping[str, Any]]) -> str:
    """The quotas a rule reads, a line each."""
    lines = [
        " ".join(str(row[key]) for key in ("standard", "region", "institution_class") if row[key])
        + ": "
        + " / ".join("—" if row[key] is None else str(row[key]) for key in ("constraint", "benchmark", "guide"))
        + f" {row['unit']}"
        for row in held
    ]
    return "\n".join(lines) or _("none")


WORDS: Words = {
    "severities": _severity_words, "severity": _severity_words, "confidence": _confidence_word,
    "thresholds": _thresholds, "checks": _checks, "settings": _changed, "quotas": _quotas,
}  # fmt: skip

place_option = click.option("--region", default="CN", show_default=True, metavar="CODE", help=_("Code of the region."))
reason_option = click.option("--reason", required=True, help=_("Why."))
since_option = click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help=_("For periods that end on this day or later.")
)


@click.group("rules", help=_("Review rules: list, show, add, change, try, switch on and off, set thresholds."))
def rules() -> None:
    """The catalogue, and the rules added here."""


@rules.command("list", help=_("Every rule as it stands for a region."))
@place_option
@click.option("--on/--off", "enabled", default=None, help=_("Only those that are on, or off."))
@format_option
def list_rules(region: str, enabled: bool | None, format: str) -> None:
    """With the thresholds that hold there."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.catalogue import held_rules, rule_dict

    found = [held for held in held_rules(system_actor(), region_named(region)) if enabled in (None, held.enabled)]
    emit([rule_dict(held) if format == "json" else _line(held) for held in found], COLUMNS, format, WORDS)


def _line(held: Held) -> dict[str, Any]:
    from nengtan.reporting.catalogue import title_of

    unknown = _("not known")
    return {
        "id": held.rule.id,
        "title": title_of(held.rule),
        "severities": " ".join(map(str, held.severities)),
        "enabled": _("yes") if held.enabled else _("no"),
        "region": held.version.region.code if held.version else "",
        "thresholds": " ".join(
            f"{name}={unknown if value is None else value}"
            for name, value in held.thresholds.items()
            if "." not in name
        ),
        "confidence": "" if held.version else str(held.rule.confidence),
    }


@rules.command("show", help=_("One rule with its conditions, thresholds and everything regions changed about it."))
@click.argument("code")
@place_option
@format_option
def show(code: str, region: str, format: str) -> None:
    """As it stands for a region."""
    from nengtan.reporting.catalogue import rule_dict

    emit_one(rule_dict(_held(code, region)), format, RECORD_HEADINGS, WORDS)


def _held(code: str, region: str) -> Held:
    from nengtan.identity.access import system_actor
    from nengtan.reporting.catalogue import held_rule

    return held_rule(system_actor(), region_named(region), code) or die(
        _("There is no rule “%(code)s”.") % {"code": code}
    )


def _stated(*, anew: bool) -> Callable[[F], F]:
    """What a rule is stated with; ``anew`` all of it, else only what is to be another."""
    several: dict[str, Any] = {"multiple": True, "default": () if anew else None}
    text = "" if anew else None
    scope = str(Scope.RETURN) if anew else None
    options = (
        click.option("--severity", required=anew, type=click.Choice([str(level) for level in Severity]),
                     help=_("Blocks submission, asks for an explanation, or informs.")),
        click.option("--flag", required=anew, help=_("Condition under which a return is flagged.")),
        click.option("--each", "each", **several,
                     help=_("Indicator it is asked of, as “value”; may repeat; or a group.")),
        click.option("--cell", default=text,
                     help=_("Indicator the finding is shown at, where it is not asked of each.")),
        click.option("--wording-zh", required=anew,
                     help=_("What it says in Chinese; {found}, {low}, {high}, {name}, {unit}.")),
        click.option("--wording-en", required=anew, help=_("What it says in English.")),
        click.option("--title-zh", default=text, help=_("Title in Chinese.")),
        click.option("--title-en", default=text, help=_("Title in English.")),
        click.option("--found", default=text, help=_("Expression of the figure found.")),
        click.option("--low", default=text, help=_("Expression of the lowest expected.")),
        click.option("--high", default=text, help=_("Expression of the highest expected.")),
        click.option("--scope", type=click.Choice([str(Scope.RETURN), str(Scope.ROOM)]), default=scope,
                     help=_("Looks at the return, or at each data room.")),
        click.option("--edition", "editions", **several, help=_("Only for this edition; may repeat.")),
        click.option("--kind", "kinds", **several, help=_("Only for this kind of period: month, quarter, annual.")),
        click.option("--class", "classes", **several, help=_("Only for this type of institution; may repeat.")),
        click.option("--system", "systems", **several, help=_("Only for this system; may repeat.")),
    )  # fmt: skip

    def decorated(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


@rules.command("add", help=_("Add a rule in the rule language; it is off until it was tried and switched on."))
@click.argument("code")
@place_option
@_stated(anew=True)
@since_option
@format_option
def add(region: str, since: datetime | None, each: Sequence[str], format: str, **told: Any) -> None:
    """Checked at once: what is wrong is told with its place and what is allowed."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.catalogue import rule_dict
    from nengtan.reporting.services import RuleDraft, add_rule
    from nengtan.reporting.services.rules import group_or_keys, usual_since

    day = since.date() if since else usual_since()
    draft = RuleDraft(region=region_named(region), since=day, each=group_or_keys(each), **told)
    made = add_rule(system_actor(), draft)
    emit_one(rule_dict(_held(made.code, region)), format, RECORD_HEADINGS, WORDS)


@rules.command(
    "change",
    help=_("Change a rule that was added: only what is given; off until it is tried again, unless only words change."),
)
@click.argument("code")
@_stated(anew=False)
@reason_option
@since_option
@format_option
def change(code: str, reason: str, since: datetime | None, format: str, **told: Any) -> None:
    """A new version; what was found earlier stays. An empty value takes a limit to editions, types and so on away."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.catalogue import rule_dict
    from nengtan.reporting.models import RuleVersion
    from nengtan.reporting.services import change_rule
    from nengtan.reporting.services.rules import draft_of, group_or_keys

    last = RuleVersion.objects.newest().select_related("region").filter(code=code).first()
    if last is None:
        die(_("There is no rule “%(code)s”.") % {"code": code})
    given = {name: _without_blanks(value) for name, value in told.items() if value is not None}
    if "each" in given:
        given["each"] = group_or_keys(given["each"])
    if since:
        given["since"] = since.date()
    draft = replace(draft_of(last), **given)
    made = change_rule(system_actor(), code, draft, reason)
    emit_one(rule_dict(_held(made.code, made.region.code)), format, RECORD_HEADINGS, WORDS)


def _without_blanks(value: Any) -> Any:
    return [item for item in value if item.strip()] if isinstance(value, tuple) else value


@rules.command("try", help=_("Hold past returns against a rule: how many it would flag, which, in what words."))
@click.argument("code")
@place_option
@period_option
@click.argument("thresholds", nargs=-1, metavar="[NAME=VALUE…]")
@format_option
def try_one(code: str, region: str, period: slots.Slot, thresholds: tuple[str, ...], format: str) -> None:
    """With other thresholds for a rule of the catalogue: also how many it flags now."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.services import trial_of, try_rule
    from nengtan.reporting.services.rules import nested

    held, place = _held(code, region), region_named(region)
    if held.version is not None and not thresholds:
        trial = trial_of(system_actor(), held.version, place, period)
    else:
        trial = try_rule(system_actor(), held.rule, place, period, nested(_given(thresholds, held)))
    _print_trial(trial, format)


def _print_trial(trial: Trial, format: str) -> None:
    from nengtan.reporting.catalogue import trial_dict

    told = trial_dict(trial)
    if format == "json":
        emit_one(told, format)
        return
    examples = told.pop("examples")
    if format == "table":
        emit_one(told, format, TRIAL_HEADINGS)
    emit(examples, EXAMPLE_COLUMNS, format, WORDS)


@rules.command("set", help=_("Change thresholds of a rule in a region and all below; an empty value takes it back."))
@click.argument("code")
@click.argument("thresholds", nargs=-1, metavar="[NAME=VALUE…]")
@place_option
@click.option("--severity", type=click.Choice([str(level) for level in Severity]),
              help=_("Blocks submission, asks for an explanation, or informs."))  # fmt: skip
@click.option("--check", default="", help=_("Only this check of the rule."))
@click.option("--class", "institution_class", default="", help=_("Only for this type of institution."))
@reason_option
@since_option
@format_option
def set_rule(
    code: str, thresholds: tuple[str, ...], region: str, since: datetime | None, format: str, **told: Any
) -> None:
    """Never rewrites what was found earlier."""
    from nengtan.identity.access import system_actor
    from nengtan.reporting.catalogue import rule_dict
    from nengtan.reporting.services import set_thresholds

    given = _given(thresholds, _held(code, region))
    set_thresholds(system_actor(), code, region_named(region), parameters=given, since=_day(since), **told)
    emit_one(rule_dict(_held(code, region)), format, RECORD_HEADINGS, WORDS)


def _given(texts: Sequence[str], held: Held) -> dict[str, Decimal | None]:
    found: dict[str, Decimal | None] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        try:
            found[name] = Decimal(value) if value.strip() else None
        except InvalidOperation:
            sign = ""
        if not sign or name not in held.thresholds:
            words = {"found": text, "allowed": " ".join(f"{name}=…" for name in held.thresholds) or _("none")}
            die(_("Found “%(found)s”; allowed: %(allowed)s.") % words)
    return found


def _day(since: datetime | None) -> date | None:
    return since.date() if since else None


def _switching(name: str, words: str, *, on: bool) -> click.Command:
    @rules.command(name, help=words)
    @click.argument("code")
    @click.option("--region", metavar="CODE", help=_("Only in this region; else where the rule belongs."))
    @reason_option
    @since_option
    @format_option
    def switch(code: str, region: str | None, reason: str, since: datetime | None, format: str) -> None:
        from nengtan.identity.access import system_actor
        from nengtan.reporting.services import switch_rule

        place = region_named(region) if region else None
        switch_rule(system_actor(), code, on=on, reason=reason, region=place, since=_day(since))
        emit_one({"id": code, "region": region or "", "enabled": on}, format, COLUMNS)

    return switch


_switching("on", _("Switch a rule on; one added here must have been tried."), on=True)
_switching("off", _("Switch a rule off."), on=False)
