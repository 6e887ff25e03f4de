"""Months and days as people type them: 2023年1月, 2023/1, 202301, Excel serials, a bare month beside a year."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from nengtan.domain.overtime import SINCE_ALWAYS

from .cells import BadCell, Cell, shown
from .problems import Fault
from .words import Words, fold

__all__ = ["find_period", "find_year", "parse_date", "parse_period", "parse_since", "parse_year"]

_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_EPOCH = dt.date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 32874, 73415  # 1990-01-01 … 2100-12-31 as spreadsheets count days
_CLOCK = r"(?:t?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?z?)?"
_SEP = r"[-/.]"
_FULL = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<y>[0-9]{{4}})(?:Y|{_SEP}|Y{_SEP})(?P<m>[0-9]{{1,2}})(?:M|MM)?",
        rf"(?P<y>[0-9]{{4}})(?:Y|{_SEP})(?P<m>[0-9]{{1,2}})(?:M|{_SEP})(?P<d>[0-9]{{1,2}})D?{_CLOCK}",
        r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})M?",
        r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
        rf"(?P<y2>[0-9]{{2}})Y{_SEP}?(?P<m>[0-9]{{1,2}})M",
        rf"(?P<m>[0-9]{{1,2}})(?:M{_SEP}?|{_SEP})(?P<y>[0-9]{{4}})Y?",
        r"(?P<m>[0-9]{1,2})M[-/.',]?(?P<y2>[0-9]{2})",
    )
)
_MONTH = re.compile(r"(?P<m>[0-9]{1,2})M?")
_SPAN = re.compile(r"~|[0-9]M?-[0-9]{1,2}M|[0-9]{4}.*[-~].*[0-9]{4}|[0-9]{6}-[0-9]{6}")
_MONTH_IN_TEXT = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})Y[-/.]?([0-9]{1,2})M(?![-~0-9MD])")
_YEAR_IN_TEXT = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?=Y|[^0-9M.]|$)")


def tokens(text: str, words: Words) -> str:
    """A date text with its words replaced by marks: Y, M, D, Q, H, W (whole year) and ~ (range).

    >>> words = Words.of([("date", "year", "年"), ("date", "month", "月"), ("month", "1", "Jan")])
    >>> tokens("2023年1月", words), tokens("Jan 2023", words)
    ('2023Y1M', '1M2023')
    """
    flat = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return words.date_pattern.sub(lambda match: words.date_tokens[match[0]], flat)


def parse_period(cell: Cell, words: Words, year: int | None = None) -> int | Fault | None:
    """Read one cell as a month, yyyymm; a bare month takes `year`; None for a blank cell.

    >>> words = Words.of([("date", "year", "年"), ("date", "month", "月"), ("date", "quarter", "季度")])
    >>> parse_period("2023年1月", words), parse_period("2023/1", words), parse_period(202312, words)
    (202301, 202301, 202312)
    >>> parse_period(44927.0, words), parse_period("3月", words, 2022), parse_period(dt.date(2023, 5, 1), words)
    (202301, 202203, 202305)
    >>> [parse_period(cell, words, 2023).code for cell in ("2023年第3季度", 2023.1, "13月")]
    ['quarter_not_month', 'month_or_october', 'no_such_month']
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, dt.date):
        return _checked(cell.year, cell.month, 1, cell)
    if isinstance(cell, (bool, dt.time, dt.timedelta)):
        return Fault("not_a_month", shown(cell))
    if isinstance(cell, BadCell):
        return cell.fault()
    if isinstance(cell, (int, float)):
        return _from_number(cell, year)
    if words.is_blank_word(cell):
        return None
    return _from_text(cell, words, year)


