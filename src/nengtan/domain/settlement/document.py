"""A case as plain data (JSON, tables of a workbook) and back: strictly read, and written in one way only.

The canonical text has sorted names, numbers without needless noughts, days as ISO 8601 and nothing that is left at its
default; two cases that say the same have the same text and so the same hash.
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from nengtan.domain.settlement.terms import Adjustment, Case, DriverValue, Event

__all__ = ["Flaw", "canonical", "digest", "ordered", "plain", "read", "tables"]

MOST = Decimal(10) ** 12
"""Numbers lie below it, so that products of five of them keep every digit."""

PLACES = 10
LONGEST = 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What cannot be read: where (``accounts[2].base_price``), what was found, what is allowed."""

    path: str
    code: str
    found: str = ""
    allowed: tuple[str, ...] = ()


def read(document: object) -> tuple[Case | None, list[Flaw]]:
    """A case of plain data, or what is wrong with it, all of it.

    >>> read({"contract": {"number": "T1"}})[1][0]
    Flaw(path='contract.kind', code='missing', found='',
         allowed=('trusteeship', 'shared_savings', 'guarantee', 'lease'))
    """
    flaws: list[Flaw] = []
    case = _record(Case, document, "", flaws)
    return (None, flaws) if flaws else (case, [])


def plain(case: Case) -> dict[str, Any]:
    """A case as plain data: what is at its default is left out.

    >>> from nengtan.domain.settlement.terms import Price
    >>> _plain(Price("", "gas", price=Decimal("3.10"), evidence="bill"))
    {'site': '', 'carrier': 'gas', 'price': Decimal('3.10'), 'evidence': 'bill'}
    """
    return cast(dict[str, Any], _plain(case))


