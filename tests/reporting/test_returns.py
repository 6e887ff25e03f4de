"""A return from opening to approval: what it is filled in with, who writes, who passes it on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from nengtan.domain.returns import slots
from nengtan.domain.returns.steps import Action, State
from nengtan.identity.access import Forbidden, system_actor
from nengtan.identity.models import AuditEvent
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, record_event, set_attribute
from nengtan.reporting.models import Return, ReturnStep, Value
from nengtan.reporting.services import CellChange, explain, extend, open_returns, prefill, review, save_cells, take_step
from tests.cast import Cast
from tests.reporting.desk import QUARTER, bill, register


def cells(of: Return) -> dict[str, Decimal | None]:
    return {value.indicator: value.value for value in of.values.all()}


def write(cast: Cast, of: Return, who: str = "statistician", **values: object) -> None:
    seen = {value.indicator: value.version for value in of.values.filter(record="")}
    changes = [
        CellChange(name, None if value is None else Decimal(str(value)), seen.get(name, 0))
        for name, value in values.items()
    ]
    saved = save_cells(cast.actor(who), of, changes)
    assert not saved.conflicts


def ready(cast: Cast, of: Return) -> None:
    """Everything the rules want said is said."""
    write(cast, of, area=6000)
    for finding in review([of])[of.pk]:
        explain(cast.actor("statistician"), of, finding.rule, "as billed", indicator=finding.cell.indicator)


def approved(cast: Cast, of: Return) -> None:
    ready(cast, of)
    take_step(cast.actor("statistician"), of, Action.SUBMIT)
    take_step(cast.actor("statistics_head"), of, Action.PASS)
    take_step(cast.actor("unit_head"), of, Action.PASS)
    take_step(cast.actor("district"), of, Action.APPROVE)


def test_every_body_that_existed_owes_a_return_in_the_edition_then_in_force(cast: Cast, school: Return) -> None:
    owed = Return.objects.values_list("institution__code", "edition", "state", "region__code")
    assert set(owed) == {
        (body.code, "2022", State.EMPTY, "420106")
        for body in (cast.institutions[name] for name in ("school", "hospital", "office"))
    }
    assert school.due_on == date(2023, 4, 15), "fifteen days after the quarter, the platform's own suggestion"
    told = AuditEvent.objects.get(action="returns.open").after
    assert told == {"period": "2023-Q1", "returns": 3, "edition": "2022"}


def test_opening_again_opens_what_is_missing_and_changes_nothing_else(cast: Cast, school: Return) -> None:
    write(cast, school, elec_qty=1)
    assert open_returns(cast.actor("city"), cast.regions["420100"], QUARTER) == 1, "the neighbour district's school"
    assert open_returns(cast.actor("city"), cast.regions["420100"], QUARTER) == 0
    assert cells(school)["elec_qty"] == 1


def test_a_period_that_has_not_ended_is_not_opened(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        open_returns(cast.actor("district"), cast.regions["420106"], slots.annual(timezone.localdate().year))


@pytest.mark.parametrize("who", ["neighbour", "other", "statistician", "education", "verifier", "public", "outsider"])
def test_periods_are_opened_by_those_responsible_for_the_region(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        open_returns(cast.actor(who), cast.regions["420106"], QUARTER)
    assert not Return.objects.exists()


def test_a_body_that_moves_later_stays_where_it_reported(cast: Cast, school: Return) -> None:
    move = EventInput(
        InstitutionEvent.Kind.MOVED, date(2023, 6, 1), before=[school.institution], region=cast.regions["420111"]
    )
    record_event(cast.actor("city"), move)
    school.refresh_from_db()
    assert school.region.code == "420106"
    assert open_returns(cast.actor("city"), cast.regions["420100"], slots.quarter(2023, 2)) == 4
    assert Return.objects.get(institution=school.institution, slot=6).region.code == "420111"


def test_a_body_closed_before_the_period_owes_none(cast: Cast) -> None:
    end = EventInput(InstitutionEvent.Kind.CLOSED, date(2022, 12, 31), before=[cast.institutions["hospital"]])
    record_event(cast.actor("district"), end)
    assert open_returns(cast.actor("district"), cast.regions["420106"], QUARTER) == 2


def test_it_is_filled_in_from_bills_and_register(cast: Cast, school: Return) -> None:
    """12 000 + 8 000 + 10 000 kWh at 0.6 yuan; 3 × 500 m³; 0.2 万m³ and 1 000 m³ of gas; the area of 31 March."""
    assert cells(school) == {
        "elec_qty": 30000, "elec_cost": 18000, "water_qty": 1500, "water_cost": 4500, "gas_qty": 3000,
        "gas_cost": 9000, "area": 6000, "persons": 400,
    }  # fmt: skip
    gas = school.values.get(indicator="gas_qty")
    assert (gas.provenance, gas.source) == ("bill", {"facts": 2, "of": 3, "months": 2})
    area = school.values.get(indicator="area")
    assert (area.provenance, area.source) == ("register", {"valid_from": "2023-03-01"})


def test_a_late_bill_moves_what_was_filled_in_and_not_what_was_typed(cast: Cast, school: Return) -> None:
    write(cast, school, water_qty=1600)
    bill(cast, "school", "natural_gas", 202303, "500", "m3")
    bill(cast, "school", "water", 202303, "77", "m3")
    assert prefill([school]) == 3, "the gas, and how many bills the costs of gas and water rest on"
    assert (cells(school)["gas_qty"], cells(school)["water_qty"]) == (3500, 1600)
    assert prefill([school]) == 0


def test_unknown_is_not_zero(cast: Cast, school: Return) -> None:
    assert "heat_qty" not in cells(school)
    write(cast, school, heat_qty=0, gas_qty=None)
    assert (cells(school)["heat_qty"], cells(school)["gas_qty"]) == (0, None)


def test_two_people_at_once_lose_nothing(cast: Cast, school: Return) -> None:
    stale = school.values.get(indicator="elec_qty").version
    write(cast, school, elec_qty=31000)
    changes = [CellChange("elec_qty", Decimal(32000), stale), CellChange("water_qty", Decimal(1600), 1)]
    saved = save_cells(cast.actor("statistician"), school, changes)
    assert [value.indicator for value in saved.stored] == ["water_qty"], "the other cell is stored all the same"
    (conflict,) = saved.conflicts
    assert (conflict.change.value, conflict.held and conflict.held.value) == (32000, 31000)
    assert cells(school)["elec_qty"] == 31000


@pytest.mark.parametrize(
    ("change", "cell"),
    [
        (CellChange("elec_qty", Decimal(-1), 1), "elec_qty"),
        (CellChange("elec_qty", Decimal("NaN"), 1), "elec_qty"),
        (CellChange("elec_qty", Decimal(10) ** 12, 1), "elec_qty"),
        (CellChange("institutions", Decimal(1), 0), "institutions"),
        (CellChange("nonsense", Decimal(1), 0), "nonsense"),
        (CellChange("elec_qty", Decimal(1), 1, "0001"), "0001.elec_qty"),
        (CellChange("room_elec", Decimal(1), 0), "room_elec"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_written(
    cast: Cast, school: Return, change: CellChange, cell: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        save_cells(cast.actor("statistician"), school, [CellChange("water_qty", Decimal(1), 1), change])
    assert set(refused.value.message_dict) == {cell}
    assert cells(school)["water_qty"] == 1500


@pytest.mark.parametrize("who", ["statistics_head", "unit_head", "education", "verifier", "neighbour", "outsider"])
def test_returns_are_filled_in_by_the_statistician(cast: Cast, school: Return, who: str) -> None:
    with pytest.raises(Forbidden):
        save_cells(cast.actor(who), school, [CellChange("elec_qty", Decimal(1), 1)])
    assert cells(school)["elec_qty"] == 30000


def test_the_way_from_hand_to_hand(cast: Cast, school: Return) -> None:
    approved(cast, school)
    school.refresh_from_db()
    assert school.state == State.APPROVED
    assert school.reported_at is not None
    assert school.approved_at is not None
    assert [(step.action, step.before, step.after) for step in school.steps.all()] == [
        ("enter", "empty", "entering"),
        ("submit", "entering", "statistics_head"),
        ("pass", "statistics_head", "unit_head"),
        ("pass", "unit_head", "reported"),
        ("approve", "reported", "approved"),
    ]


def test_a_step_tells_what_changed_since_the_step_before(cast: Cast, school: Return) -> None:
    write(cast, school, elec_qty=31000)
    write(cast, school, elec_qty=32000)
    ready(cast, school)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    assert school.steps.get(action="submit").changes == {"elec_qty": ["30000", "32000"]}


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ("statistics_head", Action.SUBMIT),
        ("unit_head", Action.PASS),
        ("district", Action.PASS),
        ("admin", Action.PASS),
        ("district", Action.APPROVE),
        ("education", Action.APPROVE),
        ("outsider", Action.SUBMIT),
    ],
)
def test_nobody_takes_a_step_that_is_not_theirs(cast: Cast, school: Return, who: str, action: Action) -> None:
    ready(cast, school)
    if action is not Action.SUBMIT:
        take_step(cast.actor("statistician"), school, Action.SUBMIT)
    before = school.state
    with pytest.raises((Forbidden, ValidationError)):
        take_step(cast.actor(who), school, action)
    school.refresh_from_db()
    assert school.state == before


def test_nobody_approves_what_they_entered(cast: Cast, school: Return) -> None:
    ready(cast, school)
    write(cast, school, "district", elec_qty=30001)
    for finding in review([school])[school.pk]:
        explain(cast.actor("statistician"), school, finding.rule, "as billed", indicator=finding.cell.indicator)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    take_step(cast.actor("statistics_head"), school, Action.PASS)
    take_step(cast.actor("unit_head"), school, Action.PASS)
    with pytest.raises(ValidationError):
        take_step(cast.actor("district"), school, Action.APPROVE)
    take_step(cast.actor("city"), school, Action.APPROVE)


def test_sent_back_it_needs_a_reason_and_begins_a_new_round(cast: Cast, school: Return) -> None:
    ready(cast, school)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    with pytest.raises(ValidationError):
        take_step(cast.actor("statistics_head"), school, Action.SEND_BACK, " ")
    take_step(cast.actor("statistics_head"), school, Action.SEND_BACK, "gas is of February")
    entered = {str(pk) for pk in school.values.exclude(entered_by=None).values_list("entered_by", flat=True)}
    assert (school.state, set(school.hands), school.rounds) == (State.RETURNED, entered, 1), "who passed it on is free"
    write(cast, school, gas_qty=2900)
    assert school.state == State.ENTERING


def test_sending_back_does_not_let_one_approve_what_one_entered(cast: Cast, school: Return) -> None:
    """Of a district's own figures only somebody else approves, until they are replaced."""

    def handed_in() -> None:
        for finding in review([school])[school.pk]:
            explain(cast.actor("statistician"), school, finding.rule, "as billed", indicator=finding.cell.indicator)
        take_step(cast.actor("statistician"), school, Action.SUBMIT)
        take_step(cast.actor("statistics_head"), school, Action.PASS)
        take_step(cast.actor("unit_head"), school, Action.PASS)

    ready(cast, school)
    write(cast, school, who="district", elec_qty=30001)
    handed_in()
    take_step(cast.actor("district"), school, Action.SEND_BACK, "look again")
    write(cast, school, area=6001)
    handed_in()
    with pytest.raises(ValidationError):
        take_step(cast.actor("district"), school, Action.APPROVE)
    take_step(cast.actor("district"), school, Action.SEND_BACK, "read the meter yourselves")
    write(cast, school, elec_qty=30002)
    for finding in review([school])[school.pk]:
        explain(cast.actor("statistician"), school, finding.rule, "as billed", indicator=finding.cell.indicator)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    take_step(cast.actor("statistics_head"), school, Action.SEND_BACK, "once more")
    write(cast, school, elec_qty=30003)
    handed_in()
    take_step(cast.actor("district"), school, Action.APPROVE)


