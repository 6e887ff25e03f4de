"""Publishing a region's year: what may not be named is added up, what is published stands as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from nengtan import reference
from nengtan.domain.returns import slots
from nengtan.domain.returns.publication import Published
from nengtan.domain.returns.publication import publish as composed
from nengtan.domain.returns.undisclosed import SHOWN, Earlier, given_away, kept_back, telling
from nengtan.identity.access import Actor, Forbidden
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.ledger.services import bulk
from nengtan.reference.report import smallest_class, withheld_systems
from nengtan.registry.models import Institution, Region
from nengtan.reporting import clock
from nengtan.reporting.models import NamingRule, Publication, Return
from nengtan.reporting.models.publication import BY
from nengtan.reporting.report.gather import Books, bodies_joined, filings, require_whole
from nengtan.reporting.report.phrasing import Phrases

MOST_NAMED = 200
MOST_TOLD = 5


def institutions_meant(region: Region, lines: Iterable[str]) -> list[Institution]:
    """The institutions of a region that are meant by their codes or names.

    Raises:
        ValidationError: too many, or one that is no institution of the region.
    """
    wanted = [line for line in dict.fromkeys(line.strip() for line in lines) if line][: MOST_NAMED + 1]
    if len(wanted) > MOST_NAMED:
        raise ValidationError({"institutions": _("At most %(most)s lines.") % {"most": MOST_NAMED}})
    bodies = Institution.objects.filter(region__path__startswith=region.path).select_related("region")
    known = {body.code: body for body in bodies.filter(code__in=wanted)}
    known |= {body.name: body for body in bodies.filter(name__in=wanted)}
    unknown = [line for line in wanted if line not in known]
    if unknown:
        words = _("“%(found)s” is no institution of this region.")
        raise ValidationError({"institutions": words % {"found": unknown[0][:40]}})
    return list({known[line].pk: known[line] for line in wanted}.values())


def naming_told(region: Region) -> dict[str, Any]:
    """What a region does not name now; ``set_by`` is the region whose rule holds, empty where the usual one does."""
    rule = rule_of(region)
    codes = sorted(body.code for body in rule.institutions.all()) if rule.pk else []
    return {
        "region": region.code, "set_by": rule.region.code if rule.pk else "", "smallest_class": rule.smallest_class,
        "kinds": rule.kinds, "systems": rule.systems, "institutions": codes, "reason": rule.reason,
    }  # fmt: skip


def rule_of(region: Region) -> NamingRule:
    """The naming rule in force: the region's own, else that of the nearest region above, else an unsaved default."""
    return _nearest(_rules_over([region.path]), region)


@transaction.atomic
def set_rule(
    actor: Actor, region: Region, smallest: int, kinds: Iterable[str], institutions: Iterable[Institution],
    reason: str = "", systems: Iterable[str] = (),
) -> NamingRule:  # fmt: skip
    """Say what the region does not name.

    Raises:
        ValidationError: a type or system there is not, an institution of elsewhere, a class size out of range.
        Forbidden: the actor does not review the returns of the region.
    """
    require_whole(actor, region, Capability.REVIEW_RETURNS)
    bodies = list(institutions)
    types = _known("kinds", kinds, reference.institution_types())
    lines = _known("systems", systems, reference.systems())
    if any(not body.region.path.startswith(region.path) for body in bodies):
        raise ValidationError({"institutions": _("Only institutions of this region can be named here.")})
    rule = NamingRule.objects.filter(region=region).first() or NamingRule(region=region)
    before = _rule_told(rule) if rule.pk else None
    rule.smallest_class, rule.kinds, rule.systems, rule.reason = smallest, types, lines, reason.strip()
    rule.full_clean()
    rule.save()
    rule.institutions.set(bodies)
    record(actor, "publication.rule", rule, before=before, after=_rule_told(rule), region_path=region.path)
    return rule


