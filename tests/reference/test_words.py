"""The words of spreadsheets agree with themselves and with the codes of the reference."""

from __future__ import annotations

from collections import Counter

from nengtan.domain.sheets.words import fold
from nengtan.reference import carriers, units
from nengtan.reference.limits import monthly_limits
from nengtan.reference.words import sheet_words, word_rows


def test_every_carrier_has_words_and_its_own_code_among_them() -> None:
    words = sheet_words()
    assert set(words.carriers.values()) == set(carriers())
    for code in carriers():
        assert words.carriers[fold(code)] == code


def test_no_word_means_two_things_except_column_headings() -> None:
    meanings = {(kind, key, fold(word)) for kind, key, word in word_rows() if kind != "column"}
    seen = Counter((kind, word) for kind, _, word in meanings)
    assert [entry for entry, count in seen.items() if count > 1] == []


def test_every_unit_code_is_one_of_its_own_spellings() -> None:
    units = sheet_words().units
    for code in set(units.values()):
        assert units[fold(code)] == code


def test_every_unit_of_the_reference_can_be_written_in_a_sheet() -> None:
    assert set(units()) <= set(sheet_words().units.values())


def test_every_carrier_has_a_believable_month() -> None:
    assert set(monthly_limits()) == set(carriers())
    assert min(monthly_limits().values()) > 0
