"""One mechanism for every list: sort, filter, page, total and export of what is shown, over a query set or a list."""

from nengtan.ui.tables.columns import Column, resolve
from nengtan.ui.tables.filters import ChoiceFilter, Filter, RangeFilter, TextFilter
from nengtan.ui.tables.table import Table, sums_ratio

__all__ = ["ChoiceFilter", "Column", "Filter", "RangeFilter", "Table", "TextFilter", "resolve", "sums_ratio"]