def test_an_approved_return_takes_no_figure_until_it_is_reopened(cast: Cast, school: Return) -> None:
    approved(cast, school)
    with pytest.raises(ValidationError):
        write(cast, school, elec_qty=1)
    with pytest.raises(ValidationError):
        take_step(cast.actor("district"), school, Action.REOPEN)
    take_step(cast.actor("district"), school, Action.REOPEN, "a bill came late")
    assert (school.state, school.approved_at) == (State.RETURNED, None)


def test_errors_block_and_warnings_want_words(cast: Cast, school: Return) -> None:
    write(cast, school, vehicles=3, vehicles_gasoline=1, vehicles_diesel=1, vehicles_new_energy=0)
    (wrong,) = [finding for finding in review([school])[school.pk] if finding.rule == "L04"]
    assert (wrong.severity.value, wrong.cell.indicator, wrong.found, wrong.expected) == ("block", "vehicles", 3, "2")
    for finding in review([school])[school.pk]:
        explain(cast.actor("statistician"), school, finding.rule, "so it is", indicator=finding.cell.indicator)
    with pytest.raises(ValidationError):
        take_step(cast.actor("statistician"), school, Action.SUBMIT)
    write(cast, school, vehicles=2)
    for finding in review([school])[school.pk]:
        explain(cast.actor("statistician"), school, finding.rule, "so it is", indicator=finding.cell.indicator)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)