def _known(field: str, found: Iterable[str], allowed: Collection[str]) -> list[str]:
    """Codes without doubles, all of them known."""
    codes = sorted(set(found))
    unknown = [code for code in codes if code not in allowed]
    if unknown:
        told = {"found": unknown[0], "allowed": " ".join(allowed)}
        raise ValidationError({field: _("Found %(found)s; allowed: %(allowed)s.") % told})
    return codes


def _rule_told(rule: NamingRule) -> dict[str, Any]:
    codes = sorted(rule.institutions.values_list("code", flat=True))
    return {
        "smallest_class": rule.smallest_class, "kinds": rule.kinds, "systems": rule.systems, "institutions": codes,
        "reason": rule.reason,
    }  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A publication before it is one: what it says, and what later ones must know of it."""

    content: Published
    told: Earlier


def preview(actor: Actor, region: Region, year: int, classes: str) -> Published:
    """What would be published now, from approved returns and from how all returns were handed in.

    Raises:
        ValidationError: no such classes, or what may not be named could be worked out.
        Forbidden: the actor does not review the returns of the region.
    """
    return _drafted(actor, region, year, classes).content


def _drafted(actor: Actor, region: Region, year: int, classes: str) -> Draft:
    require_whole(actor, region, Capability.REVIEW_RETURNS)
    if classes not in dict(BY):
        words = _("Found %(found)s; allowed: %(allowed)s.")
        raise ValidationError({"by": words % {"found": classes, "allowed": " ".join(dict(BY))}})
    books, period = Books(region, year, year - 1), slots.annual(year)
    now, last, owed = books.year(year), books.year(year - 1), books.owed(period)
    rules = _rules_over({region.path, *(item.region.path for item in owed)})
    rule, filed = _nearest(rules, region), filings(books.counted(period), owed)
    least, hidden = rule.smallest_class, _unnamed(rule, rules, owed)
    earlier, year_before = _told(region, year), _told(region, year - 1)
    kept = kept_back(now.reporters, filed, hidden, least, earlier)
    if away := given_away(now.reporters, classes, kept, hidden, least, earlier):
        raise ValidationError({"by": _away([item.name for item in filed if item.code in away])})
    unsaid = year_before.kept - year_before.named
    last = replace(last, reporters=tuple(item for item in last.reporters if item.code not in unsaid))
    content = composed(now.reporters, last.reporters, filed, classes, kept, least, bodies_joined(now, last))
    return Draft(content, telling(now.reporters, classes, kept, least))


def _away(names: Sequence[str]) -> str:
    """Why nothing is published: whose figures would follow; those of other regions are not named here either."""
    told = " ".join(names[:MOST_TOLD]) + (" …" if len(names) > MOST_TOLD else "")
    words = _(
        "From this, with what has been published, figures that may not be shown could be worked out: %(names)s. "
        "Choose other classes, or publish when more returns are approved."
    )
    return words % {"names": told or _("institutions of other regions")}


def _told(region: Region, year: int) -> Earlier:
    """What publications of a year have told, withdrawn ones too: the region's own, those of regions above and below.

    Where a region above has published, those of all regions below it are reckoned with: its figures and theirs
    together may say more than either.
    """
    published = Publication.objects.filter(year=year).order_by()
    above = published.filter(region__code__in=region.codes).values_list("region__path", flat=True)
    top = min(above, key=len, default=region.path)
    rows = list(published.filter(region__path__startswith=top).values_list("named", "kept_back", "unnamed"))
    return Earlier(
        frozenset(code for named, _kept, _sums in rows for code in named),
        frozenset(code for _named, kept, _sums in rows for code in kept),
        {name: tuple(frozenset(codes) for *_rest, sums in rows for codes in sums.get(name, ())) for name in SHOWN},
    )


def _rules_over(paths: Iterable[str]) -> list[NamingRule]:
    """The naming rules of some regions and of all above them, with the bodies they name."""
    places = sorted({code for path in paths for code in path.strip("/").split("/")})
    return [
        held
        for chunk in bulk.chunks(places)
        for held in NamingRule.objects.filter(region__code__in=chunk)
        .select_related("region")
        .prefetch_related("institutions")
    ]


def _nearest(rules: Iterable[NamingRule], region: Region) -> NamingRule:
    """The region's own rule, else that of the nearest region above, else an unsaved default."""
    over = [item for item in rules if region.path.startswith(item.region.path)]
    usual = NamingRule(region=region, smallest_class=smallest_class(), systems=list(withheld_systems()))
    return max(over, key=lambda item: len(item.region.path), default=usual)


