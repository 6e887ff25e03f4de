"""What may not be named does not follow from publications: from one, from several, over time or across levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nengtan.domain.returns.publication import Filing, Handed, Published, publish
from nengtan.domain.returns.report import CUTS, Reporter, measure_of
from nengtan.domain.returns.undisclosed import SHOWN, Earlier, classes, given_away, kept_back, telling


def body(
    code: str, kind: str, system: str, child: str, tce: int | None = 1, water: int | None = 1, area: int | None = 1
) -> Reporter:
    said = {"energy_tce": tce, "water_m3": water, "area_m2": area, "persons": 5}
    amounts = {name: None if value is None else Decimal(value) for name, value in said.items()}
    return Reporter(code, f"Body {code}", kind, system, child, amounts)


def district() -> list[Reporter]:
    """Twenty-four bodies of three types and three streets, by themselves in each; the last is the one not to be named.

    Types: 01 of twelve, 021 of eight, 022 of four; streets x, y, z in turn.
    """
    kinds = ["01"] * 12 + ["021"] * 8 + ["022"] * 4
    return [body(f"{at:02}", kind, "", "xyz"[at % 3], 100 + 7 * at, 50 + at * at) for at, kind in enumerate(kinds)]


def shown(found: Published) -> set[str]:
    return {row.name for group in found.groups for row in group.named}


def is_determined(at: int, rows: Iterable[Sequence[int]]) -> bool:
    """Whether an unknown follows from sums, by elimination in fractions."""
    basis: dict[int, list[Fraction]] = {}

    def reduced(row: Sequence[int | Fraction]) -> list[Fraction]:
        left = [Fraction(value) for value in row]
        for pivot in sorted(basis):
            if left[pivot]:
                factor = left[pivot]
                left = [value - factor * other for value, other in zip(left, basis[pivot], strict=True)]
        return left

    width = at + 1
    for row in rows:
        left, width = reduced(row), len(row)
        if any(left):
            first = next(place for place, value in enumerate(left) if value)
            basis[first] = [value / left[first] for value in left]
    return not any(reduced([int(place == at) for place in range(width)])) if width > at else False


# by hand


def test_subtracting_the_publications_of_a_year_leaves_no_single_body() -> None:
    """By kind the smallest of its type hid it, by street those of its street: together they named all others."""
    bodies = district()
    kept = kept_back(bodies, bodies, {"23"}, 3, Earlier())
    found = {by: publish(bodies, (), [], by, kept, 3) for by in CUTS}
    named = set().union(*map(shown, found.values()))
    left = {item.name for item in bodies} - named
    assert "Body 23" in left
    assert left == {f"Body {code}" for code in kept}, "the same bodies in every classification"
    for by in ("kind", "child"):
        for group in found[by].groups:
            assert group.others is None or group.others.bodies >= 3
    known = sum((item.amounts["energy_tce"] or 0 for item in bodies if item.name in named), Decimal(0))
    rest = found["kind"].total.values["energy_tce"]
    assert rest is not None
    assert rest - known == sum(item.amounts["energy_tce"] or 0 for item in bodies if item.code in kept)


def test_those_of_its_own_type_system_and_street_cover_it_and_nobody_else() -> None:
    bodies = district()
    assert kept_back(bodies, bodies, {"11"}, 3, Earlier()) == {"02", "05", "11"}
    assert kept_back(bodies, bodies, set(), 3, Earlier()) == frozenset()
    assert kept_back(bodies, bodies, {"11"}, 1, Earlier()) == {"11"}, "one is enough, the region says"


def test_who_has_no_figures_covers_nobody() -> None:
    bodies = [
        body("a", "01", "", "x", 9), body("b", "01", "", "x", 1, None), body("c", "01", "", "x", 2, 5, None),
        body("d", "01", "", "x", 3), body("e", "01", "", "x", 4),
    ]  # fmt: skip
    assert kept_back(bodies, bodies, {"a"}, 3, Earlier()) == {"a", "d", "e"}
    known_by_two = [*bodies[:3], body("d", "01", "", "x", 3, None)]
    assert given_away(known_by_two, "kind", {"a", "b", "c", "d"}, {"a"}, 3, Earlier()) == {"a"}
    assert given_away(known_by_two, "kind", {"a", "b", "c", "d"}, {"a"}, 2, Earlier()) == frozenset(), "a and c"


def test_sums_of_two_classifications_can_single_out_what_neither_does() -> None:
    """Type A is 1 2 3 4 and street X is 1 2 3 4 5: X less A is 5, whoever is kept back."""
    moved = [body("12345678"[at], "AAAABBBB"[at], "", "XXXXXYYY"[at]) for at in range(8)]
    kept = kept_back(moved, moved, {"5"}, 3, Earlier())
    assert given_away(moved, "kind", kept, {"5"}, 3, Earlier()) == frozenset()
    earlier = telling(moved, "kind", kept, 3)
    assert kept_back(moved, moved, {"5"}, 3, earlier) >= kept
    assert given_away(moved, "child", kept, {"5"}, 3, earlier) == {"5"}, "X less A is 5 alone: not to be published"


def test_what_was_published_covers_nobody_any_more() -> None:
    bodies = district()
    kept = kept_back(bodies, bodies, {"23"}, 3, Earlier())
    earlier = telling(bodies, "kind", kept, 3)
    assert kept_back(bodies, bodies, {"23"}, 3, earlier) == kept
    later = [*bodies, body("24", "022", "", "z", 1), body("25", "022", "", "z", 1), body("26", "022", "", "z", 900)]
    more = kept_back(later, later, {"23", "26"}, 3, earlier)
    assert more >= {*kept, "24", "25", "26"}, "the new one is covered by the other new ones"
    assert given_away(later, "kind", more, {"23", "26"}, 3, earlier) == frozenset()
    alone = [*bodies, body("26", "022", "", "z", 900)]
    more = kept_back(alone, alone, {"23", "26"}, 3, earlier)
    assert given_away(alone, "kind", more, {"23", "26"}, 3, earlier) == {"26"}, "the new total less the old one"


def test_a_district_does_not_undo_what_the_city_kept_back() -> None:
    """The city's type A kept back h of the other district with a and b of this one, and named c: a + b would tell h."""
    city = Earlier(frozenset("c"), frozenset("hab"), {"energy_tce": (frozenset("hab"),)})
    here = [body(code, "A", "", "x") for code in "abc"]
    kept = kept_back(here, here, set(), 3, city)
    assert kept >= {"a", "b"}
    assert given_away(here, "kind", kept, set(), 3, city) == {"h"}
    more = [*here, body("d", "A", "", "x")]
    kept = kept_back(more, more, set(), 3, city)
    assert kept >= {"a", "b", "d"}, "a new body covers: its figure is in no sum told before"
    assert given_away(more, "kind", kept, set(), 3, city) == frozenset()


