"""Collectors and the data centres they report to: what they say, and what each does with what it hears."""
