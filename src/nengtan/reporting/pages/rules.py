"""Review rules: as they stand for a region, added, tried on past returns, switched, set; what changed and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from nengtan.domain.returns.review.language import FUNCTIONS, VIEWS
from nengtan.domain.returns.review.rules import Severity
from nengtan.identity.doors import ActorRequest, page
from nengtan.identity.roles import Capability
from nengtan.ledger.pages.forms import add_errors
from nengtan.reference import scheme
from nengtan.reference.rules import rule_book
from nengtan.registry.models import Region
from nengtan.reporting.catalogue import (
    Held,
    held_rule,
    held_rules,
    home_of,
    source_of,
    threshold_word,
    title_of,
    trial_dict,
    wording_of,
)
from nengtan.reporting.models import RuleVersion
from nengtan.reporting.models.rules import SEVERITIES
from nengtan.reporting.pages.rule_forms import RuleForm, SwitchForm, ThresholdForm, TrialForm
from nengtan.reporting.services import add_rule, change_rule, set_thresholds, switch_rule, trial_of, try_rule
from nengtan.reporting.services.rules import draft_of, nested, rule_of
from nengtan.reporting.services.trying import Trial
from nengtan.reporting.wording import line_unit
from nengtan.ui.components import Crumb, Definition, EvidenceItem, Judgement, badge_html
from nengtan.ui.formats import exact
from nengtan.ui.tables import ChoiceFilter, Column, Table, TextFilter
from nengtan.ui.tables.filters import Rows
from nengtan.ui.words import kind_word, system_word

__all__ = ["rule", "rule_add", "rule_change", "rule_check", "rule_set", "rule_switch", "rule_try", "rules"]

_JUDGED: dict[Severity, Judgement] = {Severity.BLOCK: "bad", Severity.EXPLAIN: "warn", Severity.INFORM: "muted"}
_SEVERITY_WORDS = dict(SEVERITIES)


def _crumbs(last: str = "") -> list[Crumb]:
    here = [Crumb(last)] if last else []
    return [Crumb(gettext("Returns"), reverse("returns")),
            Crumb(gettext("Review rules"), reverse("rules") if last else ""), *here]  # fmt: skip


def _region(request: ActorRequest, code: str = "") -> Region:
    """The region asked for, else the highest the actor sets rules for; another's is not there."""
    wanted = code or request.GET.get("region", "")
    mine = Region.objects.filter(request.actor.scope_for(Capability.MANAGE_RULES).regions_q())
    found = mine.filter(code=wanted).first() if wanted else home_of(request.actor)
    if found is None:
        raise Http404
    return found


def _held(request: ActorRequest, region: Region, code: str) -> Held:
    found = held_rule(request.actor, region, code)
    if found is None:
        raise Http404
    return found


@page(Capability.MANAGE_RULES)
def rules(request: ActorRequest) -> HttpResponseBase:
    """Every rule as it stands for a region."""
    region = _region(request)
    held = held_rules(request.actor, region)
    table = _table(held, request, region)
    if (answer := table.answer()) is not None:
        return answer
    context = {
        "table": table,
        "region": region,
        "regions": _regions(request),
        "off": sum(not one.enabled for one in held),
        "added": sum(one.version is not None for one in held),
        "changed": sum(bool(one.changed) for one in held),
        "count": len(held),
        "crumbs": _crumbs(),
    }
    return render(request, "reporting/rules.html", context)


def _regions(request: ActorRequest) -> list[tuple[str, str]]:
    """The regions of the actor down to districts, for choosing."""
    mine = Region.objects.filter(request.actor.scope_for(Capability.MANAGE_RULES).regions_q())
    used = mine.filter(Q(institutions__isnull=False) | Q(level__in=("nation", "province", "city")))
    return [(region.code, region.label) for region in used.order_by("path").distinct()[:500]]


