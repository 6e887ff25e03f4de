"""What a page may cost."""

from __future__ import annotations

MOST_QUERIES = 20
"""Queries of a page, whatever is on it and however large the region."""
