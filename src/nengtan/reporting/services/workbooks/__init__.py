"""Returns as workbooks in official layout, and back: drawn, sealed, read, compared, stored."""

from nengtan.reporting.services.workbooks.export import (
    BASE_FORMS,
    SUMMARY_FORMS,
    blank,
    forms_of_region,
    forms_of_returns,
    rows_of_returns,
)

__all__ = [
    "BASE_FORMS",
    "SUMMARY_FORMS",
    "blank",
    "forms_of_region",
    "forms_of_returns",
    "rows_of_returns",
]