def _table(held: Sequence[Held], request: ActorRequest, region: Region) -> Table:
    return Table(
        held,
        request,
        id="rules",
        caption=_("Review rules"),
        columns=(
            Column("id", _("Rule"), value="rule.id", sort="rule.id", nowrap=True, href=lambda one: _url(one, region)),
            Column(
                "title",
                _("Title"),
                value=lambda one: title_of(one.rule),
                priority=1,
                href=lambda one: _url(one, region),
            ),
            Column("severity", _("Severity"), render=_severities, export=_severity_words),
            Column("state", _("State"), render=_state, export=_state_word),
            Column("thresholds", _("Thresholds"), value=_thresholds),
            Column("origin", _("Where it comes from"), render=_origin, export=_origin_word),
            Column("changed", _("Changed by regions"), value=lambda one: len(one.changed) or "", priority=3),
        ),
        filters=(
            TextFilter(
                "q", _("Rule"), fields=("rule.id", "rule.title_zh", "rule.title_en"), placeholder=_("id or title")
            ),
            ChoiceFilter("severity", _("Severity"), choices=SEVERITIES, where=_of_severity),
            ChoiceFilter("state", _("State"), choices=[("on", _("on")), ("off", _("off"))], where=_in_state),
            ChoiceFilter(
                "origin",
                _("Where it comes from"),
                where=_of_origin,
                choices=[("shipped", _("catalogue")), ("added", _("added here"))],
            ),
        ),
        page_size=50,
    )


def _of_severity(rows: Rows, code: str) -> Rows:
    return [one for one in rows if code in map(str, one.severities)]


def _in_state(rows: Rows, code: str) -> Rows:
    return [one for one in rows if one.enabled is (code == "on")]


def _of_origin(rows: Rows, code: str) -> Rows:
    return [one for one in rows if (one.version is None) is (code == "shipped")]


def _url(held: Held, region: Region) -> str:
    return f"{reverse('rule', args=[held.rule.id])}?region={region.code}"


def _severities(held: Held) -> SafeString:
    badges = [badge_html(_JUDGED[level], _SEVERITY_WORDS[level]) for level in held.severities]
    return SafeString(" ".join(badges))


def _severity_words(held: Held) -> str:
    return " ".join(str(_SEVERITY_WORDS[level]) for level in held.severities)


def _state(held: Held) -> SafeString:
    return badge_html("good" if held.enabled else "muted", _state_word(held))


def _state_word(held: Held) -> str:
    return gettext("on") if held.enabled else gettext("off")


def _thresholds(held: Held) -> str:
    plain = [
        f"{threshold_word(name)} {exact(value)}"
        for name, value in held.thresholds.items()
        if "." not in name and value is not None
    ]
    return " · ".join([*plain, *_quota_words(held)])


def _quota_words(held: Held) -> list[str]:
    """The quotas of standards that hold in the region; that none is known, where the rule asks for one."""
    words = gettext("quota %(value)s %(unit)s, %(type)s, from %(year)s (%(standard)s)")
    told = [
        words % {"value": exact(quota.constraint), "unit": quota.unit, "type": kind_word(quota.institution_class),
                 "year": quota.first_year, "standard": quota.standard}
        for quota in held.quotas
    ]  # fmt: skip
    return told or ([gettext("no quota known")] if held.lacks_quota else [])


def _origin_word(held: Held) -> str:
    if held.version is not None:
        return str(held.version.region)
    is_read = held.rule.confidence.value == "verified"
    return gettext("read in its source") if is_read else gettext("our suggestion: set your own")


def _origin(held: Held) -> SafeString:
    return format_html('<span class="text-muted">{}</span>', _origin_word(held))


@page(Capability.MANAGE_RULES)
def rule(request: ActorRequest, code: str) -> HttpResponseBase:
    """One rule as it stands for a region."""
    region = _region(request)
    return _rule_page(request, _held(request, region, code), region)


