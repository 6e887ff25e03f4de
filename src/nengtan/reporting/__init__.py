"""Statutory statistics: returns of institutions, from the monthly form to the department's approval."""
