"""Rules an administrator adds or sets: checked at once, tried first, and never changing what was found earlier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import translation

from nengtan.domain.returns import slots, steps
from nengtan.identity.access import Forbidden
from nengtan.identity.models import AuditEvent
from nengtan.reference.rules import rule_book
from nengtan.reporting.models import Return, RuleSetting, RuleTrial, RuleVersion
from nengtan.reporting.services import (
    CellChange,
    RuleDraft,
    add_rule,
    change_rule,
    review,
    save_cells,
    set_thresholds,
    switch_rule,
    trial_of,
    try_rule,
)
from nengtan.reporting.services.past import past
from nengtan.reporting.services.rulebook import History, engine_of
from nengtan.reporting.services.rules import rule_of, shipped
from tests.cast import Cast
from tests.reporting.desk import QUARTER

SINCE = date(2023, 1, 1)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def draft(cast: Cast, region: str = "420106", **changes: Any) -> RuleDraft:
    """Water a person above a limit asks for an explanation."""
    told: dict[str, Any] = {
        "code": "W1", "region": cast.regions[region], "severity": "explain", "flag": "water_qty / persons > 3",
        "cell": "water_qty", "found": "water_qty / persons", "high": "3",
        "wording_zh": "{name}人均 {found}，不应超过 {high}。", "wording_en": "{name} {found} a person, at most {high}.",
        "since": SINCE,
    }  # fmt: skip
    return RuleDraft(**told | changes)


def on(cast: Cast, who: str = "district", **changes: Any) -> RuleVersion:
    """The rule added, tried and switched on."""
    made = add_rule(cast.actor(who), draft(cast, **changes))
    trial_of(cast.actor(who), made, made.region, QUARTER)
    switched = switch_rule(cast.actor(who), made.code, on=True, reason="needed")
    assert isinstance(switched, RuleVersion)
    return switched


def rules_found(of: Return) -> set[str]:
    return {finding.rule for finding in review([Return.objects.get(pk=of.pk)])[of.pk]}


def test_a_rule_is_added_off_tried_and_switched_on(cast: Cast, school: Return) -> None:
    actor = cast.actor("district")
    made = add_rule(actor, draft(cast))
    assert (made.code, made.number, made.enabled) == ("420106-W1", 1, False)
    assert "420106-W1" not in rules_found(school)
    with pytest.raises(ValidationError, match="Try the rule"):
        switch_rule(actor, made.code, on=True, reason="needed")
    trial = trial_of(actor, made, cast.regions["420106"], QUARTER)
    assert (trial.looked_at, trial.flagged) == (0, 0), "nobody has begun a return yet"
    switch_rule(actor, made.code, on=True, reason="needed")
    (finding,) = [one for one in review([school])[school.pk] if one.rule == "420106-W1"]
    assert finding.message("en", "Water") == "Water 3.75 a person, at most 3."
    assert [version.enabled for version in RuleVersion.objects.order_by("number")] == [False, True]


def test_every_change_is_in_the_trail_with_both_sides(cast: Cast, school: Return) -> None:
    made = on(cast)
    change_rule(cast.actor("district"), made.code, draft(cast, flag="water_qty / persons > 9"), "too strict")
    last = AuditEvent.objects.filter(action="rule.change").latest("id")
    assert (last.before["flag"], last.after["flag"]) == ("water_qty / persons > 3", "water_qty / persons > 9")
    assert (last.before["enabled"], last.after["enabled"], last.reason) == (True, False, "too strict")
    assert last.region_path == cast.regions["420106"].path
    assert AuditEvent.objects.filter(action="rule.add").exists()


def test_a_changed_condition_is_tried_again_changed_words_are_not(cast: Cast, school: Return) -> None:
    made, actor = on(cast), cast.actor("district")
    worded = change_rule(actor, made.code, draft(cast, wording_en="Water: {found}"), "clearer")
    assert worded.enabled
    changed = change_rule(actor, made.code, draft(cast, flag="water_qty / persons > 2"), "stricter")
    assert not changed.enabled
    with pytest.raises(ValidationError, match="Try the rule"):
        switch_rule(actor, made.code, on=True, reason="x")
    with pytest.raises(ValidationError, match="Nothing"):
        change_rule(actor, made.code, draft(cast, flag="water_qty / persons > 2"), "same")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"flag": "watter_qty > 3"}, "flag", ("Character 1", "watter_qty", "water_qty")),
        ({"flag": "water_qty + area > 3"}, "flag", ("Character 13", "m2", "m3")),
        ({"flag": "water_qty / persons"}, "flag", ("Character 1", "a number", "a condition")),
        ({"flag": "water_qty >"}, "flag", ("Character", "cannot be read")),
        ({"flag": "open('x') > 1"}, "flag", ("Character 1", "open")),
        ({"flag": "value > 3"}, "flag", ("Character 1", "value")),
        ({"flag": ""}, "flag", ("must be given",)),
        ({"found": "water_qty /"}, "found", ("Character",)),
        ({"wording_en": "{who} did it"}, "wording_en", ("who", "found")),
        ({"cell": "water"}, "cell", ("water", "water_qty")),
        ({"each": ["water_quantity"]}, "each", ("water_quantity", "water_qty")),
        ({"each": "enrgies"}, "each", ("enrgies", "energies")),
        ({"editions": ["1999"]}, "editions", ("1999", "2025")),
        ({"classes": ["99"]}, "classes", ("99", "021")),
        ({"systems": ["army"]}, "systems", ("army", "education")),
        ({"kinds": ["week"]}, "kinds", ("week", "annual")),
        ({"severity": "fatal"}, "severity", ("fatal", "block")),
        ({"code": "W 1"}, "code", ("W 1",)),
        ({"flag": "pv_generation > 3"}, "flag", ("Edition 2020", "pv_generation")),
    ],
)
def test_what_is_wrong_is_told_at_once_and_where(
    cast: Cast, changes: dict[str, Any], field: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        add_rule(cast.actor("district"), draft(cast, **changes))
    (message,) = refused.value.message_dict[field]
    for word in words:
        assert word in message
    assert not RuleVersion.objects.exists()


def test_an_id_is_given_once_a_region_but_two_regions_may_use_it(cast: Cast) -> None:
    add_rule(cast.actor("district"), draft(cast))
    with pytest.raises(ValidationError) as refused:
        add_rule(cast.actor("district"), draft(cast))
    assert "code" in refused.value.message_dict
    assert add_rule(cast.actor("neighbour"), draft(cast, "420111")).code == "420111-W1"


@pytest.mark.parametrize(
    "who", ["neighbour", "other", "education", "statistician", "verifier", "outsider", "anonymous"]
)
def test_others_can_neither_add_nor_change_nor_try(cast: Cast, school: Return, who: str) -> None:
    made, actor, place = on(cast), cast.actor(who), cast.regions["420106"]
    refusals: list[Any] = [
        lambda: add_rule(actor, draft(cast, code="W2")),
        lambda: set_thresholds(actor, "P02", place, reason="x", parameters={"share": Decimal(1)}),
        lambda: switch_rule(actor, "P02", on=False, region=place, reason="x"),
        lambda: try_rule(actor, rule_of(draft(cast)), place, QUARTER),
    ]
    for attempt in refusals:
        with pytest.raises(Forbidden):
            attempt()
    for attempt in (
        lambda: change_rule(actor, made.code, draft(cast, flag="1 < 2"), "x"),
        lambda: switch_rule(actor, made.code, on=False, reason="x"),
    ):
        with pytest.raises((Forbidden, ValidationError)) as refused:
            attempt()
        if isinstance(refused.value, ValidationError):
            assert "There is no rule" in str(refused.value), "not even that it is there"
    assert not RuleVersion.objects.for_actor(actor).exists()
    assert RuleVersion.objects.count() == 2


def test_a_district_sees_the_rules_from_above_and_cannot_change_them(cast: Cast, school: Return) -> None:
    made = on(cast, "city", region="420100")
    assert RuleVersion.objects.for_actor(cast.actor("district")).newest().get() == made
    assert "420100-W1" in rules_found(school)
    with pytest.raises(Forbidden):
        switch_rule(cast.actor("district"), made.code, on=False, region=cast.regions["420106"], reason="unwelcome")
    switch_rule(cast.actor("city"), made.code, on=False, region=cast.regions["420106"], reason="not there", since=SINCE)
    assert "420100-W1" not in rules_found(school)


def test_a_rule_holds_in_its_region_class_and_system_only(cast: Cast, school: Return) -> None:
    on(cast, "neighbour", region="420111")
    on(cast, code="W2", classes=["024"])
    on(cast, code="W3", systems=["health"])
    on(cast, code="W4", classes=["02"], systems=["education"])
    found = {rule for rule in rules_found(school) if "-W" in rule}
    assert found == {"420106-W4"}


def test_a_rule_holds_for_its_periods_only(cast: Cast, school: Return) -> None:
    on(cast, code="W1", since=date(2023, 4, 1))
    on(cast, code="W2", since=date(2023, 3, 31))
    assert {rule for rule in rules_found(school) if "-W" in rule} == {"420106-W2"}, "the quarter ends on 31 March"


def test_what_is_handed_in_keeps_the_rules_it_was_handed_in_under(cast: Cast, school: Return) -> None:
    before = rules_found(school)
    school.state = steps.State.REPORTED
    school.reported_at = RuleVersion._meta.get_field("at").default()
    school.save()
    made = on(cast)
    set_thresholds(cast.actor("district"), "P01", cast.regions["420106"], reason="x", since=SINCE,
                   parameters={"price_low.elec_qty": Decimal(5)})  # fmt: skip
    assert rules_found(school) == before
    school.state = steps.State.RETURNED
    school.save()
    assert rules_found(school) >= {made.code, "P01"}


def test_thresholds_of_a_region_reach_down_and_not_beside(cast: Cast, school: Return) -> None:
    city, place = cast.actor("city"), cast.regions["420100"]
    set_thresholds(city, "P01", place, reason="tariff", since=SINCE, parameters={"price_low.elec_qty": Decimal(2)})
    assert "P01" in rules_found(school)
    district = cast.actor("district")
    set_thresholds(district, "P01", cast.regions["420106"], reason="ours", since=SINCE,
                   parameters={"price_low.elec_qty": Decimal("0.1")})  # fmt: skip
    assert "P01" not in rules_found(school), "the nearest region has the last word"
    set_thresholds(district, "P01", cast.regions["420106"], reason="back", since=SINCE,
                   parameters={"price_low.elec_qty": None})  # fmt: skip
    assert "P01" in rules_found(school)
    switch_rule(city, "P01", on=False, region=place, reason="later", since=SINCE)
    assert "P01" not in rules_found(school)
    assert [row.parameters for row in RuleSetting.objects.filter(region=place)] == [
        {"price_low": {"elec_qty": "2"}}, {"price_low": {"elec_qty": "2"}},
    ], "switching off leaves the thresholds"  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parameters": {"shore": Decimal(1)}}, "parameters"),
        ({"severity": "fatal"}, "severity"),
        ({"check": "nothing"}, "check"),
        ({"institution_class": "99"}, "institution_class"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_wrong_setting_is_refused(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        set_thresholds(cast.actor("district"), "P02", cast.regions["420106"], **{"reason": "x", **changes})
    assert field in refused.value.message_dict
    assert not RuleSetting.objects.exists()


def test_a_trial_says_how_many_which_and_in_what_words(cast: Cast, school: Return) -> None:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    made = add_rule(cast.actor("district"), draft(cast))
    trial = trial_of(cast.actor("district"), made, cast.regions["420106"], QUARTER)
    assert (trial.looked_at, trial.flagged, trial.findings, trial.before) == (1, 1, 1, None)
    (example,) = trial.examples
    assert (example.of, example.finding.message("en", "Water")) == (school, "Water 3.75 a person, at most 3.")
    kept = RuleTrial.objects.get()
    assert (kept.version, kept.period, kept.looked_at, kept.flagged) == (made, "2023-Q1", 1, 1)
    assert try_rule(cast.actor("city"), rule_of(draft(cast)), cast.regions["420111"], QUARTER).looked_at == 0


def test_a_shipped_rule_is_tried_with_other_thresholds(cast: Cast, school: Return) -> None:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    rule, place = shipped("P01"), cast.regions["420106"]
    assert rule is not None
    trial = try_rule(cast.actor("district"), rule, place, QUARTER, {"price_low": {"elec_qty": Decimal(2)}})
    assert (trial.before, trial.flagged) == (0, 1)
    assert "P01" not in rules_found(school), "a trial changes nothing"


def test_a_trial_needs_a_rule_for_that_kind_of_period(cast: Cast) -> None:
    rule = shipped("P07")
    assert rule is not None
    with pytest.raises(ValidationError):
        try_rule(cast.actor("district"), rule, cast.regions["420106"], QUARTER)
    assert try_rule(cast.actor("district"), rule, cast.regions["420106"], slots.annual(2023)).looked_at == 0


def test_past_returns_as_columns_are_judged_as_each_alone(cast: Cast, school: Return) -> None:
    """What the trial reads in columns finds what the review of each return finds, rule by rule."""
    alone = {(one.rule, one.check, one.cell, one.found, one.low, one.high) for one in review([school])[school.pk]}
    rows = Return.objects.filter(pk=school.pk)
    engine = engine_of(school.edition, slots.Kind.QUARTER, rule_book().rules[0].checks[0].scope)
    found = engine.review(past(rows, QUARTER, engine.columns()))
    assert {(one.rule, one.check, one.cell, one.found, one.low, one.high) for one in found} == alone
    assert alone


def test_a_trial_of_many_asks_as_often_as_a_trial_of_one(
    cast: Cast, school: Return, django_assert_max_num_queries: Any
) -> None:
    save_cells(cast.actor("statistician"), school, [CellChange("heat_qty", Decimal(0), 0)])
    Return.objects.update(state=steps.State.ENTERING)
    actor = cast.actor("district")
    with django_assert_max_num_queries(14):
        trial = try_rule(actor, rule_of(draft(cast)), cast.regions["420106"], QUARTER)
    assert trial.looked_at == 3


def test_a_review_reads_the_rules_in_two_queries(cast: Cast, school: Return, django_assert_num_queries: Any) -> None:
    on(cast)
    with django_assert_num_queries(2):
        history = History()
        for day in (SINCE, date(2023, 3, 31), date(2024, 1, 1)):
            history.at(day)


def test_an_added_rule_a_later_edition_cannot_read_is_left_out(cast: Cast, school: Return) -> None:
    made = on(cast)
    RuleVersion.objects.bulk_create([RuleVersion(
        code=made.code, number=9, region=made.region, severity="explain", flag="gone_from_the_form > 3", enabled=True,
        cell="area", wording_zh="-", wording_en="-", since=SINCE,
    )])  # fmt: skip
    assert made.code not in rules_found(school)
    assert "L01" in rules_found(school) or review([school])[school.pk] is not None


@pytest.mark.parametrize("model", [RuleVersion, RuleSetting, RuleTrial])
def test_the_database_keeps_every_version(cast: Cast, school: Return, model: Any) -> None:
    on(cast)
    set_thresholds(cast.actor("district"), "P02", cast.regions["420106"], reason="x",
                   parameters={"share": Decimal("0.2")})  # fmt: skip
    row = model.objects.first()
    for change in (row.delete, lambda: model.objects.filter(pk=row.pk).update(at=None or row.at)):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