def test_last_year_stands_beside_this_year(cast: Cast, school: Return) -> None:
    """10 000 kWh in the first quarter of 2022 against 30 000: three times as much wants an explanation (P03)."""
    bill(cast, "school", "electricity", 202201, "10000", "kWh", "6000")
    open_returns(cast.actor("district"), cast.regions["420106"], slots.quarter(2022, 1))
    before = Return.objects.get(institution=school.institution, year=2022)
    write(cast, before, area=6000)
    found = {(item.rule, item.check, item.cell.indicator) for item in review([school])[school.pk]}
    assert ("P03", "large", "elec_qty") in found


def test_reviewing_many_costs_as_many_queries_as_reviewing_one(
    cast: Cast, school: Return, django_assert_max_num_queries: object
) -> None:
    register(cast, "hospital", 2)
    everybody = list(Return.objects.select_related("region"))
    assert len(everybody) == 3
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        found = review(everybody)
    assert set(found) == {item.pk for item in everybody}


def test_a_later_day_needs_a_reason_and_is_kept(cast: Cast, school: Return) -> None:
    with pytest.raises(ValidationError):
        extend(cast.actor("district"), school, date(2023, 4, 20), " ")
    with pytest.raises(ValidationError):
        extend(cast.actor("district"), school, date(2023, 4, 1), "holidays")
    with pytest.raises(Forbidden):
        extend(cast.actor("neighbour"), school, date(2023, 4, 20), "holidays")
    made = extend(cast.actor("district"), school, date(2023, 4, 20), "holidays")
    school.refresh_from_db()
    assert school.due_on == date(2023, 4, 20)
    with pytest.raises(DatabaseError), transaction.atomic():
        type(made).objects.filter(pk=made.pk).update(reason="none")


