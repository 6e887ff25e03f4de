"""Joint review (会审) and spot check (抽查) of a year: opened, drawn, assigned, recorded, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from nengtan.domain.exact import ratio
from nengtan.domain.returns.sampling import spot_check
from nengtan.domain.returns.slots import Kind, annual
from nengtan.identity.access import Actor, Forbidden, actor_for
from nengtan.identity.audit import record
from nengtan.identity.models import AuditEvent, Grant, User
from nengtan.identity.queries import users_for
from nengtan.identity.roles import CAPABILITIES, Capability
from nengtan.registry.models import Region
from nengtan.reporting import clock
from nengtan.reporting.deadlines import cycle_of
from nengtan.reporting.models import JointReview, Return, Sampled, SpotCheck
from nengtan.reporting.queries.bench import Bench

__all__ = ["Rate", "assign", "checkers", "close_joint", "draw", "open_joint", "rate_of", "record_outcome"]


@dataclass(frozen=True)
class Rate:
    """What a spot check came to: how many were drawn and checked, and how many of those were not right."""

    drawn: int
    checked: int
    agrees: int
    corrected: int
    refused: int

    @property
    def share_wrong(self) -> Decimal | None:
        """Corrected or refused, of those checked."""
        return ratio(Decimal(self.corrected + self.refused), Decimal(self.checked)) if self.checked else None


@transaction.atomic
def draw(actor: Actor, region: Region, year: int, share: Decimal | None = None, seed: str = "") -> SpotCheck:
    """Draw the year's sample: the share [%] of each type of institution, rounded up.

    The seed is the region and the year unless one is given; with it anybody repeats the draw.

    Raises:
        ValidationError: drawn already, or nothing to draw from, or the share is not above 0 up to 100.
        Forbidden: the actor does not review the returns of this region as a whole.
    """
    _require(actor, region)
    if SpotCheck.objects.filter(region=region, year=year).exists():
        raise ValidationError(_("The sample of %(year)s is drawn already.") % {"year": year})
    percent = cycle_of(region).spot_share if share is None else share
    if not 0 < percent <= 100:
        raise ValidationError({"share": _("Above 0 up to 100.")})
    owed = {of.institution.code: of for of in _annual(region, year)}
    if not owed:
        raise ValidationError(_("No annual return of %(year)s is open here.") % {"year": year})
    seed = seed.strip() or f"{region.code}/{year}"
    classes = {code: of.institution_kind for code, of in owed.items()}
    drawn = spot_check(classes, percent / 100, seed)
    check = SpotCheck.objects.create(
        region=region, year=year, share=percent, seed=seed[:80], drawn_from=len(owed), drawn_by=actor.user,
        drawn_at=clock.now(),
    )  # fmt: skip
    Sampled.objects.bulk_create(
        Sampled(check_of=check, institution=owed[code].institution, of=owed[code], institution_kind=kind)
        for kind, codes in drawn.items()
        for code in codes
    )
    told = {"year": year, "share": percent, "seed": seed, "institutions": sum(map(len, drawn.values()))}
    record(actor, "spotcheck.draw", check, after=told, region_path=region.path)
    return check


def checkers(actor: Actor, region: Region) -> QuerySet[User]:
    """The people the actor may give a visit to: those who oversee the returns of the region, or of a part of it."""
    roles = [role for role, may in CAPABILITIES.items() if Capability.OVERSEE_RETURNS in may]
    above = [code for code in region.codes if code != region.code]
    held = Grant.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=timezone.localdate()),
        Q(region=None, institution=None)
        | Q(region__code__in=above)
        | Q(region__path__startswith=region.path)
        | Q(institution__region__path__startswith=region.path),
        user=OuterRef("pk"), role__in=roles, revoked_at=None,
    )  # fmt: skip
    return users_for(actor).filter(Exists(held), is_active=True).order_by("name", "pk")


@transaction.atomic
def assign(actor: Actor, sampled: Sequence[Sampled], user: User | None) -> int:
    """Say who checks; how many were given to them.

    Raises:
        ValidationError: the person may not review returns there.
        Forbidden: the actor does not review one of these returns.
    """
    _reach(actor, sampled)
    if user is not None:
        theirs = actor_for(user, AuditEvent.Via.SYSTEM)
        seen = Sampled.objects.for_actor(theirs, Capability.OVERSEE_RETURNS).filter(pk__in=[one.pk for one in sampled])
        if seen.count() < len(sampled):
            raise ValidationError(_("%(user)s oversees no returns there.") % {"user": user})
    for one in sampled:
        one.assigned_to = user
        record(actor, "spotcheck.assign", one.check_of, after={"institution": one.institution.code, "user": str(user)},
               region_path=one.of.region.path, institution_id=one.institution_id)  # fmt: skip
    Sampled.objects.bulk_update(sampled, ["assigned_to"])
    return len(sampled)


@transaction.atomic
def record_outcome(actor: Actor, sampled: Sampled, outcome: str, findings: str, checked_on: date) -> Sampled:
    """What the visit found; written again, the last word stands and the trail keeps the others.

    Raises:
        ValidationError: by field; what is not right needs its findings in words.
        Forbidden: the actor does not review this return, and was not assigned to it.
    """
    if actor.user is None or sampled.assigned_to_id != actor.user.pk:
        _reach(actor, [sampled])
    if outcome not in Sampled.Outcome.values or outcome == Sampled.Outcome.PENDING:
        raise ValidationError({"outcome": _("Choose what the check came to.")})
    if outcome != Sampled.Outcome.AGREES and not findings.strip():
        raise ValidationError({"findings": _("Say what was found.")})
    if checked_on > clock.today():
        raise ValidationError({"checked_on": _("This day has not come yet.")})
    before = {"outcome": sampled.outcome, "findings": sampled.findings}
    sampled.outcome, sampled.findings = outcome, findings.strip()[:1000]
    sampled.checked_on, sampled.recorded_by = checked_on, actor.user
    sampled.save(update_fields=["outcome", "findings", "checked_on", "recorded_by"])
    record(
        actor, "spotcheck.record", sampled.check_of, before=before,
        after={"outcome": outcome, "findings": sampled.findings, "institution": sampled.institution.code},
        region_path=sampled.of.region.path, institution_id=sampled.institution_id,
    )  # fmt: skip
    return sampled


def rate_of(check: SpotCheck) -> Rate:
    """What it came to so far."""
    rows = check.sampled.order_by().values_list("outcome").annotate(count=Count("pk"))
    counts = Counter(dict(rows))
    drawn = counts.total()
    kinds = Sampled.Outcome
    checked = drawn - counts[kinds.PENDING]
    return Rate(drawn, checked, counts[kinds.AGREES], counts[kinds.CORRECTED], counts[kinds.REFUSED])


@transaction.atomic
def open_joint(
    actor: Actor, region: Region, year: int, starts_on: date, ends_on: date, place: str = "", note: str = ""
) -> JointReview:
    """Open the yearly joint review.

    Raises:
        ValidationError: by field; or it is open already.
        Forbidden: the actor does not review the returns of this region as a whole.
    """
    _require(actor, region)
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("Not before the first day.")})
    if JointReview.objects.filter(region=region, year=year).exists():
        raise ValidationError(_("The joint review of %(year)s is open already.") % {"year": year})
    if not _annual(region, year):
        raise ValidationError(_("No annual return of %(year)s is open here.") % {"year": year})
    made = JointReview.objects.create(
        region=region, year=year, starts_on=starts_on, ends_on=ends_on, place=place.strip(), note=note.strip(),
        opened_by=actor.user, opened_at=clock.now(),
    )  # fmt: skip
    told = {"year": year, "starts_on": starts_on, "ends_on": ends_on, "place": place}
    record(actor, "joint_review.open", made, after=told, region_path=region.path)
    return made


@transaction.atomic
def close_joint(actor: Actor, review: JointReview) -> JointReview:
    """Close it and keep what it came to: returns by state, what is still wrong, what the spot check found.

    Raises:
        ValidationError: closed already, not begun yet, or sampled institutions were not checked yet.
        Forbidden: the actor does not review the returns of this region as a whole.
    """
    _require(actor, review.region)
    held = JointReview.objects.select_for_update(of=("self",)).select_related("region").get(pk=review.pk)
    if held.closed_at is not None:
        raise ValidationError(_("This joint review is closed already."))
    if clock.today() < held.starts_on:
        raise ValidationError(_("It begins on %(day)s and cannot be closed before.") % {"day": held.starts_on})
    check = SpotCheck.objects.filter(region=held.region, year=held.year).first()
    rate = rate_of(check) if check else None
    if rate is not None and rate.checked < rate.drawn:
        left = rate.drawn - rate.checked
        raise ValidationError(_("%(n)s sampled institutions are not checked yet.") % {"n": left})
    bench = Bench(actor, held.region, annual(held.year))
    held.outcome = {
        "returns": len(bench.returns), "states": dict(bench.states), "errors": bench.with_errors,
        "warnings": bench.with_warnings, "drawn": rate.drawn if rate else 0,
        "wrong": rate.corrected + rate.refused if rate else 0,
    }  # fmt: skip
    held.closed_by, held.closed_at = actor.user, clock.now()
    held.save(update_fields=["outcome", "closed_by", "closed_at"])
    record(actor, "joint_review.close", held, after=held.outcome, region_path=held.region.path)
    return held


def _annual(region: Region, year: int) -> list[Return]:
    rows = Return.objects.owed().filter(year=year, slot=0, kind=Kind.ANNUAL, region__path__startswith=region.path)
    return list(rows.select_related("institution", "region").order_by("institution__code"))


def _require(actor: Actor, region: Region) -> None:
    if not actor.scope_for(Capability.REVIEW_RETURNS).covers(region.path):
        raise Forbidden(Capability.REVIEW_RETURNS)


def _reach(actor: Actor, sampled: Sequence[Sampled]) -> None:
    keys = [one.pk for one in sampled]
    if Sampled.objects.for_actor(actor).filter(pk__in=keys).count() < len(keys):
        raise Forbidden(Capability.REVIEW_RETURNS)