def _unnamed(rule: NamingRule, rules: Iterable[NamingRule], owed: Iterable[Return]) -> set[str]:
    """The bodies that may not be named: by the rule in force, and by those of every region they lie in."""
    bodies = [(item.institution.code, item.institution_kind, item.system, item.region.path) for item in owed]
    found = {code for code, kind, system, _path in bodies if _hides(rule, kind, system)}
    for held in rules:
        of = held.region.path
        found |= {code for code, kind, system, path in bodies if path.startswith(of) and _hides(held, kind, system)}
        found |= {body.code for body in held.institutions.all()}
    return found


def _hides(rule: NamingRule, kind: str, system: str) -> bool:
    return kind.startswith(tuple(rule.kinds)) or system in rule.systems


@transaction.atomic
def publish(actor: Actor, region: Region, year: int, classes: str, title: str = "") -> Publication:
    """Publish what the preview shows; it stands from now on as it is.

    Raises:
        ValidationError: no return is approved, so there is nothing to publish; what may not be named could be worked
            out from it.
        Forbidden: the actor does not review the returns of the region.
    """
    _one_at_a_time(region)
    draft = _drafted(actor, region, year, classes)
    found = draft.content
    if not found.total.bodies:
        words = _("No annual return of %(year)s is approved: there is nothing to publish.")
        raise ValidationError(words % {"year": year})
    held = Publication.objects.filter(region=region, year=year, classes=classes)
    number = (held.aggregate(last=Max("number"))["last"] or 0) + 1
    made = Publication.objects.create(
        region=region, year=year, classes=classes, number=number, by=actor.user,
        title=(title.strip() or Phrases()("publication.title", region=region.label, year=year))[:200],
        content=frozen(found), named=sorted(draft.told.named), kept_back=sorted(draft.told.kept),
        unnamed={name: list(map(sorted, sums)) for name, sums in draft.told.sums.items()}, at=clock.now(),
    )  # fmt: skip
    told = {"title": made.title, "year": year, "number": number, "institutions": found.total.bodies}
    record(actor, "publication.publish", made, after=told, region_path=region.path)
    return made


def _one_at_a_time(region: Region) -> None:
    """Let no other publication of the same tree of regions be made meanwhile: each must know of those before it."""
    Region.objects.select_for_update(no_key=True).get(code=region.codes[0])


@transaction.atomic
def withdraw(actor: Actor, publication: Publication, reason: str) -> Publication:
    """Take a publication back; it stays on record with the reason.

    Raises:
        ValidationError: no reason, or it is withdrawn already.
        Forbidden: the actor does not review the returns of the region.
    """
    held = Publication.objects.select_for_update(of=("self",)).select_related("region").get(pk=publication.pk)
    if not actor.scope_for(Capability.REVIEW_RETURNS).covers(held.region.path):
        raise Forbidden(Capability.REVIEW_RETURNS)
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    if held.withdrawn_at is not None:
        raise ValidationError({"reason": _("It has been withdrawn already.")})
    held.withdrawn_by, held.withdrawn_at, held.reason = actor.user, clock.now(), reason.strip()[:400]
    held.save(update_fields=["withdrawn_by", "withdrawn_at", "reason"])
    record(actor, "publication.withdraw", held, reason=held.reason, region_path=held.region.path)
    return held


def frozen(found: Published) -> dict[str, Any]:
    """All it says, numbers as text, so that they stand to the last digit."""
    return _plain(asdict(found))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
