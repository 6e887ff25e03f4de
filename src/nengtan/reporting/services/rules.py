"""Setting review rules: adding one, changing it, switching it on or off, changing thresholds; every change stays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.returns import slots
from nengtan.domain.returns.review.engine import Engine, RuleError, groups_of
from nengtan.domain.returns.review.rules import Parameters, Rule, Scope, Severity
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record, snapshot
from nengtan.identity.roles import Capability
from nengtan.reference import ReferenceDataError, scheme
from nengtan.reference.rules import read_check, rule_book
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.models import RuleSetting, RuleVersion
from nengtan.reporting.rule_wording import expression_words
from nengtan.reporting.services.rulebook import OWN, as_rule, read_parameters

__all__ = [
    "RuleDraft",
    "add_rule",
    "change_rule",
    "code_of",
    "draft_of",
    "group_or_keys",
    "nested",
    "rule_of",
    "set_thresholds",
    "shipped",
    "switch_rule",
    "thresholds_of",
    "usual_since",
]

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,10}")
_TOLD = (
    "title_zh",
    "title_en",
    "wording_zh",
    "wording_en",
    "reason",
    "since",
    "enabled",
    "by_id",
    "at",
    "id",
    "number",
)
"""What of a version is not what it looks at: changing it asks for no new trial."""

_OPTIONAL = ("editions", "kinds", "classes", "systems")


def usual_since() -> date:
    """From which periods a change holds unless said: those of last year on, whose returns are being collected."""
    return date(clock.today().year - 1, 1, 1)


@dataclass(frozen=True)
class RuleDraft:
    """A rule as an administrator states it; empty lists mean all, ``each`` names indicators or one group."""

    code: str
    region: Region
    severity: str
    flag: str
    wording_zh: str
    wording_en: str
    title_zh: str = ""
    title_en: str = ""
    scope: str = Scope.RETURN
    each: Sequence[str] | str = ()
    cell: str = ""
    found: str = ""
    low: str = ""
    high: str = ""
    editions: Sequence[str] = ()
    kinds: Sequence[str] = ()
    classes: Sequence[str] = ()
    systems: Sequence[str] = ()
    overridable: bool = False
    needs_evidence: bool = False
    since: date = field(default_factory=usual_since)


def code_of(draft: RuleDraft) -> str:
    """The id findings carry: two regions may both call a rule W1.

    An id that was given before keeps its region in front.
    """
    head = f"{draft.region.code}-"
    return draft.code if draft.code.startswith(head) else head + draft.code


def rule_of(draft: RuleDraft) -> Rule:
    """The rule as the engine reads it.

    Raises:
        ValidationError: by field: what cannot be read, where, and what is allowed.
    """
    problems = _plain_problems(draft)
    if problems:
        raise ValidationError(problems)
    entry: dict[str, Any] = {
        name: value
        for name, value in asdict_of(draft).items()
        if name not in ("code", "region", "title_zh", "title_en", "since") and value not in ("", [], ())
    }
    try:
        check = read_check({"key": OWN, **entry}, "own")
    except ReferenceDataError as error:
        name = error.field.removeprefix("own: ")
        words = _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": error.found, "allowed": error.allowed}
        raise ValidationError({name: words}) from error
    rule = Rule(code_of(draft), draft.title_zh, draft.title_en, (check,))
    _read_by_engine(draft, rule)
    return rule


def asdict_of(draft: RuleDraft) -> dict[str, Any]:
    """The fields of a draft, lists as lists."""
    held = {name: getattr(draft, name) for name in RuleDraft.__dataclass_fields__}
    return {name: list(value) if isinstance(value, (tuple, list)) else value for name, value in held.items()}


def draft_of(version: RuleVersion) -> RuleDraft:
    """A version as somebody would state it again."""
    return RuleDraft(**{name: getattr(version, name) for name in RuleDraft.__dataclass_fields__})


def _titled(draft: RuleDraft) -> RuleDraft:
    """With its wording as the title where it has none, and no blanks around expressions, so that columns are true."""
    return replace(
        draft,
        title_zh=draft.title_zh or draft.wording_zh[:80],
        title_en=draft.title_en or draft.wording_en[:160],
        flag=draft.flag.strip(),
        found=draft.found.strip(),
        low=draft.low.strip(),
        high=draft.high.strip(),
    )


def _plain_problems(draft: RuleDraft) -> dict[str, str]:
    found = {}
    short = draft.code.removeprefix(f"{draft.region.code}-")
    if not _CODE.fullmatch(short):
        allowed = _("a letter, then up to ten letters, digits or _")
        found["code"] = _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": short, "allowed": allowed}
    for name in ("flag", "wording_zh", "wording_en"):
        if not getattr(draft, name).strip():
            found[name] = _("This must be given.")
    allowed_lists = {
        "editions": list(scheme.editions()), "kinds": [str(kind) for kind in slots.Kind],
        "classes": list(reference.institution_types()), "systems": list(reference.systems()),
        "severity": [str(level) for level in Severity], "scope": [str(Scope.RETURN), str(Scope.ROOM)],
    }  # fmt: skip
    for name, allowed_codes in allowed_lists.items():
        value = getattr(draft, name)
        odd = [code for code in ([value] if isinstance(value, str) else value) if code not in allowed_codes]
        if odd:
            words = {"found": ", ".join(map(str, odd)), "allowed": ", ".join(allowed_codes)}
            found[name] = _("Found “%(found)s”; allowed: %(allowed)s.") % words
    return found | _places(draft)


def _places(draft: RuleDraft) -> dict[str, str]:
    """What is said of indicators that no edition in question has."""
    lines = {key for code in editions_of(draft) for key in scheme.edition(code).indicators}
    groups = {*rule_book().groups, *(name for code in editions_of(draft) for name in groups_of(scheme.edition(code)))}
    if isinstance(draft.each, str):
        odd = [] if draft.each in groups else [draft.each]
    else:
        odd = [key for key in draft.each if key not in lines]
    if odd:
        return {"each": expression_words("unknown_name", ", ".join(odd), _near(odd[0], {*lines, *groups}))}
    if not draft.each and draft.cell and draft.cell not in lines:
        return {"cell": expression_words("unknown_name", draft.cell, _near(draft.cell, lines))}
    return {}


def _near(name: str, known: set[str]) -> list[str]:
    return get_close_matches(name, sorted(known), n=5, cutoff=0.5)


def editions_of(draft: RuleDraft) -> list[str]:
    """The editions a rule is for."""
    return [code for code in scheme.editions() if code in draft.editions or not draft.editions]


def _read_by_engine(draft: RuleDraft, rule: Rule) -> None:
    """Compile it as a review would, for every edition it is for; the first thing wrong is told at its field."""
    alone = replace(rule_book(), rules=(rule,))
    kind = slots.Kind(draft.kinds[0]) if draft.kinds else slots.Kind.ANNUAL
    for code in editions_of(draft):
        try:
            engine = Engine(alone, scheme.edition(code), kind, Scope(draft.scope))
            engine.check()
        except RuleError as error:
            words = expression_words(error.error.code, error.error.found, error.error.allowed, error.error.column)
            where = _("Edition %(edition)s, ") % {"edition": code} if len(editions_of(draft)) > 1 else ""
            raise ValidationError({error.field: where + words}) from error
        if not engine.asks:
            raise ValidationError({"each": _("No indicator of edition %(edition)s is asked.") % {"edition": code}})


@transaction.atomic
def add_rule(actor: Actor, draft: RuleDraft, reason: str = "") -> RuleVersion:
    """Add a rule, switched off: it is tried on past returns before it is switched on.

    Raises:
        ValidationError: by field: what cannot be read, where, and what is allowed; or the id is taken.
        Forbidden: the actor sets no rules for this region.
    """
    _require(actor, draft.region)
    draft = _titled(draft)
    rule_of(draft)
    if RuleVersion.objects.filter(code=code_of(draft)).exists() or shipped(draft.code):
        raise ValidationError({"code": _("“%(code)s” is taken.") % {"code": code_of(draft)}})
    return _write(actor, draft, 1, enabled=False, reason=reason, before=None)


@transaction.atomic
def change_rule(actor: Actor, code: str, draft: RuleDraft, reason: str) -> RuleVersion:
    """A new version; off until it is tried again where it looks at something else, on if only its words changed.

    Raises:
        ValidationError: by field; a reason is missing; nothing is changed.
        Forbidden: the rule belongs to a region the actor sets no rules for.
    """
    last = _last(actor, code)
    _reasoned(reason)
    fresh = _titled(replace(draft, code=last.code, region=last.region))
    rule_of(fresh)
    told = asdict_of(fresh)
    if told == asdict_of(draft_of(last)):
        raise ValidationError(_("Nothing is changed."))
    same = all(told[name] == getattr(last, name) for name in told if name not in (*_TOLD, "region"))
    return _write(actor, fresh, last.number + 1, enabled=last.enabled and same, reason=reason, before=last)


@transaction.atomic
def switch_rule(
    actor: Actor, code: str, *, on: bool, reason: str, region: Region | None = None, since: date | None = None
) -> RuleVersion | RuleSetting:
    """Switch a rule on or off: an added one in its own region, or any in a region below.

    Raises:
        ValidationError: an added rule was not tried since its last change; no such rule; no reason.
        Forbidden: the actor sets no rules there, or the rule belongs to a region above.
    """
    _reasoned(reason)
    last = RuleVersion.objects.newest().select_related("region").filter(code=code).first()
    if last is None or (region is not None and region != last.region):
        place = region or Region.objects.get(code="CN")
        return set_thresholds(actor, code, place, enabled=on, reason=reason, since=since)
    _last(actor, code)
    if on and not _was_tried(last):
        raise ValidationError(_("Try the rule on past returns first; it was not tried since it was last changed."))
    draft = RuleDraft(**asdict_of(draft_of(last)) | ({"since": since} if since else {}))
    return _write(actor, draft, last.number + 1, enabled=on, reason=reason, before=last)


@transaction.atomic
def set_thresholds(
    actor: Actor,
    rule: str,
    region: Region,
    *,
    reason: str,
    parameters: Mapping[str, Decimal | None] | None = None,
    severity: str | None = None,
    enabled: bool | None = None,
    check: str = "",
    institution_class: str = "",
    since: date | None = None,
) -> RuleSetting:
    """Change what a region (and all below it) makes of a rule; what is not named stays as the region had it.

    ``parameters`` by name, with the indicator behind a dot where it is a number each (``price_low.elec_qty``); None
    takes a change back, as does the severity "".

    Raises:
        ValidationError: by field: unknown rule, check, threshold or type; no reason; nothing is changed.
        Forbidden: the actor sets no rules there, or the rule belongs to a region above.
    """
    _reasoned(reason)
    _require(actor, region)
    held = _rule_for(actor, rule)
    problems = _setting_problems(held, parameters or {}, severity or "", check, institution_class)
    if problems:
        raise ValidationError(problems)
    place = {"region": region, "rule": rule, "check_key": check, "institution_class": institution_class}
    before = RuleSetting.objects.filter(**place).last()
    row = RuleSetting(
        **place,
        enabled=enabled if enabled is not None else (before.enabled if before else None),
        severity=severity if severity is not None else (before.severity if before else ""),
        parameters=_merged(before.parameters if before else {}, parameters or {}),
        since=since or usual_since(),
        reason=reason.strip()[:400],
        by=actor.user,
        at=timezone.now(),
    )
    names = ("enabled", "severity", "parameters", "since")
    if before is not None and all(getattr(before, name) == getattr(row, name) for name in names):
        raise ValidationError(_("Nothing is changed."))
    row.save()
    old = snapshot(before, *names) if before else dict.fromkeys(names)
    record(
        actor, "rule.set", row, before=old, after=snapshot(row, *names), reason=reason, region_path=region.path
    )  # fmt: skip
    return row


def group_or_keys(each: Sequence[str]) -> Sequence[str] | str:
    """One name that is no indicator of any edition is that of a group."""
    lines = {key for edition in scheme.editions().values() for key in edition.indicators}
    return each[0] if len(each) == 1 and each[0] not in lines else list(each)


def nested(changes: Mapping[str, Decimal | None]) -> Parameters:
    """Thresholds with dotted names as the engine takes them."""
    return read_parameters(_merged({}, changes))


def shipped(code: str) -> Rule | None:
    """A rule of the catalogue."""
    return next((rule for rule in rule_book().rules if rule.id == code), None)


def thresholds_of(rule: Rule) -> list[str]:
    """The thresholds of a rule, those by indicator with a dot, as they are changed."""
    constants = rule_book().constants if _uses_prices(rule) else {}
    by_indicator = [
        f"{name}.{key}" for name in ("price_low", "price_high") for key in _numbers(constants.get(name))
    ]  # fmt: skip
    return [*rule.parameters, *by_indicator]


def _uses_prices(rule: Rule) -> bool:
    return any("price_low" in check.flag or "price_middle" in check.flag for check in rule.checks)


def _numbers(held: object) -> Mapping[str, Decimal]:
    return held if isinstance(held, Mapping) else {}


def _require(actor: Actor, region: Region) -> None:
    if not actor.scope_for(Capability.MANAGE_RULES).covers(region.path):
        raise Forbidden(Capability.MANAGE_RULES)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})


def _last(actor: Actor, code: str) -> RuleVersion:
    """The last version, held until the transaction ends; of a rule the actor may change."""
    found = RuleVersion.objects.for_actor(actor).newest().select_related("region").filter(code=code).first()
    if found is None:
        raise ValidationError({"code": _("There is no rule “%(code)s”.") % {"code": code}})
    _require(actor, found.region)
    RuleVersion.objects.select_for_update().get(pk=found.pk)
    return found


def _rule_for(actor: Actor, code: str) -> Rule:
    """A rule whose settings the actor may change: any of the catalogue, or one added for a region of theirs."""
    return shipped(code) or as_rule(_last(actor, code))


def _was_tried(last: RuleVersion) -> bool:
    """Whether it was tried since it last began to look at something else."""
    tried = RuleVersion.objects.filter(code=last.code, trials__isnull=False).order_by("-number").first()
    names = [name for name in RuleDraft.__dataclass_fields__ if name not in (*_TOLD, "region")]
    return tried is not None and all(getattr(tried, name) == getattr(last, name) for name in names)


def _setting_problems(
    rule: Rule, parameters: Mapping[str, Decimal | None], severity: str, check: str, institution_class: str
) -> dict[str, str]:
    wanted = {
        "parameters": (list(parameters), thresholds_of(rule)),
        "severity": ([severity] if severity else [], [str(level) for level in Severity]),
        "check": ([check] if check else [], [one.key for one in rule.checks]),
        "institution_class": ([institution_class] if institution_class else [], list(reference.institution_types())),
    }
    found = {}
    for name, (given, allowed) in wanted.items():
        odd = [code for code in given if code not in allowed]
        if odd:
            words = {"found": ", ".join(odd), "allowed": ", ".join(allowed) or _("none")}
            found[name] = _("Found “%(found)s”; allowed: %(allowed)s.") % words
    below = [f"{name}={value:f}" for name, value in parameters.items() if value is not None and value < 0]
    if below and "parameters" not in found:
        words = {"found": ", ".join(below), "allowed": "≥ 0"}
        found["parameters"] = _("Found “%(found)s”; allowed: %(allowed)s.") % words
    return found


def _merged(before: Mapping[str, Any], changes: Mapping[str, Decimal | None]) -> dict[str, Any]:
    """Thresholds as they are kept: numbers as text, those by indicator one level down."""
    held = {name: dict(value) if isinstance(value, Mapping) else value for name, value in before.items()}
    for path, number in changes.items():
        name, _dot, key = path.partition(".")
        target = held.setdefault(name, {}) if key else held
        if number is None:
            target.pop(key or name, None)
        else:
            target[key or name] = format(number, "f")
    return {name: value for name, value in held.items() if value != {}}


def _write(
    actor: Actor, draft: RuleDraft, number: int, *, enabled: bool, reason: str, before: RuleVersion | None
) -> RuleVersion:
    fields = asdict_of(draft) | {"code": code_of(draft)}
    version = RuleVersion.objects.create(
        **fields, number=number, enabled=enabled, reason=reason.strip()[:400], by=actor.user, at=timezone.now()
    )
    names = [name for name in (*RuleDraft.__dataclass_fields__, "enabled") if name not in ("code", "region")]
    record(
        actor, "rule.change" if before else "rule.add", version,
        before=snapshot(before, *names) if before else None, after=snapshot(version, *names),
        reason=reason, region_path=draft.region.path,
    )  # fmt: skip
    return version
