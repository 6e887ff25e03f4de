"""The rules as a region has them: shipped and added, on or off, with the thresholds that hold there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from nengtan.domain.returns.review.rules import Check, Rule, Severity
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reference.quotas import Quota, quotas
from nengtan.reference.rules import rule_book
from nengtan.registry.models import Region
from nengtan.reporting.models import RuleSetting, RuleVersion
from nengtan.reporting.services.rulebook import History, as_rule, read_parameters
from nengtan.reporting.services.rules import thresholds_of
from nengtan.reporting.services.trying import Trial
from nengtan.reporting.wording import told

__all__ = [
    "Held",
    "held_rule",
    "held_rules",
    "home_of",
    "no_quota_words",
    "rule_dict",
    "threshold_word",
    "title_of",
    "trial_dict",
    "wording_of",
]


@dataclass(frozen=True)
class Held:
    """A rule as it stands for a region; ``version`` where it was added, ``changed`` what regions made of it.

    A threshold that is None is a quota nobody set for all types; ``quotas`` are those of standards that hold there.
    """

    rule: Rule
    version: RuleVersion | None
    enabled: bool
    severities: tuple[Severity, ...]
    thresholds: Mapping[str, Decimal | None]
    changed: Sequence[RuleSetting]
    quotas: Sequence[Quota] = ()

    @property
    def lacks_quota(self) -> bool:
        """Whether it asks for a quota and none is known, of a standard or set by a region."""
        unknown = {name for name, value in self.thresholds.items() if value is None}
        return bool(unknown) and not self.quotas and not any(unknown & set(row.parameters) for row in self.changed)

    @property
    def tried(self) -> bool:
        """Whether somebody tried it on past returns."""
        return self.version is not None and bool(getattr(self.version, "tries", 0))


def home_of(actor: Actor) -> Region | None:
    """The highest region somebody sets rules for."""
    regions = Region.objects.filter(actor.scope_for(Capability.MANAGE_RULES).regions_q())
    return regions.order_by("path").first()


def held_rules(actor: Actor, region: Region) -> list[Held]:
    """Every rule that a return of the region may meet, and those added for regions below it.

    Raises:
        Forbidden: the actor sets no rules there.
    """
    if not actor.scope_for(Capability.MANAGE_RULES).covers(region.path):
        raise Forbidden(Capability.MANAGE_RULES)
    settings = History().at(date.max).changed
    added = RuleVersion.objects.for_actor(actor).newest().select_related("region", "by")
    around = [
        version
        for version in added
        if version.region.path.startswith(region.path) or region.path.startswith(version.region.path)
    ]
    shipped = [_held(rule, None, region, settings) for rule in rule_book().rules]
    return [*shipped, *(_held(as_rule(version), version, region, settings) for version in around)]


def held_rule(actor: Actor, region: Region, code: str) -> Held | None:
    """One of them."""
    return next((held for held in held_rules(actor, region) if held.rule.id == code), None)


def _held(rule: Rule, version: RuleVersion | None, region: Region, settings: Sequence[RuleSetting]) -> Held:
    chain = region.codes
    mine = [row for row in settings if row.rule == rule.id]
    applying = sorted((row for row in mine if row.region.code in chain), key=lambda row: chain.index(row.region.code))
    enabled, thresholds = version is None or version.enabled, _defaults(rule)
    severities = {check.key: check.severity for check in rule.checks}
    for row in (row for row in applying if not row.institution_class):
        enabled = enabled if row.enabled is None or row.check_key else row.enabled
        thresholds |= _flat(read_parameters(row.parameters))
        if row.severity:
            severities |= dict.fromkeys([row.check_key] if row.check_key else severities, Severity(row.severity))
    below = [row for row in mine if row.region.path.startswith(region.path) and row not in applying]
    ordered = tuple(sorted(set(severities.values()), key=lambda level: level.rank))
    known = [quota for quota in quotas() if quota.rule == rule.id and quota.region in chain]
    return Held(rule, version, enabled, ordered, thresholds, [*applying, *below], known)


def _defaults(rule: Rule) -> dict[str, Decimal | None]:
    held = _flat({**rule_book().constants, **rule.parameters})
    return {name: held[name] for name in thresholds_of(rule) if name in held}


def _flat(parameters: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """Thresholds by indicator with the indicator behind a dot."""
    found: dict[str, Decimal | None] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": number for key, number in value.items()}
        else:
            found[name] = value
    return found


def _is_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def title_of(rule: Rule) -> str:
    """Its title in the reader's language."""
    return rule.title_zh if _is_chinese() else rule.title_en


