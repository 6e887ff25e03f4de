"""Taking in files of consumption: read, checked against register and ledger, shown, then written whole or in part."""

from nengtan.ledger.services.intake.apply import (
    Result,
    apply_activity,
    check_file,
    import_activity,
    import_file,
    limits,
    preview_result,
)
from nengtan.ledger.services.intake.check import check_activity
from nengtan.ledger.services.intake.plan import ActivityPlan, OnExisting, SheetPlan
from nengtan.ledger.services.intake.rules import activity_rules
from nengtan.ledger.services.intake.template import template

__all__ = [
    "ActivityPlan",
    "OnExisting",
    "Result",
    "SheetPlan",
    "activity_rules",
    "apply_activity",
    "check_activity",
    "check_file",
    "import_activity",
    "import_file",
    "limits",
    "preview_result",
    "template",
]
