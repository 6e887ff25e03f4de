"""What commands about returns ask for alike: a period, a region, an institution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from django.utils.translation import gettext as _

from nengtan.domain.returns import slots
from nengtan.ui.cli import die

if TYPE_CHECKING:
    from nengtan.registry.models import Region
    from nengtan.reporting.models import Return


def read_period(context: click.Context, parameter: click.Parameter, value: str | None) -> slots.Slot | None:
    if value is None:
        return None
    try:
        return slots.parse(value)
    except slots.SlotError as error:
        raise click.BadParameter(
            _("found “%(found)s”; allowed: 2025-00 (year), 2025-03 (month), 2025-Q1 (quarter)") % {"found": error.found}
        ) from error


period_option = click.option(
    "--period", required=True, callback=read_period, help=_("2025-00 is a year, 2025-03 a month, 2025-Q1 a quarter.")
)
region_option = click.option("--region", required=True, metavar="CODE", help=_("Code of the region."))
institution_option = click.option("--institution", required=True, metavar="CODE", help=_("Code of the institution."))


def region_named(code: str) -> Region:
    from nengtan.registry.models import Region
    from nengtan.registry.regions import near_words

    found = Region.objects.filter(code=code).first()
    return found or die(_("There is no region “%(code)s”.") % {"code": code} + near_words(code))


def return_of(institution: str, period: slots.Slot) -> Return:
    from nengtan.registry.models import Institution
    from nengtan.reporting.models import Return
    from nengtan.reporting.services.opening import days_of

    found = Return.objects.filter(
        institution__code=institution, year=period.year, slot=period.number, kind=period.kind
    ).first()
    told = {"code": institution, "period": period}
    closed = Institution.objects.filter(code=institution, closed_on__lte=days_of(period)[0]).first()
    if found is None and closed is not None:
        words = _("“%(code)s” was closed on %(on)s, before %(period)s began: no return is owed.")
        die(words % {**told, "on": closed.closed_on})
    return found or die(_("“%(code)s” has no return of %(period)s; open the period first.") % told)