def test_who_was_named_already_is_not_named_again_and_needs_no_cover() -> None:
    bodies = district()
    earlier = Earlier(frozenset(item.code for item in bodies), frozenset())
    kept = kept_back(bodies, bodies, {"23"}, 3, earlier)
    assert "23" in kept
    assert given_away(bodies, "child", kept, {"23"}, 3, earlier) == frozenset()
    for by in ("kind", "child"):
        held = {item.code for _heads, members in classes(bodies, by, 3) for item in members if item.code in kept}
        assert len(held) >= 3


def test_who_was_late_does_not_follow_from_the_counts() -> None:
    """The body has not reported: others are counted with it, in its type and in its street."""
    bodies = district()[:-1]
    gone = district()[-1]
    filings = [
        Filing(item.code, item.name, item.kind, item.system, item.child, Handed.OUTSTANDING, days_late=4)
        for item in (*bodies, gone)
    ]
    kept = kept_back(bodies, filings, {"23"}, 3, Earlier())
    for by in ("kind", "child"):
        found = publish(bodies, (), filings, by, kept, 3)
        missing = next(item for item in found.notices if item.handed is Handed.OUTSTANDING)
        named = {one.name for one in missing.named}
        assert not named & {f"Body {code}" for code in kept}
        for tally, (_heads, members) in zip(found.tallies, classes(filings, by, 3), strict=True):
            unsaid = tally.handed[Handed.OUTSTANDING] - sum(item.name in named for item in members)
            assert unsaid != 1


# whatever there is

