"""Returns as workbooks in official layout, and back: drawn, sealed, read, compared, stored."""

from nengtan.reporting.services.workbooks.apply import FileResult, check_file, preview_result, take_file
from nengtan.reporting.services.workbooks.export import (
    BASE_FORMS,
    SUMMARY_FORMS,
    blank,
    forms_of_region,
    forms_of_returns,
    rows_of_returns,
    workbook_of_region,
)
from nengtan.reporting.services.workbooks.intake import limits
from nengtan.reporting.services.workbooks.plan import Change, FilePlan, ReturnPlan

__all__ = [
    "BASE_FORMS",
    "SUMMARY_FORMS",
    "Change",
    "FilePlan",
    "FileResult",
    "ReturnPlan",
    "blank",
    "check_file",
    "forms_of_region",
    "forms_of_returns",
    "limits",
    "preview_result",
    "rows_of_returns",
    "take_file",
    "workbook_of_region",
]