def canonical(value: object) -> str:
    """The one text of plain data or of a record.

    >>> canonical({"b": Decimal("1.50"), "a": [date(2025, 1, 1), None, True]})
    '{"a":["2025-01-01",null,true],"b":"1.5"}'
    """
    return json.dumps(_text(_plain(value)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: object) -> str:
    """SHA-256 of the canonical text, in hexadecimal.

    >>> digest({"a": Decimal("1.50")}) == digest({"a": Decimal("1.5")})
    True
    """
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def ordered(case: Case) -> Case:
    """The same case with the rows of each table in the order of their text, so that their order says nothing.

    >>> from nengtan.domain.settlement.terms import Contract, Kind, Period, Tier
    >>> steps = Tier(Decimal("0.05"), Decimal("0.3")), Tier(Decimal(0), Decimal(0))
    >>> contract = Contract("T1", Kind.TRUSTEESHIP, date(2025, 1, 1), date(2029, 12, 31))
    >>> case = Case(contract, Period(date(2025, 1, 1), date(2025, 12, 31)), (), surplus=steps)
    >>> ordered(case).surplus[0].above
    Decimal('0')
    """
    many = [name for name, (_record, rows) in tables().items() if rows]
    rows: dict[str, Any] = {name: tuple(sorted(getattr(case, name), key=canonical)) for name in many}
    return replace(case, **rows)


@cache
def tables() -> dict[str, tuple[type[Any], bool]]:
    """The tables of a case: the record of each, and whether it has many rows.

    >>> tables()["accounts"][1], tables()["contract"][1]
    (True, False)
    """
    hints = get_type_hints(Case)
    found: dict[str, tuple[type[Any], bool]] = {}
    for name, hint in hints.items():
        many = get_origin(hint) is tuple
        found[name] = (_bare(get_args(hint)[0] if many else hint), many)
    return found


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        told = {field.name: getattr(value, field.name) for field in fields(value)}
        defaults = {field.name: field.default for field in fields(value)}
        return {key: _plain(item) for key, item in told.items() if defaults[key] is MISSING or item != defaults[key]}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _text(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (Decimal, int)):
        number = Decimal(value)
        return f"{number.normalize():f}" if number else "0"
    return value.isoformat() if isinstance(value, date) else str(value)


@cache
def _hints(record: type[Any]) -> dict[str, Any]:
    return get_type_hints(record)


def _bare(hint: Any) -> Any:
    """A type without its ``| None``."""
    if get_origin(hint) in (Union, types.UnionType):
        return next(one for one in get_args(hint) if one is not type(None))
    return hint


def _record(record: type[T], value: object, path: str, flaws: list[Flaw]) -> T | None:
    if not isinstance(value, Mapping):
        flaws.append(Flaw(path, "not_a_record", _shown(value)))
        return None
    known = {field.name: field for field in fields(cast(Any, record)) if field.init}
    before = len(flaws)
    flaws += [
        Flaw(_join(path, str(key)[:60]), "unknown", str(key)[:60], tuple(known)) for key in value if key not in known
    ]
    read_values: dict[str, Any] = {}
    for name, field in known.items():
        given, at, hint = value.get(name), _join(path, name), _hints(cast(Any, record))[name]
        many = get_origin(hint) is tuple
        if isinstance(given, str) and not many:
            given = given.strip()
        if given is None or (given == "" and not many):
            if field.default is MISSING and not _may_be_blank(name, record):
                flaws.append(Flaw(at, "missing", "", _choices(hint)))
            elif field.default is MISSING:
                read_values[name] = ""
        else:
            read_values[name] = _value(hint, given, at, field, flaws)
    return None if len(flaws) > before else record(**read_values)


_OF_ALL_CARRIERS = (Adjustment, DriverValue, Event)


def _may_be_blank(name: str, record: type[Any]) -> bool:
    """A site may be blank where the contract has only one; a carrier where all of them may be meant."""
    return name == "site" or (name == "carrier" and record in _OF_ALL_CARRIERS)


def _value(hint: Any, given: object, path: str, field: Field[Any], flaws: list[Flaw]) -> Any:
    bare = _bare(hint)
    if get_origin(bare) is tuple:
        return _rows(get_args(bare)[0], given, path, field, flaws)
    if is_dataclass(bare):
        return _record(cast(type[Any], bare), given, path, flaws)
    found = _scalar(bare, given, field)
    if isinstance(found, Flaw):
        flaws.append(Flaw(path, found.code, found.found, found.allowed))
        return None
    return found


def _rows(item: Any, given: object, path: str, field: Field[Any], flaws: list[Flaw]) -> tuple[Any, ...]:
    if isinstance(given, str) and not is_dataclass(item):
        given = [part.strip() for part in given.replace("\uff1b", ";").split(";") if part.strip()]
    if not isinstance(given, (list, tuple)):
        flaws.append(Flaw(path, "not_a_list", _shown(given)))
        return ()
    return tuple(_value(item, one, f"{path}[{at}]", field, flaws) for at, one in enumerate(given))


def _scalar(kind: Any, given: object, field: Field[Any]) -> Any:
    if kind is str:
        return _words(given)
    if kind is bool:
        return given if isinstance(given, bool) else Flaw("", "not_yes_or_no", _shown(given), ("true", "false"))
    if kind is date:
        return _day(given)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(str(given)) if str(given) in list(kind) else Flaw("", "not_a_choice", _shown(given), _choices(kind))
    return _figure(kind, given, field)


def _words(given: object) -> str | Flaw:
    text = str(given).strip() if isinstance(given, (str, int, Decimal)) and not isinstance(given, bool) else None
    if text is None or len(text) > LONGEST or not text.isprintable():
        return Flaw("", "not_text", _shown(given), (str(LONGEST),))
    return text


def _day(given: object) -> date | Flaw:
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given).strip())
    except ValueError:
        return Flaw("", "not_a_date", _shown(given), ("2025-01-31",))


def _figure(kind: Any, given: object, field: Field[Any]) -> Decimal | int | Flaw:
    number = _decimal(given)
    if number is None:
        return Flaw("", "not_a_number", _shown(given))
    if abs(number) >= MOST or -cast(int, number.normalize().as_tuple().exponent) > PLACES:
        return Flaw("", "too_long", _shown(given), (f"{MOST:f}", str(PLACES)))
    if kind is int and number != number.to_integral_value():
        return Flaw("", "not_whole", _shown(given))
    limits: Mapping[str, Decimal] = field.metadata
    least, most, above = (limits.get(name) for name in ("least", "most", "above"))
    if (least is not None and number < least) or (above is not None and number <= above):
        return Flaw("", "too_small", _shown(given), (f"{least:f}" if least is not None else f"> {above:f}",))
    if most is not None and number > most:
        return Flaw("", "too_large", _shown(given), (f"{most:f}",))
    return int(number) if kind is int else number


def _decimal(given: object) -> Decimal | None:
    """A number as it was written; a binary one by its shortest text."""
    if isinstance(given, bool) or not isinstance(given, (Decimal, int, float, str)):
        return None
    try:
        number = Decimal(repr(given) if isinstance(given, float) else str(given).strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _choices(hint: Any) -> tuple[str, ...]:
    bare = _bare(hint)
    return tuple(map(str, bare)) if isinstance(bare, type) and issubclass(bare, StrEnum) else ()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: object) -> str:
    return str(value)[:80]
