"""What stands in the header of a form, and from which year an edition is asked for: as shipped, or as entered here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nengtan.domain.factors import Confidence
from nengtan.domain.returns.scheme import Edition, Form
from nengtan.identity import texts
from nengtan.identity.access import Actor
from nengtan.identity.audit import record
from nengtan.identity.roles import Capability
from nengtan.reference import scheme
from nengtan.reporting.models import HeaderSetting
from nengtan.reporting.models.headers import FIELDS

__all__ = ["OF_A_FORM", "HeaderLine", "Headers", "drop_header", "header_line", "set_header"]

OF_A_FORM = "form_number"
"""The one mark every form has of its own; the others are those of the edition (form 0)."""

_MARKS = ("form_number", "authority", "approver", "number_of_approval", "valid_until")
_FIRST_YEARS = (2000, 2100)
_DAY = re.compile(r"\d{4}(-\d{1,2}(-\d{1,2})?|\u5e74(\d{1,2}\u6708(\d{1,2}\u65e5)?)?)")
"""2027-09, 2027-09-30, or the same as Chinese documents write it."""


@dataclass(frozen=True)
class HeaderLine:
    """One mark: what is shipped, whether that was read in its source, and what an administrator made of it."""

    edition: str
    form: int
    field: str
    shipped: str
    verified: bool
    setting: HeaderSetting | None = None

    @property
    def is_set(self) -> bool:
        """Whether what an administrator entered holds."""
        return self.setting is not None and self.setting.value is not None

    @property
    def value(self) -> str:
        """What holds; empty where it is not known."""
        return (self.setting.value or "") if self.setting is not None and self.is_set else self.shipped

    @property
    def state(self) -> str:
        """``set`` here, ``verified`` as shipped, ``unverified`` as shipped, or ``unknown``."""
        if self.is_set:
            return "set"
        return ("verified" if self.verified else "unverified") if self.shipped else "unknown"


class Headers:
    """The marks of all editions as they stand now; one query, asked when first wanted."""

    def line(self, edition: str, field: str, form: int = 0) -> HeaderLine:
        """One mark of an edition, or of one of its forms."""
        of = scheme.edition(edition)
        shipped = of.forms[form].form_number if field == OF_A_FORM else str(getattr(of, _SHIPPED.get(field, field)))
        read = field != "first_year" and of.confidence is Confidence.VERIFIED
        return HeaderLine(edition, form, field, shipped, read, self._set.get((edition, form, field)))

    def lines(self, edition: str) -> list[HeaderLine]:
        """Every mark of an edition, then the number of each form."""
        shared = [self.line(edition, field) for field, _word in FIELDS if field != OF_A_FORM]
        return [*shared, *(self.line(edition, OF_A_FORM, number) for number in scheme.edition(edition).forms)]

    def texts(self, edition: str, form: Form) -> dict[str, str]:
        """The marks as a form bears them: empty where unknown, with a word where nobody has checked them."""
        found = {}
        for field in _MARKS:
            line = self.line(edition, field, form.number if field == OF_A_FORM else 0)
            doubt = scheme.form_words()["unverified"] if line.state == "unverified" else ""
            found[field] = line.value + doubt
        return found

    @cached_property
    def editions(self) -> Mapping[str, Edition]:
        """Every edition with the first year that holds, and without the notes on what has been entered since."""
        return {code: self._edition(of) for code, of in scheme.editions().items()}

    @cached_property
    def _set(self) -> dict[tuple[str, int, str], HeaderSetting]:
        return {(row.edition, row.form, row.field): row for row in HeaderSetting.objects.select_related("by")}

    def _edition(self, of: Edition) -> Edition:
        first = self.line(of.code, "first_year")
        gaps = []
        for gap in of.gaps:
            if gap.code == "header":
                left = tuple(number for number in gap.forms if not self._is_complete(of, number))
                gaps += [replace(gap, forms=left)] if left else []
            elif gap.code != "first_year" or not first.is_set:
                gaps.append(gap)
        return replace(of, first_year=int(first.value), gaps=tuple(gaps))

    def _is_complete(self, of: Edition, form: int) -> bool:
        own = [self.line(of.code, field) for field in ("document", "number_of_approval", "valid_until")]
        return all(line.value for line in [*own, self.line(of.code, OF_A_FORM, form)])


_SHIPPED = {"authority": "authority_zh", "approver": "approver_zh"}


def header_line(edition: str, field: str, form: int = 0) -> HeaderLine:
    """One mark as it stands.

    Raises:
        ValidationError: there is no such edition, field or form.
    """
    _require("edition", edition, list(scheme.editions()))
    _require("field", field, [name for name, _word in FIELDS])
    numbers = list(scheme.edition(edition).forms)
    _require("form", str(form), [str(number) for number in (numbers if field == OF_A_FORM else [0])])
    return Headers().line(edition, field, form)


@transaction.atomic
def set_header(
    actor: Actor, edition: str, field: str, value: str, source: str, reason: str = "", form: int = 0
) -> HeaderLine:
    """Enter a mark as it was read in a document; printed, drawn and written forms bear it from then on.

    Raises:
        ValidationError: by field.
        Forbidden: the actor does not set the headers.
    """
    actor.require(Capability.MANAGE_SCHEME)
    line = header_line(edition, field, form)
    text, read_in = " ".join(value.split()), " ".join(source.split())
    problems = {}
    if wrong := _wrong(line, text):
        problems["value"] = wrong
    if not read_in or len(read_in) > 200:
        problems["source"] = _("Say which document it was read in, in up to 200 characters.")
    if problems:
        raise ValidationError(problems)
    return _write(actor, line, text, read_in, reason)


@transaction.atomic
def drop_header(actor: Actor, edition: str, field: str, reason: str, form: int = 0) -> HeaderLine:
    """Let what is shipped hold again.

    Raises:
        ValidationError: nothing was entered, or no reason is given.
        Forbidden: the actor does not set the headers.
    """
    actor.require(Capability.MANAGE_SCHEME)
    line = header_line(edition, field, form)
    if not line.is_set:
        raise ValidationError({"field": _("It stands as it was shipped.")})
    if not reason.strip():
        raise ValidationError({"reason": _("A reason is needed.")})
    if field == "first_year" and (wrong := _wrong_year(line, line.shipped)):
        raise ValidationError({"field": wrong})
    return _write(actor, line, None, "", reason)


def _write(actor: Actor, line: HeaderLine, value: str | None, source: str, reason: str) -> HeaderLine:
    texts.require({"value": value or "", "source": source, "reason": reason})
    before = {line.field: line.value}
    setting = HeaderSetting.objects.create(
        edition=line.edition, form=line.form, field=line.field, value=value, source=source,
        reason=reason.strip()[:400], by=actor.user,
    )  # fmt: skip
    fresh = replace(line, setting=setting)
    told = {line.field: fresh.value, "source": source}
    action = "header.set" if value is not None else "header.drop"
    record(actor, action, setting, before=before, after=told, reason=setting.reason)
    return fresh


def _wrong(line: HeaderLine, text: str) -> str:
    """Why a text cannot be this mark."""
    if not text or len(text) > 80:
        return _("Up to 80 characters are allowed, and at least one.")
    if line.field == "first_year":
        return _wrong_year(line, text)
    if line.field == "valid_until" and not _DAY.fullmatch("".join(text.split())):
        return _("Found “%(found)s”; allowed: a month or a day such as 2027-09 or 2027-09-30.") % {"found": text}
    return ""


def _wrong_year(line: HeaderLine, text: str) -> str:
    """The editions follow one another: each begins after the one before it."""
    held, order = Headers().editions, list(scheme.editions())
    at = order.index(line.edition)
    low = held[order[at - 1]].first_year + 1 if at else _FIRST_YEARS[0]
    high = held[order[at + 1]].first_year - 1 if at + 1 < len(order) else _FIRST_YEARS[1]
    if text.isascii() and text.isdigit() and low <= int(text) <= high:
        return ""
    words = _("Found “%(found)s”; allowed: a year from %(low)s to %(high)s.")
    return words % {"found": text, "low": low, "high": high}


def _require(name: str, found: str, allowed: Sequence[str]) -> None:
    if found not in allowed:
        words = _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": ", ".join(allowed)}
        raise ValidationError({name: words})
