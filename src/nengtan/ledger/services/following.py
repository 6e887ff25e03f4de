"""The ledger follows the register: where facts are summed, which of them count, and how shared bills are divided."""

from __future__ import annotations

from collections.abc import Sequence

from nengtan.identity.access import Actor
from nengtan.ledger.services import bulk
from nengtan.ledger.services.attribution import out_of_place, reattribute
from nengtan.ledger.services.books import Pair, booked, closed_for, open_years, refresh_years, root_of
from nengtan.ledger.services.posting import restand
from nengtan.ledger.services.sharing import follow_register
from nengtan.registry.models import Institution
from nengtan.registry.services.attributes import on_institution_change


@on_institution_change
def follow(actor: Actor, institutions: Sequence[Institution]) -> None:
    """After a change of the register: facts, shared bills, and every year that has books, unless it is closed."""
    settle(actor, [institution.pk for institution in institutions])
    opened: dict[str, set[int]] = {}
    books, shut = booked(institutions), closed_for(institutions)
    pairs: list[Pair] = []
    for institution in institutions:
        root = root_of(institution.region.path)
        if root not in opened:
            opened[root] = open_years(root)
        years = (opened[root] | books[institution.pk].keys()) - shut[institution.pk]
        pairs += [(institution.pk, year) for year in years]
    if pairs:
        refresh_years(pairs)


def settle(actor: Actor, bodies: Sequence[int]) -> None:
    """Give the facts of institutions the places, the standing and the shares the register has for their months.

    What is closed stays as it is.
    """
    for chunk in bulk.chunks(bodies):
        for institution in out_of_place(list(Institution.objects.filter(pk__in=chunk))):
            reattribute(institution)
    if bodies:
        bulk.hold_sums()
        restand(bodies)
        follow_register(actor, bodies)
