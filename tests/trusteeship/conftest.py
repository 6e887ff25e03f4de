"""The cast, and a contract of the school with its company."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nengtan.domain.settlement.document import read
from nengtan.domain.settlement.terms import Case
from tests.cast import Cast, cast  # noqa: F401

if TYPE_CHECKING:
    from nengtan.trusteeship.models import Contract

WORKED = Path(__file__).parents[1] / "domain" / "settlement" / "worked"


def worked(name: str = "trusteeship", **tables: Any) -> Case:
    """A year worked by hand, some of its tables changed."""
    document = json.loads((WORKED / f"{name}.json").read_text(encoding="utf-8"), parse_float=Decimal)
    case, flaws = read({**document, **tables})
    assert case is not None, flaws
    return case


@pytest.fixture
def contract(cast: Cast) -> Contract:  # noqa: F811
    """The school's, kept by its district."""
    from nengtan.trusteeship.services import add_contract

    return add_contract(cast.actor("district"), cast.institutions["school"], worked())
