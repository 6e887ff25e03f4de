"""What the forms of a return are filled in with, looked up once for all returns of a workbook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from nengtan import reference
from nengtan.domain import periods
from nengtan.domain.returns import steps
from nengtan.domain.returns.forms.page import Cell, Filled, period_words
from nengtan.domain.returns.forms.seal import Seal, tag_of
from nengtan.domain.returns.scheme import Edition, Form
from nengtan.ledger.services import bulk
from nengtan.reference import scheme
from nengtan.registry.models import Contact, InstitutionSpan
from nengtan.reporting.models import Return, ReturnStep, Value
from nengtan.reporting.services.headers import Headers

__all__ = ["Gathered", "names_of"]

_SIGNED_BY: Mapping[tuple[str, str], str] = {
    (steps.Role.STATISTICIAN, steps.Action.SUBMIT): "statistician",
    (steps.Role.STATISTICS_HEAD, steps.Action.PASS): "statistics_head",
    (steps.Role.UNIT_HEAD, steps.Action.PASS): "unit_head",
}


def names_of(returns: Sequence[Return]) -> dict[int, str]:
    """The name each body had on the last day of the period, by return."""
    spans: dict[int, list[InstitutionSpan]] = defaultdict(list)
    for chunk in bulk.chunks(sorted({item.institution_id for item in returns})):
        for span in InstitutionSpan.objects.filter(institution__in=chunk).order_by("valid_from"):
            spans[span.institution_id].append(span)
    found = {}
    for item in returns:
        day = periods.last_day(item.period.months[-1])
        names = [span.name for span in spans[item.institution_id] if span.valid_from <= day]
        found[item.pk] = names[-1] if names else item.institution.name
    return found


class Gathered:
    """Values, signatures, contacts and names of some returns; each is asked for once.

    ``cells`` are the values by return, where whoever asks has them already.
    """

    def __init__(self, returns: Sequence[Return], cells: Mapping[int, Mapping[Cell, Value]] | None = None) -> None:
        self.returns = returns
        self._known = cells
        self._ids = [item.pk for item in returns]
        self._bodies = [item.institution_id for item in returns]
        self.headers = Headers()

    def seal(self, of: Return) -> Seal:
        """How a return stands now."""
        cells = {cell: (value.version, value.value) for cell, value in self._cells[of.pk].items()}
        return Seal(of.institution.code, of.period, of.edition, of.version, cells)

    def values(self, of: Return) -> Mapping[Cell, Decimal | None]:
        """The figures of a return."""
        return {cell: value.value for cell, value in self._cells[of.pk].items()}

    def edition(self, of: Return) -> Edition:
        """The edition of a return, as it stands here."""
        return self.headers.editions[of.edition]

    def filled(self, of: Return, form: Form) -> Filled:
        """A form of a return, filled in."""
        texts = {
            **self._signatures[of.pk],
            **self.basics(of),
            **self.headers.texts(of.edition, form),
            "reporting_unit": self._names[of.pk],
            "period": period_words(str(of.period), scheme.form_words()),
        }
        return Filled(texts, self.values(of), (), tag_of(of.institution.code, of.period, of.edition, form.number))

    def basics(self, of: Return) -> dict[str, str]:
        """What the register says of the body: form 1."""
        body, words = of.institution, scheme.form_words()
        kind = reference.institution_types().get(of.institution_kind)
        rooms = {record for record, _indicator in self._cells[of.pk] if record}
        statistician = self._contacts.get(of.institution_id)
        return {
            "name": self._names[of.pk],
            "credit_code": body.credit_code or "",
            "organisation_code": body.credit_code or "",
            "class": f"{of.institution_kind} {kind.name_zh}" if kind else of.institution_kind,
            "address": body.address,
            "region": f"{of.region.code} {of.region.name}",
            "telephone": statistician.phone if statistician else "",
            "email": statistician.email if statistician else "",
            "superior": of.superior.name if of.superior else of.region.name,
            "has_rooms": words["yes"] if rooms else words["no"],
            "room_count": str(len(rooms)) if rooms else "",
        }

    @cached_property
    def _cells(self) -> Mapping[int, Mapping[Cell, Value]]:
        if self._known is not None:
            return self._known
        found: dict[int, dict[Cell, Value]] = {pk: {} for pk in self._ids}
        for chunk in bulk.chunks(self._ids):
            for value in Value.objects.filter(of__in=chunk).order_by():
                found[value.of_id][value.record, value.indicator] = value
        return found

    @cached_property
    def _names(self) -> dict[int, str]:
        return names_of(self.returns)

    @cached_property
    def _contacts(self) -> dict[int, Contact]:
        found: dict[int, Contact] = {}
        for chunk in bulk.chunks(self._bodies):
            for contact in Contact.objects.filter(institution__in=chunk, role=Contact.Role.STATISTICIAN):
                found.setdefault(contact.institution_id, contact)
        return found

    @cached_property
    def _signatures(self) -> dict[int, dict[str, str]]:
        """Who signed the present round, and when it was handed in; nobody signs for somebody else."""
        found: dict[int, dict[str, str]] = {pk: {} for pk in self._ids}
        for chunk in bulk.chunks(self._ids):
            for step in ReturnStep.objects.filter(of__in=chunk).select_related("by").order_by("of_id", "id"):
                if step.after == steps.State.RETURNED:
                    found[step.of_id] = {}
                key = _SIGNED_BY.get((str(step.role), str(step.action)))
                if key and step.by:
                    found[step.of_id][key] = step.by.name or step.by.username
        for item in self.returns:
            self._add_handing_in(item, found[item.pk])
        return found

    def _add_handing_in(self, item: Return, signed: dict[str, str]) -> None:
        statistician = self._contacts.get(item.institution_id)
        if statistician:
            signed["contact"] = statistician.phone
        if item.reported_at and item.state in (steps.State.REPORTED, steps.State.APPROVED):
            signed["reported_on"] = timezone.localdate(item.reported_at).isoformat()
