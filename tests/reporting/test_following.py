"""Returns not handed in follow the register; explanations follow the figures they were written for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.urls import reverse

from nengtan.domain.returns.steps import Action, State
from nengtan.identity.access import system_actor
from nengtan.identity.models import AuditEvent
from nengtan.ledger.models import ActivityFact
from nengtan.ledger.services import FactInput, correct_fact, enter_fact
from nengtan.registry.models import InstitutionEvent
from nengtan.registry.services import EventInput, record_event
from nengtan.reporting.commands import returns
from nengtan.reporting.models import Explanation, Return
from nengtan.reporting.services import CellChange, explain, extend, prefill, review, save_cells, take_step
from nengtan.reporting.services.reviewing import review_typed, weigh
from tests.cast import Cast


def move(cast: Cast, school: Return, on: date) -> None:
    to = EventInput(InstitutionEvent.Kind.MOVED, on, before=[school.institution], region=cast.regions["420111"])
    record_event(cast.actor("city"), to)
    school.refresh_from_db()


def write(cast: Cast, of: Return, who: str = "statistician", **values: object) -> None:
    seen = {value.indicator: value.version for value in of.values.filter(record="")}
    changes = [CellChange(name, Decimal(str(value)), seen.get(name, 0)) for name, value in values.items()]
    assert not save_cells(cast.actor(who), of, changes).conflicts


def explain_all(cast: Cast, of: Return) -> None:
    for finding in review([of])[of.pk]:
        explain(cast.actor("statistician"), of, finding.rule, "as billed", indicator=finding.cell.indicator)


@pytest.mark.parametrize(("on", "region"), [(date(2023, 3, 1), "420111"), (date(2023, 6, 1), "420106")])
def test_a_move_within_the_period_takes_what_is_not_handed_in_along(
    cast: Cast, school: Return, on: date, region: str
) -> None:
    """The first quarter of 2023 belongs where the body stood on 31 March."""
    move(cast, school, on)
    assert school.region.code == region
    followed = AuditEvent.objects.filter(action="return.follow", subject_id=str(school.pk))
    assert followed.exists() == (region == "420111")


def test_what_is_handed_in_stays_with_whom_it_was_handed_in_to(cast: Cast, school: Return) -> None:
    write(cast, school, area=6000)
    explain_all(cast, school)
    take_step(cast.actor("statistician"), school, Action.SUBMIT)
    take_step(cast.actor("statistics_head"), school, Action.PASS)
    take_step(cast.actor("unit_head"), school, Action.PASS)
    move(cast, school, date(2023, 3, 1))
    assert (school.region.code, school.state) == ("420106", State.REPORTED)


def test_an_explanation_is_of_the_figure_it_was_written_for(cast: Cast, school: Return) -> None:
    """Twice the electricity of last year is not explained by what was said of a tenth more."""
    write(cast, school, area=6000)
    explain_all(cast, school)
    assert weigh(school, review([school])[school.pk]) == (0, 0)
    said = Explanation.objects.filter(of=school, stands=True).exclude(indicator="area")
    before = said.count()
    write(cast, school, area=6001)
    assert said.count() == before > 0, "nothing of it was said of the area"
    elec = school.values.get(indicator="elec_qty").value or Decimal(0)
    write(cast, school, elec_qty=elec * 3)
    found = [item for item in review([school])[school.pk] if item.cell.indicator == "elec_qty"]
    assert found
    assert sum(weigh(school, found)) > 0
    explain_all(cast, school)
    assert not Explanation.objects.filter(of=school, stands=False, indicator="elec_qty").exists()


def test_a_shared_meter_is_compared_with_the_share_of_its_bills(cast: Cast, school: Return) -> None:
    """The school's meter reads 10,000 kWh a month for itself and the office; a quarter of each bill is the office's."""
    office = cast.institutions["office"]
    office.utility_account, office.host, office.allocation, office.share = (
        "none",
        school.institution,
        "share",
        Decimal("0.25"),
    )
    office.save()
    for month in (202301, 202302, 202303):
        for origin, quantity in (("bill", 10_000), ("meter", 10_000)):
            told = FactInput(school.institution, "electricity", month, Decimal(quantity), "kWh", origin=origin)
            old = ActivityFact.objects.filter(
                institution=school.institution,
                carrier="electricity",
                period=month,
                origin=origin,
                superseded_by=None,
                allocated_from=None,
            ).first()
            (enter_fact(system_actor(), told) if old is None else correct_fact(system_actor(), old, told, "read anew"))
    prefill([school])
    assert school.values.get(indicator="elec_qty").value == 22_500
    assert review_typed(school).metered["elec_qty"] == 22_500
    assert "P15" not in {item.rule for item in review([school])[school.pk]}


def test_only_what_was_found_is_explained(cast: Cast, school: Return) -> None:
    with pytest.raises(ValidationError):
        explain(cast.actor("statistician"), school, "L01", "because", indicator="elec_qty")
    explain(cast.actor("statistician"), school, "L01", "", indicator="elec_qty")  # taking back is always possible
    assert not school.explanations.exists()


def test_a_cell_is_written_once_a_time_and_kept_to_its_last_place(cast: Cast, school: Return) -> None:
    two = [CellChange("gas_qty", Decimal(1), 0), CellChange("gas_qty", Decimal(2), 0)]
    with pytest.raises(ValidationError):
        save_cells(cast.actor("statistician"), school, two)
    version = school.values.filter(indicator="gas_qty").values_list("version", flat=True).first() or 0
    stored = save_cells(cast.actor("statistician"), school, [CellChange("gas_qty", Decimal("1.12345678901"), version)])
    assert stored.stored[0].value == Decimal("1.123457")


@pytest.mark.parametrize("room", ["a/b", "a.b", "<x>", "ROOM5"])
def test_a_room_has_a_code_of_letters_and_digits(cast: Cast, school: Return, room: str) -> None:
    with pytest.raises(ValidationError):
        save_cells(cast.actor("statistician"), school, [CellChange("room_elec", Decimal(1), 0, room)])


def test_what_is_approved_is_not_extended(cast: Cast, school: Return) -> None:
    Return.objects.filter(pk=school.pk).update(state=State.APPROVED)
    with pytest.raises(ValidationError):
        extend(cast.actor("district"), school, date(2199, 1, 1), "x")


def test_the_overview_of_an_institution_says_what_waits_for_its_people(cast: Cast, school: Return) -> None:
    url = reverse("institution", args=[school.institution.code])
    assert f"/returns/{school.pk}/" in cast.client("statistician").get(url).content.decode()
    assert "waits for you" not in cast.client("district").get(url).content.decode()


def test_a_step_refused_at_the_console_says_what_holds_the_return(cast: Cast, school: Return) -> None:
    write(cast, school, area=6000)
    asked = ["submit", "--institution", school.institution.code, "--period", "2023-Q1"]
    told = CliRunner().invoke(returns, asked)
    assert told.exit_code == 2
    wanting = [item for item in review([school])[school.pk] if item.severity != "inform"]
    assert wanting
    assert all(item.rule in told.stderr for item in wanting)
