"""Builds the demonstration: the district and the campus go in by the same doors as anybody's files."""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils.translation import gettext as _

from nengtan import __version__
from nengtan.demo import campus
from nengtan.demo.contract import add_contract
from nengtan.demo.district import SEED, District, build, notice
from nengtan.demo.feeding import STATE, begin
from nengtan.demo.mark import MARK, NotADemo, state_of
from nengtan.demo.returns import TODAY, add_returns
from nengtan.demo.workbooks import write_workbooks
from nengtan.identity.access import Actor, system_actor
from nengtan.identity.models import User
from nengtan.identity.services import GrantInput, UserInput, create_user
from nengtan.ledger.services import intake as ledger_intake
from nengtan.registry.models import Institution, Region
from nengtan.registry.services import EventInput, add_region, record_event, set_notice
from nengtan.registry.services import intake as registry_intake
from nengtan.ui.sheets.reader import open_table

DISTRICT, MANAGER = "420106", "manager"

Step = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Built:
    """A finished demonstration."""

    folder: Path
    passwords: dict[str, tuple[str, str, str]]
    fresh: bool

    @property
    def workbooks(self) -> Path:
        """The files it was imported from, and a faulty one, to try by hand."""
        return self.folder / "workbooks"


def build_demo(folder: Path, step: Step) -> Built:
    """Build the demonstration in ``folder`` unless it is there; a half-built one is begun anew.

    Raises:
        NotADemo: the database holds data that no demonstration made, or what says so cannot be read.
    """
    mark = folder / MARK
    state = state_of(folder)
    if state.get("state") == "ready":
        call_command("migrate", verbosity=0, interactive=False)
        return _built(folder, state, fresh=False)
    if state.get("state") == "building":
        _begin_anew(folder)
    folder.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0, interactive=False)
    if Institution.objects.exists() or User.objects.exists():
        raise NotADemo(
            _("%(folder)s holds data already; choose another folder for the demonstration.") % {"folder": folder}
        )
    _write_mark(mark, {"state": "building"})
    passwords = _fill(folder, step)
    _stand_still(folder)
    state = {"state": "ready", "version": __version__, "passwords": passwords}
    _write_mark(mark, state)
    return _built(folder, state, fresh=True)


def _stand_still(folder: Path) -> None:
    """Let statistics take the demonstration's today for today, unless the folder has settings of its own."""
    settings = folder / "nengtan.toml"
    if not settings.exists():
        settings.write_text(f'today = "{TODAY}"\n', encoding="utf-8")


def _built(folder: Path, state: dict[str, Any], fresh: bool) -> Built:
    roles = {person["username"]: (_who(person), person["role"]) for person in people()}
    passwords = {name: (*roles[name], password) for name, password in state["passwords"].items() if name in roles}
    return Built(folder, passwords, fresh)


def _who(person: dict[str, str]) -> str:
    """Somebody's name, with the organisation they are of."""
    return _("%(name)s, %(organisation)s") % person


def _begin_anew(folder: Path) -> None:
    """Throw away what a killed build left; only an embedded database is ours to throw away."""
    if connection.vendor != "sqlite":
        raise NotADemo(_("A demonstration was begun in this database and not finished; empty the database first."))
    connection.close()
    for pattern in ("nengtan.sqlite3*", "inbox.sqlite3*", STATE):
        for leftover in folder.glob(pattern):
            leftover.unlink()
    for name in ("files", "lake"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _write_mark(path: Path, state: dict[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(state, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _fill(folder: Path, step: Step) -> dict[str, str]:
    actor = system_actor()
    district = build()
    work = list(_work(actor, district, folder))
    for done, (note, do) in enumerate(work):
        step(done, len(work) + 2, note)
        do()
    step(len(work), len(work) + 2, _("users"))
    passwords = _add_people(actor)
    step(len(work) + 1, len(work) + 2, _("statistical returns"))
    add_returns(Region.objects.get(code=DISTRICT), User.objects.get(username=MANAGER), SEED)
    add_contract(actor)
    step(len(work) + 2, len(work) + 2, _("done"))
    return passwords


def _work(actor: Actor, district: District, folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    target = folder / "workbooks"
    write_workbooks(target, district)
    yield _("regions"), partial(_add_regions, actor, district)
    paths = sorted(target.glob("*.xlsx"))
    registers = [path for path in paths if path.name.startswith(("1-", "4-"))]
    for path in registers:
        yield path.name, partial(_import_register, actor, path)
    yield _("events of institutions"), partial(_record_events, actor, district)
    for path in paths:
        if path.name.startswith("2-"):
            yield path.name, partial(_import_register, actor, path)
    for path in paths:
        if path.name.startswith(("3-", "5-")):
            yield path.name, partial(_import_activity, actor, path)
    yield _("simulated readings of meters"), partial(begin, folder)


@transaction.atomic
def _add_regions(actor: Actor, district: District) -> None:
    set_notice(actor, Region.objects.get(code=DISTRICT), notice())
    for row in [*district.regions(), campus.region()]:
        parent = Region.objects.get(code=row["parent_code"]) if row["parent_code"] else None
        add_region(
            actor,
            str(row["code"]),
            str(row["name"]),
            parent=parent,
            name_en=str(row["name_en"] or ""),
            level=str(row["level"]),
            notice=str(row.get("notice") or ""),
            lat=_float(row.get("lat")),
            lon=_float(row.get("lon")),
        )


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))


def _import_register(actor: Actor, path: Path) -> None:
    plan = registry_intake.check_registry(actor, open_table(path, path.name))
    result = registry_intake.apply_registry(actor, plan)
    _insist(path, result.errors)


def _import_activity(actor: Actor, path: Path) -> None:
    content = path.read_bytes()
    result = ledger_intake.import_activity(actor, open_table(content, path.name), path.name, content)
    _insist(path, result.errors)


def _insist(path: Path, errors: Sequence[object]) -> None:
    if errors:
        raise RuntimeError(f"the demonstration's own file {path.name} was refused: {errors[:3]}")


def _record_events(actor: Actor, district: District) -> None:
    for event in district.events():
        before = [Institution.objects.get(code=code) for code in event.before]
        after = [Institution.objects.get(code=code) for code in event.after]
        superior = Institution.objects.get(code=event.superior) if event.superior else None
        record_event(
            actor,
            EventInput(
                event.kind,
                event.effective_on,
                before,
                after,
                document=event.document,
                name=event.name or "",
                superior=superior,
            ),
        )


def people() -> list[dict[str, str]]:
    """One user of each role."""
    with files("nengtan.demo").joinpath("data/people.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _add_people(actor: Actor) -> dict[str, str]:
    passwords = {}
    for person in people():
        grant = GrantInput(
            role=person["role"],
            region=Region.objects.get(code=person["region"]) if person["region"] else None,
            system=person["system"],
            institution=Institution.objects.get(code=person["institution"]) if person["institution"] else None,
        )
        password = f"{secrets.token_hex(3)}-{secrets.token_hex(3)}"
        create_user(actor, UserInput(username=person["username"], name=person["name"]), grant, password)
        passwords[person["username"]] = password
    return passwords
