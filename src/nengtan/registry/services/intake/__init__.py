"""Taking in and giving out the register as a workbook: read, checked, shown, written whole or in part."""

from nengtan.registry.services.intake.apply import (
    Result,
    apply_registry,
    check_file,
    import_file,
    import_registry,
    limits,
    preview_result,
    region_of,
)
from nengtan.registry.services.intake.check import check_registry
from nengtan.registry.services.intake.plan import RegistryPlan, RowPlan, SheetPlan
from nengtan.registry.services.intake.reading import list_of
from nengtan.registry.services.intake.workbook import export_csv, export_workbook, template

__all__ = [
    "RegistryPlan",
    "Result",
    "RowPlan",
    "SheetPlan",
    "apply_registry",
    "check_file",
    "check_registry",
    "export_csv",
    "export_workbook",
    "import_file",
    "import_registry",
    "limits",
    "list_of",
    "preview_result",
    "region_of",
    "template",
]
