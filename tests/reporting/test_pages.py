"""The pages of the returns: what they show, to whom, in how many queries; what becomes of what somebody types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from nengtan.reporting.models import Return
from tests.cast import Cast

MOST_QUERIES = 30


def post(cast: Cast, of: Return, *cells: tuple[str, str, int], who: str = "statistician", to: str = "cells") -> Any:
    body = json.dumps({"cells": [{"cell": cell, "text": text, "seen": seen} for cell, text, seen in cells]})
    return cast.client(who).post(f"/returns/{of.pk}/{to}/", body, content_type="application/json")


@pytest.mark.parametrize("who", ["statistician", "district"])
def test_the_page_opens_in_few_queries(
    cast: Cast, school: Return, who: str, django_assert_max_num_queries: Any
) -> None:
    url = reverse("return", args=[school.pk])
    assert cast.client(who).get(url).status_code == 200
    with django_assert_max_num_queries(MOST_QUERIES):
        text = cast.client(who).get(url).content.decode()
    assert "30,000" in text


def test_what_is_typed_is_stored(cast: Cast, school: Return) -> None:
    answer = post(cast, school, ("elec_qty", "３１，０００", 1))
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["cells"]["elec_qty"] == {"version": 2, "shown": "31,000"}
