"""Help fits the screen in Chinese as in English."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from nengtan.config.wrapping import wrap_text

CHINESE = "从文件（CSV、Excel 或 Parquet）导入读数，列为 meter（表计）、time（时间），要么全部导入，要么全不导入。"


@pytest.mark.parametrize("width", [20, 40, 78])
def test_no_line_is_wider_than_the_screen_and_nothing_is_lost(width: int) -> None:
    wrapped = wrap_text(CHINESE, width, "  ", "  ")
    lines = wrapped.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "".join(line.strip() for line in lines).replace(" ", "") == CHINESE.replace(" ", "")


def test_punctuation_clings_to_its_word() -> None:
    lines = wrap_text(CHINESE, 20).splitlines()
    assert not [line for line in lines if line[0] in "）、，。" or line[-1] in "（"]


def test_english_breaks_between_words_and_paragraphs_stay() -> None:
    assert wrap_text("one two three\n\nfour", 9, preserve_paragraphs=True) == "one two\nthree\n\nfour"
    assert wrap_text("a  [default: b]", 40) == "a  [default: b]"
    assert wrap_text("unbreakable", 5) == "unbreakable"
    assert wrap_text("", 10) == ""
