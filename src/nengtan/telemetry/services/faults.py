"""What is wrong with a field that several kinds of record have, in words; empty where nothing is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from nengtan.registry.services.codes import code_fault

__all__ = ["host_fault", "not_allowed", "own_code_fault"]


def not_allowed(found: object, allowed: str) -> str:
    """What was found and what is allowed."""
    return _("Found “%(found)s”; allowed: %(allowed)s.") % {"found": found, "allowed": allowed}


def host_fault(host: str) -> str:
    """A host is an address or a name: one word that can be printed."""
    return "" if host.strip() and host.isprintable() and " " not in host else not_allowed(host, "192.0.2.10")


def own_code_fault(made: Any) -> str:
    """The code of a record: not one that cannot stand in an address, nor another's of its kind."""
    if fault := code_fault(made.code):
        return fault
    taken = type(made).objects.filter(code=made.code).exclude(pk=made.pk).exists()
    return _("Code %(code)s is taken.") % {"code": made.code} if taken else ""
