"""Claims of tonnes saved: the one service behind page, API and command."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from nengtan import reference
from nengtan.domain.carbon.claims import Check, Claim, ClaimKind, Use, check
from nengtan.domain.factors import Factor, FactorLibrary
from nengtan.ledger.queries.conversion import library_at

__all__ = ["LARGEST", "carbon_factors", "checked"]

LARGEST = Decimal(10) ** 15


def checked(kind: ClaimKind, kwh: Decimal, claimed_t: Decimal, region: str, year: int) -> Check:
    """A claim held against the factors of this installation; without a database, against the shipped ones.

    Parameters: ``kwh`` saved or generated, ``claimed_t`` [tCO2], both above nought and at most :data:`LARGEST`.

    Raises:
        UnknownRegion: no region has this code.
        ValueError: power or tonnes are out of range.
    """
    if not (0 < kwh <= LARGEST and 0 < claimed_t <= LARGEST):
        raise ValueError(kwh, claimed_t)
    library, chain = library_at(region)
    factors, published = _of_power(library)
    return check(Claim(kind, kwh, claimed_t, chain, year), factors, published, reference.claim_mistakes())


def carbon_factors(library: FactorLibrary) -> FactorLibrary:
    """An installation's factors as inventories choose among them: those of the market and of no carrier with them."""
    return _of_power(library)[0]


@lru_cache(maxsize=2)
def _of_power(library: FactorLibrary) -> tuple[FactorLibrary, tuple[tuple[Factor, Use], ...]]:
    return reference.carbon_library_of(library), reference.power_factors_of(library)
