"""What the rules may ask about the body behind a return: one answer, for a return alone and for a column of many."""

from __future__ import annotations

from collections.abc import Mapping

from nengtan import reference
from nengtan.domain import creditcode
from nengtan.reference import scheme
from nengtan.registry.models import Institution

__all__ = ["body_facts"]


def body_facts(edition: str, kind: str, status: str, credit_code: str | None) -> Mapping[str, bool | None]:
    """Facts by name: true, false, or None where it is not known.

    Where the edition still allows an organisation code, a body without a credit code is not at fault.
    """
    code_optional = scheme.edition(edition).org_code_allowed
    valid = creditcode.is_valid(credit_code) if credit_code else None if code_optional else False
    return {
        "active": status == Institution.Status.ACTIVE,
        "class_valid": kind in reference.institution_types(),
        "class_coarse": kind == "02",
        "code_valid": valid,
        "code_unique": True if credit_code else None,
    }