def _rule_page(request: ActorRequest, held: Held, region: Region, **forms: Any) -> HttpResponseBase:
    here = {"region": region.code}
    mine = held.version is None or request.actor.scope_for(Capability.MANAGE_RULES).covers(held.version.region.path)
    context = {
        "held": held,
        "region": region,
        "title": title_of(held.rule),
        "state": _state(held),
        "severities": _severities(held),
        "unverified": held.version is None and held.rule.confidence.value != "verified",
        "definitions": _definitions(held),
        "checks": [(check, wording_of(check), _asked_of(check.each, check.cell)) for check in held.rule.checks],
        "may": mine,
        "regions": _regions(request),
        "trial_form": TrialForm(request.actor, initial=here | {"period": request.GET.get("period", "")}),
        "switch_form": SwitchForm(request.actor, initial=here, auto_id="switch_%s"),
        "threshold_form": ThresholdForm(request.actor, held, _names(), initial=here, auto_id="set_%s"),
        "history": _history(request, held),
        "crumbs": _crumbs(held.rule.id),
        **forms,
    }
    return render(request, "reporting/rule.html", context)


def _names() -> dict[str, str]:
    """Indicators in words."""
    return {key: line["name"] for edition in scheme.editions() for key, line in _lines(edition).items()}


def _lines(edition: str) -> dict[str, dict[str, str]]:
    chinese = (get_language() or "zh").startswith("zh")
    return {
        line.key: {"key": line.key, "name": line.name_zh if chinese else line.name_en, "unit": line_unit(line)}
        for line in scheme.edition(edition).indicators.values()
        if line.is_entered
    }


_GROUPS = {
    "all": _("every indicator"),
    "required": _("every mandatory indicator"),
    "flows": _("every quantity and cost"),
    "quantities": _("every quantity with a cost"),
    "details": _("every line of heating"),
    "additive": _("every line that adds up"),
    "energies": _("the quantity of every kind of energy"),
    "usage": _("the quantity of every kind of energy, and water"),
    "heating_quantities": _("every quantity of heating"),
    "priced": _("every quantity with a reference price"),
    "slippable": _("area, quantities and costs"),
    "with_quantity": _("every quantity and each of its parts"),
}
"""The shipped groups of indicators in words."""


def _asked_of(each: str | Sequence[str], cell: str) -> str:
    names = _names()
    if isinstance(each, str) and each:
        return str(_GROUPS.get(each, each))
    return ", ".join(names.get(key, key) for key in (each or [cell]))


def _definitions(held: Held) -> list[Definition]:
    check = held.rule.checks[0]
    rows = [
        (gettext("Belongs to"), str(held.version.region) if held.version else gettext("the catalogue")),
        (gettext("Source"), source_of(held.rule)),
        (gettext("How far it is verified"), "" if held.version else _origin_word(held)),
        (gettext("Quotas"), " · ".join(_quota_words(held))),
        (gettext("Version"), held.version.number if held.version else ""),
        (gettext("For periods that end from"), held.version.since if held.version else ""),
        (gettext("Editions"), ", ".join(check.editions)),
        (gettext("Types"), ", ".join(map(kind_word, check.classes))),
        (gettext("Systems"), ", ".join(map(system_word, check.systems))),
    ]
    return [Definition(term, value) for term, value in rows if value]


def _history(request: ActorRequest, held: Held) -> list[EvidenceItem]:
    """Versions and settings, latest first: who, when, what, why."""
    versions = RuleVersion.objects.for_actor(request.actor).filter(code=held.rule.id).select_related("by")
    found = [
        (row.at, gettext("Version %(number)s: %(flag)s") % {"number": row.number, "flag": row.flag},
         row, gettext("on") if row.enabled else gettext("off"))
        for row in versions
    ]  # fmt: skip
    for setting in held.changed:
        told = [f"{threshold_word(name, _names())} {value}" for name, value in _flat(setting.parameters)]
        told += [str(_SEVERITY_WORDS[Severity(setting.severity)])] if setting.severity else []
        text = f"{setting.region}: {' · '.join(told)}" if told else str(setting.region)
        state = {True: gettext("on"), False: gettext("off"), None: ""}[setting.enabled]
        found.append((setting.at, text, setting, state))  # type: ignore[arg-type]
    found.sort(key=lambda item: item[0], reverse=True)
    return [
        EvidenceItem(text, f"{row.by or gettext('the platform itself')} {at:%Y-%m-%d %H:%M} {row.reason}", badge=state)
        for at, text, row, state in found
    ]


