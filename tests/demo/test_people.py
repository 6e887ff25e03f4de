"""The people of the demonstration: one of each role, with a name of their own and the organisation they are of."""

from __future__ import annotations

import pytest
from django.utils import translation

from nengtan.demo.builder import Built, people
from nengtan.demo.tables import table
from nengtan.identity.roles import Role


def test_there_is_one_of_each_role_with_a_name_of_their_own() -> None:
    told = people()
    assert sorted(person["role"] for person in told) == sorted(Role.values)
    assert len({person["name"] for person in told}) == len(told)
    for person in told:
        assert 2 <= len(person["name"]) <= 4, person
        assert person["organisation"], person


def test_who_reports_for_an_institution_is_of_it() -> None:
    names = {row["code"]: row["name"] for row in table("institutions")}
    for person in people():
        if person["role"] in ("statistician", "statistics_head", "unit_head"):
            assert person["organisation"] == names[person["institution"]]
    department = next(person for person in people() if person["role"] == "system_department")
    assert department["organisation"] in names.values()


@pytest.mark.parametrize(
    ("language", "line"), [("zh-hans", "统计员 · 武昌区临江初级中学 李婷"), ("en", "Statistician · 李婷")]
)
def test_the_command_introduces_them_with_role_and_organisation(
    capsys: pytest.CaptureFixture[str], tmp_path: object, language: str, line: str
) -> None:
    from nengtan.config.demo import _introduce
    from nengtan.demo.builder import _built

    with translation.override(language):
        built = _built(tmp_path, {"passwords": {"statistician": "ab-cd"}}, fresh=True)  # type: ignore[arg-type]
        assert isinstance(built, Built)
        _introduce(built)
    assert line in capsys.readouterr().out
