"""What the page of a region shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import islice
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nengtan.dashboards.findings import Worded, by_institution, is_doubtful, worded
from nengtan.dashboards.year import Bodies, YearView, base_of
from nengtan.domain.review import Finding
from nengtan.identity.access import Actor
from nengtan.identity.roles import Capability
from nengtan.ledger.models import InstitutionYear
from nengtan.ledger.queries.accounts import AccountRow, accounts
from nengtan.ledger.queries.bodies import Counted, counted, together
from nengtan.ledger.queries.cube import cube
from nengtan.ledger.queries.selection import Selection, books_of, require_visible, sees_whole
from nengtan.ledger.queries.standing_out import MOST, StandingOut, standing_out
from nengtan.ledger.queries.veil import OTHERS, TooFew, others_word, too_few
from nengtan.registry.models import Region
from nengtan.ui import charts
from nengtan.ui.components import Progress
from nengtan.ui.words import kind_word

FIRST_YEAR = 1990
SHOWN = 8


@dataclass(frozen=True)
class Attention:
    """An institution worth a look: its book of the year, and its place among its peers [kgce/m²]."""

    book: InstitutionYear
    before: Decimal | None
    against: str
    peers: tuple[float, ...]
    reasons: tuple[Worded, ...]

    @property
    def kgce_per_m2(self) -> Decimal | None:
        """Energy per area."""
        return per_area(self.book.energy_tce, self.book.area_m2)

    @property
    def severity(self) -> str:
        """The gravest judgement."""
        return "bad" if any(reason.severity == "bad" for reason in self.reasons) else self.reasons[0].severity


def per_area(energy_tce: Decimal | None, area_m2: Decimal | None) -> Decimal | None:
    """kgce per m²."""
    return energy_tce * 1000 / area_m2 if energy_tce is not None and area_m2 else None


class RegionView(YearView):
    """A region's year."""

    def __init__(self, actor: Actor, region: Region, year: int | None, this_year: int, base: int | None = None) -> None:
        selection = Selection(year or this_year, region)
        require_visible(actor, selection)
        months = cube(actor, selection, (FIRST_YEAR, this_year))
        if year is None:
            selection = selection.of_year(months.newest_full_year() or this_year)
        self.is_leaf = len(selection.regions) == 1
        self.region = region
        base = base_of(selection.year, base, months.years)
        self.sums = counted(actor, selection, "kind", "year", veil=months.veil, since=base)
        bodies, bodies_before = (_bodies(self.sums, shown) for shown in (selection.year, base))
        super().__init__(actor, selection, months, bodies, bodies_before, base)

    @property
    def subtitle(self) -> str:
        """The line below the finding: how many bodies, how large, how complete."""
        count = ngettext("%(n)s institution", "%(n)s institutions", self.bodies.institutions) % {
            "n": self.bodies.institutions
        }
        return " · ".join([count, *self.facts_in_words()])

    @property
    def attention_url(self) -> str:
        """All who are worth a look this year."""
        compared = "" if self.is_on_last_year else f"&base={self.base}"
        return f"{reverse('attention', args=[self.region.code])}?year={self.year}{compared}"

    @property
    def partial(self) -> bool:
        """Whether the actor sees only a part of the region."""
        return not sees_whole(self.actor, self.selection)

    @property
    def in_detail(self) -> bool:
        """Whether institutions may be named."""
        return self.actor.can(Capability.VIEW_DETAIL)

    @property
    def completeness(self) -> list[Progress]:
        """Months present of months expected, by kind of body."""
        rows = [row for row in self.sums if row["year"] == self.year]
        return [
            Progress(_group_word(row["kind"]), row["had"] or 0, row["wanted"] or 0)
            for row in sorted(rows, key=lambda row: row["kind"])
        ]

    @cached_property
    def is_small(self) -> bool:
        """Whether institutions are looked at one by one here."""
        return self.in_detail and 0 < self.bodies.institutions <= MOST

    @cached_property
    def standing(self) -> StandingOut:
        """What stands out, where there are few enough bodies."""
        return standing_out(self.actor, self.selection) if self.is_small else StandingOut()

    @cached_property
    def findings(self) -> list[Finding]:
        """Everything worth a look, good news aside."""
        return [finding for finding in self.standing.findings if finding.severity != "good"]

    @property
    def odd(self) -> int:
        """Institutions with a grave finding other than missing months."""
        return len(
            {item.institution for item in self.findings if item.severity == "bad" and item.code != "missing_months"}
        )

    @property
    def late(self) -> int:
        """Institutions with missing months."""
        missing = {item.institution for item in self.findings if item.code == "missing_months"}
        return len(missing) - self.doubtful

    @property
    def doubtful(self) -> int:
        """Institutions whose missing months are there, in a unit nobody has verified."""
        months = [item for item in self.findings if item.code == "missing_months"]
        truly = {item.institution for item in months if not is_doubtful(item, self.unverified_months)}
        return len({item.institution for item in months} - truly)

    def attention(self, most: int | None = None) -> list[Attention]:
        """Institutions worth a look, the most important first."""
        found = dict(islice(by_institution(self.findings).items(), most))
        books = books_of(self.actor, self.selection, min(self.year, self.base)).filter(institution__code__in=found)
        held = {(book.institution.code, book.year): book for book in books.select_related("institution")}
        shown = [(held[code, self.year], reasons) for code, reasons in found.items() if (code, self.year) in held]
        return [
            Attention(
                book,
                held[code, self.base].energy_tce if (code := book.institution.code, self.base) in held else None,
                self.against,
                self.standing.peers.get(book.kind, ()),
                tuple(worded(finding, self.unverified_months) for finding in reasons),
            )
            for book, reasons in shown
        ]

    @property
    def map_url(self) -> str:
        """Where the map is drawn."""
        return f"{reverse('region_map', args=[self.region.code])}?year={self.year}"

    def map_chart(self) -> charts.Chart | None:
        """Institutions by position, sized by energy, coloured by what was found; none where nobody has a position."""
        reasons = by_institution(self.findings)
        columns = ("institution__name", "institution__lon", "institution__lat", self._column, "institution__code")
        books = books_of(self.actor, self.selection).order_by("institution__code").values_list(*columns)
        page = _address_of("institution")
        places = [
            charts.Place(name, lon, lat, size, *self._judged(reasons.get(code, [])), page(code))
            for name, lon, lat, size, code in books
        ]
        if all(place.lat is None for place in places):
            return None
        words = {"muted": _("as usual"), "warn": _("check"), "bad": _("stands out")}
        return charts.institution_map(_("Institutions by position"), self._unit, places, words)

    def _judged(self, findings: list[Finding]) -> tuple[str, str]:
        if not findings:
            return "muted", ""
        said = [worded(finding, self.unverified_months) for finding in findings]
        severity = "bad" if any(reason.severity == "bad" for reason in said) else "warn"
        return severity, f"{said[0].word}: {said[0].text}"

    @property
    def unverified_months(self) -> Mapping[tuple[str, str], int]:
        """Months not counted because nobody has verified their unit, by institution code and carrier."""
        return self.standing.unverified

    @property
    def unverified(self) -> int:
        """Figures kept as received but not counted, because nobody has verified their unit."""
        return sum(self.unverified_months.values())

    def ranking_chart(self) -> charts.Chart:
        """The largest users."""
        ids = self.standing.largest.get(self._column, ())
        books = books_of(self.actor, self.selection).filter(institution__in=ids).order_by(f"-{self._column}")
        largest = books.values_list("institution__name", self._column, "institution__code")
        page = _address_of("institution")
        shares = [charts.Share("brand", name, size, page(code)) for name, size, code in largest]
        return charts.ranking(_("Largest users"), self._unit, shares)

    @property
    def _column(self) -> str:
        return "energy_tce" if self.in_energy else "electricity_kwh"

    @cached_property
    def below(self) -> tuple[AccountRow, ...]:
        """The regions below, where there are any with figures; its own line is of bodies directly in it."""
        if self.is_leaf:
            return ()
        try:
            return accounts(self.actor, self.year, region=self.region, by="region", choosers=self.cube.choosers).rows
        except TooFew:
            return ()

    @cached_property
    def by_kind(self) -> tuple[AccountRow, ...]:
        """The accounts of each kind of body."""
        rows = {row["kind"]: row for row in self.sums if row["year"] == self.year}
        kinds = sorted({*rows, *self.cube.kinds(self.year)})
        return tuple(
            AccountRow(
                kind,
                _group_word(kind),
                self.cube.figures_of(self.year, kind),
                together([rows[kind]] if kind in rows else []),
            )
            for kind in kinds
        )

    @cached_property
    def withheld(self) -> str:
        """Why this year is not shown, if too few institutions stand behind it; else empty."""
        veil = self.cube.veil
        is_hidden = veil is not None and (self.year in veil.hidden or (veil.hidden and not self.cube.years))
        return too_few() if is_hidden else ""

    @property
    def notices(self) -> list[str]:
        """Notices of this region and those above it."""
        return list(dict.fromkeys(region.notice for region in self.above if region.notice))

    @property
    def above(self) -> list[Region]:
        """The regions from the root down to this one."""
        return self.region.line


def _address_of(page: str) -> Callable[[str], str]:
    """The addresses of a page by code, for lists of thousands."""
    before, after = reverse(page, args=["CODE"]).split("CODE")
    return lambda code: f"{before}{quote(code)}{after}"


def _group_word(kind: str) -> str:
    return others_word() if kind == OTHERS else kind_word(kind)


def _bodies(sums: Iterable[Counted], year: int) -> Bodies:
    all_of_them = together(row for row in sums if row["year"] == year)
    return Bodies(
        all_of_them.institutions,
        all_of_them.area_m2,
        all_of_them.persons,
        all_of_them.coverage.present,
        all_of_them.coverage.expected,
        all_of_them.without_area,
        all_of_them.without_persons,
    )
