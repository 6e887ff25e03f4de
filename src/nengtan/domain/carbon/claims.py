"""A claim of tonnes saved, held against the published factors: what it implies, what it should be, how it came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nengtan.domain.exact import kilo_to_tonne, product, ratio
from nengtan.domain.factors import Choice, Factor, FactorLibrary, Kind, NoFactor, Reason

__all__ = ["Check", "Claim", "ClaimKind", "Explanation", "Mistake", "Near", "Use", "Verdict", "Why", "check"]

LEAST_TOLERANCE, MOST_TOLERANCE = Decimal("0.005"), Decimal("0.02")
NEAREST = 5


class ClaimKind(StrEnum):
    """Power saved, or power generated on the roof."""

    SAVING = "saving"
    PV = "pv"


class Verdict(StrEnum):
    AGREES = "agrees"
    TOO_HIGH = "too_high"
    TOO_LOW = "too_low"
    NO_FACTOR = "no_factor"


class Use(StrEnum):
    """What a published factor of power is for."""

    AVERAGE = "average"
    RESIDUAL = "residual"
    FOSSIL = "fossil"
    ENTERPRISE = "enterprise"
    LOCAL_MARKET = "local_market"
    FOOTPRINT = "footprint"
    BASELINE = "baseline"


class Why(StrEnum):
    """How a claim may have come about, what explains most first; a ``Mistake`` has a code of its own."""

    AGREES = "agrees"
    MISTAKE = "mistake"
    TWICE = "twice"
    POWER_OF_TEN = "power_of_ten"
    OTHER_YEAR = "other_year"
    WIDER_PLACE = "wider_place"
    RESIDUAL = "residual"
    FOSSIL = "fossil"
    ENTERPRISE = "enterprise"
    LOCAL_MARKET = "local_market"
    FOOTPRINT = "footprint"
    BASELINE = "baseline"
    OTHER_PLACE = "other_place"
    BEYOND_FOSSIL = "beyond_fossil"
    NONE_KNOWN = "none_known"


@dataclass(frozen=True, slots=True)
class Claim:
    """So many tonnes of so many kilowatt-hours, at a place (``chain``: region codes, nearest first) in a year."""

    kind: ClaimKind
    kwh: Decimal
    claimed_t: Decimal
    chain: tuple[str, ...]
    year: int

    @property
    def tolerance(self) -> Decimal:
        """How far off is still the same figure: as far as the tonnes may have been rounded, from 0.5 to 2 %.

        >>> Claim(ClaimKind.SAVING, Decimal(6430000), Decimal(2900), ("CN",), 2023).tolerance.quantize(Decimal("1e-4"))
        Decimal('0.0172')
        """
        return min(MOST_TOLERANCE, max(LEAST_TOLERANCE, _rounding(self.claimed_t)))


@dataclass(frozen=True, slots=True)
class Mistake:
    """A figure [kg/kWh] that is often taken for an emission factor and is none.

    ``terms`` are the numbers it is told to come from, as they are written.
    """

    code: str
    factor: Decimal
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A published factor near the implied one. ``difference``: implied over it, less one."""

    factor: Factor
    use: Use
    difference: Decimal
    applies_place: bool
    applies_year: bool
    is_official: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """One way the claim may have come about: ``factor`` [kg/kWh] times the power gives ``expected_t``.

    ``code`` is that of the mistake or the word of ``why``. ``difference``: claimed over expected, less one.
    """

    why: Why
    code: str
    factor: Decimal | None = None
    expected_t: Decimal | None = None
    difference: Decimal | None = None
    published: Factor | None = None
    times: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What a claim is worth. ``implied_factor`` [kg/kWh]; ``ratio``: claimed over official; None without a factor."""

    claim: Claim
    implied_factor: Decimal
    official: Choice | None
    reason: Reason | None
    official_t: Decimal | None
    ratio: Decimal | None
    verdict: Verdict
    nearest: tuple[Near, ...]
    explanations: tuple[Explanation, ...]


def check(
    claim: Claim, factors: FactorLibrary, published: Sequence[tuple[Factor, Use]], mistakes: Iterable[Mistake]
) -> Check:
    """Hold a claim against the official factor, the published ones and the well-known mistakes.

    Raises `ValueError` where power or tonnes are not above nought.

    >>> H = Factor("H23", "H23", Kind.CO2, "electricity", "420000", 2023, Decimal("0.4044"), "kgCO2", "kWh")
    >>> wuchang = Claim(ClaimKind.SAVING, Decimal(6430000), Decimal(2900), ("420106", "420000", "CN"), 2023)
    >>> coal = Mistake("coal_44_12", Decimal("5.4076") / 12)
    >>> found = check(wuchang, FactorLibrary([H]), [(H, Use.AVERAGE)], [coal])
    >>> str(found.verdict), found.official_t, found.explanations[0].code
    ('too_high', Decimal('2600.2920000'), 'coal_44_12')
    """
    if claim.kwh <= 0 or claim.claimed_t <= 0:
        raise ValueError("power and tonnes are above 0")
    implied = ratio(product(claim.claimed_t, Decimal(1000)), claim.kwh) or Decimal(0)
    chosen = factors.choose(Kind.CO2, "electricity", claim.chain, claim.year)
    official = None if isinstance(chosen, NoFactor) else chosen
    official_t = _tonnes(claim, official.factor.value) if official else None
    if official_t is None:
        verdict = Verdict.NO_FACTOR
    elif _fits(claim, official_t):
        verdict = Verdict.AGREES
    else:
        verdict = Verdict.TOO_HIGH if claim.claimed_t > official_t else Verdict.TOO_LOW
    known = [(factor, use) for factor, use in published if factor.value > 0]
    near = sorted(known, key=lambda one: (abs(one[0].value - implied), one[0].id))[:NEAREST]
    return Check(
        claim=claim,
        implied_factor=implied,
        official=official,
        reason=chosen.reason if isinstance(chosen, NoFactor) else None,
        official_t=official_t,
        ratio=ratio(claim.claimed_t, official_t),
        verdict=verdict,
        nearest=tuple(_near(claim, factor, use, implied, official) for factor, use in near),
        explanations=tuple(_explanations(claim, verdict, official, implied, known, mistakes)),
    )


def _rounding(number: Decimal) -> Decimal:
    """Half of the last digit that is not nought, as a share of the number."""
    exponent = number.normalize().as_tuple().exponent
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
    return ratio(half, number) or Decimal(0)


def _tonnes(claim: Claim, factor: Decimal) -> Decimal:
    return kilo_to_tonne(product(claim.kwh, factor))


def _fits(claim: Claim, expected_t: Decimal) -> bool:
    return abs(claim.claimed_t - expected_t) <= product(claim.tolerance, claim.claimed_t)


def _near(claim: Claim, factor: Factor, use: Use, implied: Decimal, official: Choice | None) -> Near:
    data_year = official.factor.year if official else claim.year
    return Near(
        factor,
        use,
        difference=(ratio(implied, factor.value) or Decimal(0)) - 1,
        applies_place=factor.region in claim.chain,
        applies_year=factor.year is None or factor.year == data_year,
        is_official=official is not None and factor.id == official.factor.id,
    )


def _explanations(
    claim: Claim,
    verdict: Verdict,
    official: Choice | None,
    implied: Decimal,
    published: Sequence[tuple[Factor, Use]],
    mistakes: Iterable[Mistake],
) -> list[Explanation]:
    if verdict is Verdict.AGREES and official:
        return [_explained(claim, Why.AGREES, official.factor.value, official.factor)]
    found = [_explained(claim, Why.MISTAKE, one.factor, code=one.code) for one in mistakes]
    if official:
        grid = official.factor
        found.append(_explained(claim, Why.TWICE, 2 * grid.value, grid, times=Decimal(2)))
        for power in (-4, -3, -2, -1, 1, 2, 3, 4):
            times = Decimal(1).scaleb(power)
            found.append(_explained(claim, Why.POWER_OF_TEN, product(grid.value, times), grid, times=times))
    found += [
        _explained(claim, _why(claim, factor, use, official), factor.value, factor)
        for factor, use in published
        if official is None or factor.id != official.factor.id
    ]
    fitting = [one for one in found if one.expected_t is not None and _fits(claim, one.expected_t)]
    kept = _closest(fitting)
    if any(one.why is not Why.OTHER_PLACE for one in kept):
        kept = [one for one in kept if one.why is not Why.OTHER_PLACE]
    ceiling = _newest_fossil(claim, published)
    if ceiling is not None and implied > ceiling.value:
        kept.append(_explained(claim, Why.BEYOND_FOSSIL, ceiling.value, ceiling))
    return kept or [Explanation(Why.NONE_KNOWN, str(Why.NONE_KNOWN))]


def _explained(
    claim: Claim,
    why: Why,
    factor: Decimal,
    published: Factor | None = None,
    code: str = "",
    times: Decimal | None = None,
) -> Explanation:
    expected = _tonnes(claim, factor)
    difference = (ratio(claim.claimed_t, expected) or Decimal(0)) - 1
    return Explanation(why, code or str(why), factor, expected, difference, published, times)


def _why(claim: Claim, factor: Factor, use: Use, official: Choice | None) -> Why:
    if factor.region not in claim.chain:
        return Why.OTHER_PLACE
    if use is not Use.AVERAGE:
        return Why(use.value)
    return Why.OTHER_YEAR if official and factor.region == official.factor.region else Why.WIDER_PLACE


def _closest(fitting: Iterable[Explanation]) -> list[Explanation]:
    """What explains most first, and of one kind that which comes nearest; every mistake stands for itself."""
    order = list(Why)
    ranked = sorted(fitting, key=lambda one: (order.index(one.why), abs(one.difference or Decimal(0)), one.code))
    first: dict[tuple[Why, str], Explanation] = {}
    for one in ranked:
        first.setdefault((one.why, one.code), one)
    return list(first.values())


def _newest_fossil(claim: Claim, published: Iterable[tuple[Factor, Use]]) -> Factor | None:
    """The place's factor of power from fossil fuels, of the newest data year not after the claim's."""
    here = [factor for factor, use in published if use is Use.FOSSIL and factor.region in claim.chain]
    known = [factor for factor in here if (factor.year or 0) <= claim.year]
    return max(known, key=lambda factor: factor.year or 0, default=None)