BODY = st.tuples(
    st.sampled_from(["01", "021", "03"]), st.sampled_from(["", "health"]), st.sampled_from(["p", "q"]),
    st.sampled_from(["x", "y"]), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
STEP = st.tuples(st.sampled_from(["city", "p", "q"]), st.sampled_from(CUTS), st.integers(1, 16))


@dataclass
class Issue:
    """A publication as it was made: of which region, of whom, by what, who was kept back."""

    region: str
    members: list[Reporter]
    by: str
    kept: frozenset[str]
    told: Earlier


def told(issues: Sequence[Issue], region: str) -> Earlier:
    """What a region reckons with: its own, those above and below, and beside it once the city has published."""
    whole = any(item.region == "city" for item in issues)
    near = [item for item in issues if whole or region in ("city", item.region)]
    return Earlier(
        frozenset().union(*(item.told.named for item in near)), frozenset().union(*(item.told.kept for item in near)),
        {name: tuple(row for item in near for row in item.told.sums.get(name, ())) for name in SHOWN},
    )  # fmt: skip


@given(st.lists(BODY, min_size=1, max_size=16), st.sets(st.integers(0, 15), min_size=1, max_size=3),
       st.integers(2, 4), st.lists(STEP, min_size=1, max_size=6))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_hidden_figure_follows_from_all_that_was_published(
    bodies: list[tuple[str, str, str, str, bool, bool, bool]], hide: set[int], least: int,
    steps: list[tuple[str, str, int]],
) -> None:  # fmt: skip
    """A city and its districts publish in any order while more and more returns are approved."""
    hidden = {str(at) for at in hide}
    issues: list[Issue] = []
    held = 0
    for region, by, approved in steps:
        held = max(held, approved)
        members = [
            body(str(at), kind, system, place if region == "city" else street, at + 1 if tce else None,
                 at if water else None, 1 if area else None)
            for at, (kind, system, place, street, tce, water, area) in enumerate(bodies[:held])
            if region in ("city", place)
        ]  # fmt: skip
        before = told(issues, region)
        here = {item.code for item in members}
        kept = kept_back(members, members, hidden & here, least, before)
        assert kept >= (hidden | before.kept) & here
        if not given_away(members, by, kept, hidden & here, least, before):
            issues.append(Issue(region, members, by, kept, telling(members, by, kept, least)))
    for measure in SHOWN:
        rows = _published(issues, measure, len(bodies), least)
        assert not [code for code in hidden if int(code) < len(bodies) and is_determined(int(code), rows)], measure


CELL = st.tuples(st.sampled_from(["01", "021", "03"]), st.sampled_from(["", "health"]), st.sampled_from(["x", "y"]))


@given(st.lists(CELL, min_size=1, max_size=6, unique=True), st.integers(2, 4), st.integers(0, 3))
def test_where_nobody_stands_alone_everything_can_be_published(
    cells: list[tuple[str, str, str]], least: int, more: int
) -> None:
    """Where as many as are enough are alike, they cover each other and nobody else is kept back."""
    bodies = [
        body(f"{at}-{number}", kind, system, street, number, at)
        for at, (kind, system, street) in enumerate(cells)
        for number in range(least + more)
    ]
    hidden, earlier = {"0-0"}, Earlier()
    for by in CUTS:
        kept = kept_back(bodies, bodies, hidden, least, earlier)
        assert kept == {f"0-{number}" for number in range(least)}
        assert not given_away(bodies, by, kept, hidden, least, earlier)
        made = telling(bodies, by, kept, least)
        sums = {name: (*earlier.sums.get(name, ()), *made.sums[name]) for name in SHOWN}
        earlier = Earlier(earlier.named | made.named, kept, sums)


def _published(issues: Sequence[Issue], measure: str, count: int, least: int) -> list[list[int]]:
    """The equations of a reader: a row a named line and a row a total; a body without the figure is in none."""
    rows = []
    for issue in issues:
        found = publish(issue.members, (), [], issue.by, issue.kept, least)
        by_name = {item.name: int(item.code) for item in issue.members}
        known = {int(item.code) for item in issue.members if measure_of(item.amounts, measure) is not None}
        rows += [
            [int(at == by_name[row.name]) for at in range(count)]
            for group in found.groups
            for row in group.named
            if by_name[row.name] in known
        ]
        for _heads, held in classes(issue.members, issue.by, least):
            told_of = {int(item.code) for item in held} & known
            rows.append([int(at in told_of) for at in range(count)])
    return rows


@pytest.mark.parametrize("count", [4_000])
def test_four_thousand_bodies_take_little_time(count: int) -> None:
    """Nine types, seven systems, forty regions below; sixty bodies are not named."""
    kinds, systems = ["01"] * 5 + ["021", "022", "023", "03"], [""] * 4 + ["health", "culture", "education"]
    bodies = [
        body(f"{at:05}", kinds[at * 7 % 9], systems[at * 11 % 7], f"{at * 13 % 40:02}", at, at) for at in range(count)
    ]
    hidden = {f"{at * 67:05}" for at in range(60)}
    kept = kept_back(bodies, bodies, hidden, 3, Earlier())
    assert len(kept) <= 3 * len(hidden)
    assert not any(given_away(bodies, by, kept, hidden, 3, Earlier()) for by in CUTS)