def _from_number(cell: float, year: int | None) -> int | Fault:
    if _FIRST_SERIAL <= cell < _LAST_SERIAL + 1:
        day = _EPOCH + dt.timedelta(days=int(cell))
        return day.year * 100 + day.month
    if cell != int(cell):
        return _from_decimal(cell)
    number = int(cell)
    if 190000 <= number <= 219999:
        return _checked(number // 100, number % 100, 1, cell)
    if 19000000 <= number <= 21991231:
        return _checked(number // 10000, number // 100 % 100, number % 100, cell)
    if _FIRST_YEAR <= number <= _LAST_YEAR:
        return Fault("year_not_month", shown(cell))
    if 1 <= number <= 12:
        return year * 100 + number if year else Fault("year_missing", shown(cell))
    return Fault("no_such_month" if 0 <= number < 100 else "not_a_month", shown(cell))


def _from_decimal(cell: float) -> int | Fault:
    """2023.05 typed as a number; 2023.1 may be January or October, whose last zero a number drops."""
    whole, part = divmod(round(cell * 100), 100)
    if not _FIRST_YEAR <= whole <= _LAST_YEAR or abs(cell * 100 - round(cell * 100)) > 1e-6:
        return Fault("not_a_month", shown(cell))
    if part == 10:
        return Fault("month_or_october", shown(cell))
    return _checked(whole, part // 10 if part % 10 == 0 else part, 1, cell)


def _from_text(cell: str, words: Words, year: int | None) -> int | Fault:
    text = tokens(cell, words)
    for pattern in _FULL:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            found = int(parts["y"]) if parts.get("y") else 2000 + int(parts["y2"] or 0)
            return _checked(found, int(parts["m"]), int(parts.get("d") or 1), cell)
    if match := _MONTH.fullmatch(text):
        month = int(match["m"])
        if not 1 <= month <= 12:
            return Fault("no_such_month", shown(cell))
        return year * 100 + month if year else Fault("year_missing", shown(cell))
    return Fault(_refusal(text), shown(cell))


def _refusal(text: str) -> str:
    if "Q" in text:
        return "quarter_not_month"
    if "H" in text:
        return "half_year_not_month"
    if "W" in text or re.fullmatch(r"[0-9]{4}Y?", text):
        return "year_not_month"
    if _SPAN.search(text):
        return "range_not_month"
    return "not_a_month"


def _checked(year: int, month: int, day: int, cell: Cell) -> int | Fault:
    if not 1 <= month <= 12:
        return Fault("no_such_month", shown(cell))
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return Fault("year_out_of_range", shown(cell), (str(_FIRST_YEAR), str(_LAST_YEAR)))
    try:
        dt.date(year, month, day)
    except ValueError:
        return Fault("no_such_day", shown(cell))
    return year * 100 + month


def parse_date(cell: Cell, words: Words) -> dt.date | Fault | None:
    """Read one cell as a day; a month alone means its first day, a year alone its first of January.

    >>> words = Words.of([("date", "year", "年"), ("date", "month", "月"), ("date", "day", "日")])
    >>> parse_date("2023年1月5日", words), parse_date("2023-02", words), parse_date(2021, words)
    (datetime.date(2023, 1, 5), datetime.date(2023, 2, 1), datetime.date(2021, 1, 1))
    >>> parse_date("soon", words).code
    'not_a_date'
    """
    if cell is None or cell == "" or (isinstance(cell, str) and words.is_blank_word(cell)):
        return None
    if isinstance(cell, dt.date):
        return cell.date() if isinstance(cell, dt.datetime) else cell
    if isinstance(cell, BadCell):
        return cell.fault()
    if isinstance(cell, (int, float)) and _FIRST_SERIAL <= cell < _LAST_SERIAL + 1:
        return _EPOCH + dt.timedelta(days=int(cell))
    return _day_from_text(cell, words)


def parse_since(cell: Cell, words: Words) -> dt.date | Fault | None:
    """Read one cell as the day from which something holds; words for an unknown beginning are understood.

    >>> words = Words.of([("date", "year", "年"), ("since", "always", "自始"), ("since", "always", "Start unknown")])
    >>> parse_since("自 始", words) == parse_since("start unknown", words) == SINCE_ALWAYS
    True
    >>> parse_since("2021年", words)
    datetime.date(2021, 1, 1)
    """
    if isinstance(cell, str) and fold(cell) in words.choices.get("since", {}):
        return SINCE_ALWAYS
    return parse_date(cell, words)


def _day_from_text(cell: Cell, words: Words) -> dt.date | Fault:
    text = tokens(shown(cell), words)
    if re.fullmatch(r"[0-9]{4}Y?", text) and _FIRST_YEAR - 90 <= int(text[:4]) <= _LAST_YEAR:
        return dt.date(int(text[:4]), 1, 1)
    for pattern in _FULL:
        match = pattern.fullmatch(text)
        if match and match.groupdict().get("y"):
            try:
                return dt.date(int(match["y"]), int(match["m"]), int(match.groupdict().get("d") or 1))
            except ValueError:
                return Fault("no_such_day", shown(cell))
    return Fault("not_a_date", shown(cell))


def parse_year(cell: Cell, words: Words) -> int | Fault | None:
    """Read one cell as a year.

    >>> words = Words.of([("date", "year", "年")])
    >>> parse_year("2023年", words), parse_year(2023.0, words), parse_year("x", words).code
    (2023, 2023, 'not_a_year')
    """
    if cell is None or cell == "" or (isinstance(cell, str) and words.is_blank_word(cell)):
        return None
    if isinstance(cell, BadCell):
        return cell.fault()
    if isinstance(cell, dt.date):
        return cell.year
    text = tokens(shown(cell), words)
    if re.fullmatch(r"[0-9]{4}Y?", text):
        year = int(text[:4])
        if _FIRST_YEAR - 190 <= year <= _LAST_YEAR:
            return year
    return Fault("not_a_year", shown(cell))


def find_year(text: str, words: Words) -> int | None:
    """The year a title names, None when it names none or several.

    >>> words = Words.of([("date", "year", "年")])
    >>> find_year("某区2023年能源消耗统计表", words), find_year("2022年至2023年", words)
    (2023, None)
    """
    found = set(_YEAR_IN_TEXT.findall(tokens(text, words)))
    return int(found.pop()) if len(found) == 1 else None


def find_period(text: str, words: Words, year: int | None = None) -> int | None:
    """The one month a title or the name of a sheet says, yyyymm; a bare month takes `year`; None for none or several.

    >>> words = Words.of([("date", "year", "年"), ("date", "month", "月"), ("date", "span", "至")])
    >>> find_period("2024年5月", words), find_period("2024-05", words), find_period("某区2024年5月用电统计表", words)
    (202405, 202405, 202405)
    >>> find_period("5月", words, 2024), find_period("2024年5月10日", words), find_period("2024年1月至5月", words)
    (202405, None, None)
    >>> find_period("2024年", words), find_period("Sheet1", words), find_period("12", words, 2024)
    (None, None, None)
    """
    whole = parse_period(text, words, year) if len(text.strip()) > len("12") or not text.strip().isdigit() else None
    if isinstance(whole, int):
        day = tokens(text, words)
        return None if "D" in day or (len(day) == len("20240501") and day.isdigit()) else whole
    found = {(int(y), int(m)) for y, m in _MONTH_IN_TEXT.findall(tokens(text, words))}
    if len(found) != 1:
        return None
    named, month = found.pop()
    return named * 100 + month if 1 <= month <= 12 else None
