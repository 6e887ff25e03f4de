"""What each role may do. One table; pages, API and commands all ask :meth:`Actor.can`."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Capability(TextChoices):
    """A thing a person may do within the scope of their grants."""

    VIEW = "view", _("See figures")
    VIEW_DETAIL = "view_detail", _("See single institutions")
    VIEW_LINEAGE = "view_lineage", _("Open a figure down to its evidence")
    EXPORT = "export", _("Download tables")
    WRITE_REGISTRY = "write_registry", _("Change the register")
    KEEP_INSTITUTIONS = "keep_institutions", _("Record events of institutions, keep their names and codes")
    WRITE_ACTIVITY = "write_activity", _("Enter and correct consumption")
    ENTER_RETURNS = "enter_returns", _("Fill in and submit returns")
    SIGN_AS_STATISTICS_HEAD = "sign_as_statistics_head", _("Pass returns on as statistics head")
    SIGN_AS_UNIT_HEAD = "sign_as_unit_head", _("Pass returns on as unit head")
    OVERSEE_RETURNS = "oversee_returns", _("See who has reported in a region")
    REVIEW_RETURNS = "review_returns", _("Open, review and approve returns")
    MANAGE_RULES = "manage_rules", _("Set the review rules of returns")
    CLOSE_YEAR = "close_year", _("Close and reopen years")
    MANAGE_CONTRACTS = "manage_contracts", _("Keep contracts of energy services")
    SETTLE_CONTRACTS = "settle_contracts", _("Put forward settlements of contracts")
    SIGN_SETTLEMENTS = "sign_settlements", _("Agree to settlements or dispute them, as a party")
    MANAGE_FACTORS = "manage_factors", _("Add factor versions")
    MANAGE_SCHEME = "manage_scheme", _("Set the headers of the statutory forms")
    MANAGE_USERS = "manage_users", _("Manage users and keys")
    VIEW_AUDIT = "view_audit", _("See the audit trail")


class Role(TextChoices):
    """The hats of the platform (角色)."""

    PLATFORM_ADMIN = "platform_admin", _("Platform administrator")
    REGIONAL_MANAGER = "regional_manager", _("Regional manager")
    SYSTEM_DEPARTMENT = "system_department", _("System department")
    STATISTICIAN = "statistician", _("Statistician")
    STATISTICS_HEAD = "statistics_head", _("Statistics head")
    UNIT_HEAD = "unit_head", _("Unit head")
    SERVICE_COMPANY = "service_company", _("Service company")
    VERIFIER = "verifier", _("Verifier")
    PUBLIC = "public", _("Public")


SIGNATURES = frozenset({Capability.SIGN_AS_STATISTICS_HEAD, Capability.SIGN_AS_UNIT_HEAD, Capability.SIGN_SETTLEMENTS})
"""What only the people of the institution itself, or its partner, may do, whoever else may do all."""

INSTALLATION = frozenset({Capability.MANAGE_FACTORS, Capability.MANAGE_SCHEME})
"""What holds for the whole installation, and so belongs to its administrator alone."""

_SEE = frozenset({Capability.VIEW, Capability.VIEW_DETAIL, Capability.VIEW_LINEAGE, Capability.EXPORT})

CAPABILITIES: dict[str, frozenset[str]] = {
    Role.PLATFORM_ADMIN: frozenset(Capability) - SIGNATURES,
    Role.REGIONAL_MANAGER: frozenset(Capability) - SIGNATURES - INSTALLATION,
    Role.SYSTEM_DEPARTMENT: _SEE | {Capability.OVERSEE_RETURNS, Capability.VIEW_AUDIT},
    Role.STATISTICIAN: _SEE
    | {Capability.WRITE_REGISTRY, Capability.WRITE_ACTIVITY, Capability.ENTER_RETURNS, Capability.VIEW_AUDIT},
    Role.STATISTICS_HEAD: _SEE | {Capability.WRITE_ACTIVITY, Capability.SIGN_AS_STATISTICS_HEAD, Capability.VIEW_AUDIT},
    Role.UNIT_HEAD: _SEE | {Capability.SIGN_AS_UNIT_HEAD, Capability.SIGN_SETTLEMENTS, Capability.VIEW_AUDIT},
    Role.SERVICE_COMPANY: _SEE | {Capability.SETTLE_CONTRACTS, Capability.SIGN_SETTLEMENTS},
    Role.VERIFIER: _SEE | {Capability.OVERSEE_RETURNS, Capability.VIEW_AUDIT},
    Role.PUBLIC: frozenset({Capability.VIEW}),
}

NEEDS_REGION = frozenset({Role.REGIONAL_MANAGER, Role.SYSTEM_DEPARTMENT, Role.PUBLIC, Role.VERIFIER})
"""Roles whose grant names a region; a verifier's may name an institution instead."""

NEEDS_INSTITUTION = frozenset({Role.STATISTICIAN, Role.STATISTICS_HEAD, Role.UNIT_HEAD, Role.SERVICE_COMPANY})