def _flat(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"{name}.{key}" if key else name, str(number))
        for name, value in parameters.items()
        for key, number in (value.items() if isinstance(value, dict) else [("", value)])
    ]


@page(Capability.MANAGE_RULES)
def rule_try(request: ActorRequest, code: str) -> HttpResponseBase:
    """The rule held against past returns, with the thresholds typed where they differ."""
    region = _region(request, request.POST.get("region", ""))
    held = _held(request, region, code)
    form = TrialForm(request.actor, request.POST or None)
    thresholds = ThresholdForm(request.actor, held, _names(), request.POST or None, auto_id="set_%s")
    forms: dict[str, Any] = {"trial_form": form}
    if form.is_valid():
        thresholds.is_valid()
        changes = thresholds.changes() if any(name in request.POST for name in held.thresholds) else {}
        try:
            forms["trial"] = _trial(_tried(request, held, form, nested(changes)))
        except ValidationError as error:
            add_errors(form, error)
        if changes:
            shown = {"region": region.code, **{name: value for name, value in changes.items() if value is not None}}
            forms["threshold_form"] = ThresholdForm(request.actor, held, _names(), auto_id="set_%s", initial=shown)
    return _rule_page(request, held, region, **forms)


def _tried(request: ActorRequest, held: Held, form: TrialForm, given: Any) -> Trial:
    region, period = form.cleaned_data["region"], form.cleaned_data["period"]
    if held.version is not None and not given:
        return trial_of(request.actor, held.version, region, period)
    return try_rule(request.actor, held.rule, region, period, given)


def _trial(trial: Trial) -> dict[str, Any]:
    """A trial as the page shows it."""
    told = trial_dict(trial)
    for item in told["examples"]:
        item["url"] = reverse("return", args=[item["return_id"]])
        item["badge"] = badge_html(_JUDGED[Severity(item["severity"])], _SEVERITY_WORDS[Severity(item["severity"])])
    return told | {"more": max(trial.findings - len(trial.examples), 0)}


@page(Capability.MANAGE_RULES)
def rule_set(request: ActorRequest, code: str) -> HttpResponseBase:
    """Thresholds and severity for a region."""
    region = _region(request, request.POST.get("region", ""))
    held = _held(request, region, code)
    form = ThresholdForm(request.actor, held, _names(), request.POST or None, auto_id="set_%s")
    if form.is_valid():
        try:
            set_thresholds(
                request.actor, code, form.cleaned_data["region"], reason=form.cleaned_data["reason"],
                parameters=form.changes(), severity=form.cleaned_data["severity"] or None, since=form.since,
                institution_class=form.cleaned_data["institution_class"],
            )  # fmt: skip
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, gettext("The thresholds hold from now on; what was handed in keeps its own."))
            return redirect(_url(held, region))
    return _rule_page(request, held, region, threshold_form=form)


@page(Capability.MANAGE_RULES)
def rule_switch(request: ActorRequest, code: str) -> HttpResponseBase:
    """On or off."""
    region = _region(request, request.POST.get("region", ""))
    held = _held(request, region, code)
    form = SwitchForm(request.actor, request.POST or None, auto_id="switch_%s")
    if form.is_valid():
        told = form.cleaned_data
        try:
            switch_rule(
                request.actor, code, on=not held.enabled, reason=told["reason"], region=told["region"],
                since=told["since"],
            )  # fmt: skip
        except ValidationError as error:
            add_errors(form, error)
        else:
            words = gettext("The rule is off.") if held.enabled else gettext("The rule is on.")
            messages.success(request, words)
            return redirect(_url(held, region))
    return _rule_page(request, held, region, switch_form=form)


