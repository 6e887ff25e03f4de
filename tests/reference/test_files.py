"""Every shipped file: readable, unique codes, a source and a known confidence in each row, numbers that parse."""

import csv
import json
from decimal import Decimal, InvalidOperation

import pytest

from nengtan import reference
from nengtan.domain.factors import Confidence

CSV_FILES = sorted(entry.name for entry in reference.data_folder().iterdir() if entry.name.endswith(".csv"))
OURS = [name for name in CSV_FILES if name != "sheet_words.csv"]  # its own tests stand beside the spreadsheet reader
KEYS = {
    "averages.csv": ("region_code", "year", "category_zh", "indicator"),
    "carrier_units.csv": ("carrier", "unit"),
    "device_templates.csv": ("template", "place"),
    "grids.csv": ("province",),
    "item_codes.csv": ("level", "code"),
    "item_translations.csv": ("scheme", "code"),
    "monthly_limits.csv": ("carrier",),
    "quotas.csv": ("standard", "zone", "category", "sub_category", "indicator"),
    "scheme_headings.csv": ("word",),
    "scheme_indicators.csv": ("form", "key", "first_edition"),
    "scheme_prices.csv": ("indicator", "region_code"),
    "factor_notes.csv": ("said",),
    "factor_sources.csv": ("said",),
    "sources.csv": ("key",),
}
NUMBERS = {"value", "kgce_per_unit", "ncv_kj_per_unit", "scale", "ncv", "oxidation", "carbon_content_tc_per_tj", "year"}
ITEM_TRUST = {"high", "medium", "low"}


def cells(name: str) -> list[dict[str, str]]:
    return [dict(row.cells) for row in reference.rows(name)]


@pytest.mark.parametrize("name", OURS)
def test_a_file_has_rows_and_its_key_is_unique(name: str) -> None:
    keys = [tuple(row[column] for column in KEYS.get(name, ("code",))) for row in cells(name)]
    assert keys
    assert len(set(keys)) == len(keys)
    assert all(all(key) for key in keys)


@pytest.mark.parametrize(
    "name",
    [name for name in OURS if name not in ("sources.csv", "factor_sources.csv", "factor_notes.csv", "regions.csv")],
)
def test_every_row_has_a_source_and_an_allowed_confidence(name: str) -> None:
    allowed = ITEM_TRUST if name == "item_codes.csv" else {str(level) for level in Confidence}
    for row in cells(name):
        assert row["source"].strip(), row
        assert row["confidence"] in allowed, row


def test_every_region_names_a_listed_source() -> None:
    assert {row["source"] for row in cells("regions.csv")} <= reference.sources().keys()


@pytest.mark.parametrize("name", OURS)
def test_numbers_parse_and_texts_are_trimmed(name: str) -> None:
    for row in cells(name):
        for column, text in row.items():
            assert text == text.strip(), (row, column)
            if column in NUMBERS and text:
                try:
                    assert Decimal(text).is_finite()
                except InvalidOperation:
                    pytest.fail(f"{name}: {column} of {row} is no number")


@pytest.mark.parametrize("name", CSV_FILES)
def test_files_are_plain_utf8_without_a_byte_order_mark(name: str) -> None:
    raw = (reference.data_folder() / name).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert list(csv.reader(raw.decode("utf-8").splitlines()))


def test_the_json_of_asset_kinds_says_source_and_confidence() -> None:
    held = json.loads((reference.data_folder() / "asset_kinds.json").read_text(encoding="utf-8"))
    assert held["source"]
    assert held["confidence"] in {str(level) for level in Confidence}


def test_nothing_of_the_published_tables_was_lost() -> None:
    assert len(cells("coal_equivalent.csv")) == 64
    assert len(cells("factors.csv")) == 422
    assert len(cells("item_codes.csv")) == 57
    assert len(cells("averages.csv")) == 36