def test_steps_are_never_rewritten(cast: Cast, school: Return) -> None:
    ready(cast, school)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReturnStep.objects.update(reason="nothing")


def test_rooms_are_filled_in_a_record_each(cast: Cast) -> None:
    from nengtan.registry.models import Asset

    register(cast, "school", 1)
    for name, racks in (("North", 4), ("South", 6)):
        Asset.objects.create(
            institution=cast.institutions["school"], kind="data_room", name=name,
            attributes={"racks": racks, "area_m2": 40},
        )  # fmt: skip
    open_returns(cast.actor("district"), cast.regions["420106"], QUARTER)
    rooms = Value.objects.filter(of__institution=cast.institutions["school"], indicator="room_racks")
    assert list(rooms.values_list("record", "value")) == [("0001", 4), ("0002", 6)]


def test_a_register_without_vehicles_says_nothing_of_vehicles(cast: Cast, school: Return) -> None:
    assert not {"vehicles", "vehicles_gasoline"} & set(cells(school))


def test_attributes_of_the_last_day_of_the_period_are_taken(cast: Cast, school: Return) -> None:
    set_attribute(system_actor(), school.institution, "area_m2", date(2023, 4, 1), Decimal(9000))
    assert prefill([school]) == 0
    assert cells(school)["area"] == 6000