@page(Capability.MANAGE_RULES)
def rule_add(request: ActorRequest) -> HttpResponseBase:
    """Add a rule; it may be tried before it is even kept."""
    home = _region(request)
    form = RuleForm(request.actor, request.POST or None, initial={"region": home.code})
    typed = request.POST if "try" in request.POST else None
    trial_form = TrialForm(request.actor, typed, auto_id="try_%s", use_required_attribute=False)
    context: dict[str, Any] = {"form": form, "trial_form": trial_form}
    if form.is_valid():
        try:
            if "try" not in request.POST:
                made = add_rule(request.actor, form.draft(), form.cleaned_data["reason"])
                messages.success(
                    request, gettext("The rule is kept, and off: try it on past returns, then switch it on.")
                )
                return redirect(f"{reverse('rule', args=[made.code])}?region={made.region.code}")
            context |= _draft_trial(request, form, trial_form)
        except ValidationError as error:
            add_errors(form, error)
    return _form_page(request, context, gettext("Add a rule"))


def _draft_trial(request: ActorRequest, form: RuleForm, trial_form: TrialForm) -> dict[str, Any]:
    draft = form.draft()
    tried = rule_of(draft)
    if not trial_form.is_valid():
        return {}
    return {"trial": _trial(try_rule(request.actor, tried, draft.region, trial_form.cleaned_data["period"]))}


@page(Capability.MANAGE_RULES)
def rule_change(request: ActorRequest, code: str) -> HttpResponseBase:
    """A new version of a rule that was added."""
    versions = RuleVersion.objects.for_actor(request.actor).newest().select_related("region").filter(code=code)
    held = versions.first()
    if held is None:
        raise Http404
    draft = draft_of(held)
    told = {name: getattr(draft, name) for name in RuleForm.base_fields if name != "reason"}
    each = draft.each if isinstance(draft.each, str) else " ".join(draft.each)
    form = RuleForm(
        request.actor, request.POST or None, changing=True, initial=told | {"region": held.region.code, "each": each}
    )
    if form.is_valid():
        try:
            change_rule(request.actor, code, form.draft(), form.cleaned_data["reason"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, gettext("The new version is kept."))
            return redirect(f"{reverse('rule', args=[code])}?region={held.region.code}")
    return _form_page(request, {"form": form, "held": held}, code)


def _form_page(request: ActorRequest, context: dict[str, Any], last: str) -> HttpResponseBase:
    edition = list(scheme.editions())[-1]
    book = rule_book()
    vocabulary = {
        "indicators": list(_lines(edition).values()),
        "groups": sorted(book.groups),
        "derived": sorted(book.derived),
        "views": VIEWS,
        "functions": [*FUNCTIONS, "change", "differs", "outside", "blank", "count", "total", "kind"],
        "regions": _regions(request),
        "edition": edition,
        "crumbs": _crumbs(last),
    }
    return render(request, "reporting/rule_form.html", vocabulary | context)


@page(Capability.MANAGE_RULES)
def rule_check(request: ActorRequest) -> HttpResponseBase:
    """What is wrong with a rule as far as it is typed: asked again while somebody types."""
    form = RuleForm(request.actor, request.POST or None)
    form.is_valid()
    draft = form.so_far() if form.is_bound else None
    if draft is not None and draft.flag:
        try:
            rule_of(draft)
        except ValidationError as error:
            add_errors(form, error)
    given = {name: bool(form.data.get(name)) for name in form.errors}
    labels = {name: str(form.fields[name].label) for name in form.errors if name in form.fields}
    problems = [(labels.get(name, ""), " ".join(map(str, form.errors[name]))) for name, typed in given.items() if typed]
    open_fields = [labels.get(name, "") for name, typed in given.items() if not typed]
    return render(request, "reporting/rule_check.html", {"problems": problems, "open": open_fields})