def no_quota_words(rules: Iterable[Rule]) -> str:
    """That some rules held returns against no quota, so that silence is not taken for consent; empty for none."""
    named = _("; ").join(f"{rule.id} {title_of(rule)}" for rule in rules)
    return _("Not held against a quota where none is known: %(rules)s.") % {"rules": named} if named else ""


def source_of(rule: Rule) -> str:
    """Where it comes from, in the reader's language."""
    return rule.source_zh if _is_chinese() and rule.source_zh else rule.source


def wording_of(check: Check) -> str:
    """What it says, with the places of its figures in braces."""
    return check.wording_zh if _is_chinese() else check.wording_en


def threshold_word(name: str, names: Mapping[str, str] | None = None) -> str:
    """A threshold in words; ``names`` words the indicator behind the dot."""
    plain, _dot, key = name.partition(".")
    words = rule_book().words.get(plain)
    word = plain if words is None else words[0 if _is_chinese() else 1]
    return f"{(names or {}).get(key, key)} · {word}" if key else word


def rule_dict(held: Held) -> dict[str, Any]:
    """A rule as the command and the API print it."""
    rule, version = held.rule, held.version
    return {
        "id": rule.id,
        "title_zh": rule.title_zh,
        "title_en": rule.title_en,
        "shipped": version is None,
        "region": version.region.code if version else None,
        "version": version.number if version else None,
        "since": version.since if version else None,
        "enabled": held.enabled,
        "severities": [str(level) for level in held.severities],
        "source": rule.source,
        "confidence": str(rule.confidence) if version is None else None,
        "thresholds": dict(held.thresholds),
        "quotas": [_quota_dict(quota) for quota in held.quotas],
        "checks": [_check_dict(check) for check in rule.checks],
        "settings": [_setting_dict(row) for row in held.changed],
    }


def _check_dict(check: Check) -> dict[str, Any]:
    return {
        "key": check.key,
        "severity": str(check.severity),
        "flag": check.flag,
        "each": check.each if isinstance(check.each, str) else list(check.each),
        "cell": check.cell,
        "scope": str(check.scope),
        "wording_zh": check.wording_zh,
        "wording_en": check.wording_en,
        "editions": list(check.editions),
        "kinds": [str(kind) for kind in check.kinds],
        "classes": list(check.classes),
        "systems": list(check.systems),
    }


def _quota_dict(quota: Quota) -> dict[str, Any]:
    return {
        "standard": quota.standard,
        "region": quota.region,
        "institution_class": quota.institution_class,
        "unit": quota.unit,
        "constraint": quota.constraint,
        "benchmark": quota.benchmark,
        "guide": quota.guide,
        "first_year": quota.first_year,
        "source": quota.source,
        "confidence": str(quota.confidence),
    }


def _setting_dict(row: RuleSetting) -> dict[str, Any]:
    return {
        "region": row.region.code,
        "check": row.check_key,
        "institution_class": row.institution_class,
        "enabled": row.enabled,
        "severity": row.severity,
        "parameters": _flat(read_parameters(row.parameters)),
        "since": row.since,
        "reason": row.reason,
        "by": str(row.by) if row.by else None,
        "at": row.at,
    }


def trial_dict(trial: Trial) -> dict[str, Any]:
    """A trial as the command and the API print it."""
    return {
        "id": trial.rule.id,
        "region": trial.region.code,
        "period": str(trial.period),
        "looked_at": trial.looked_at,
        "flagged": trial.flagged,
        "findings": trial.findings,
        "flagged_now": trial.before,
        "examples": [
            told(example.finding, scheme.edition(example.of.edition), example.of.institution.name)
            | {"code": example.of.institution.code, "return_id": example.of.pk}
            for example in trial.examples
        ],
    }
