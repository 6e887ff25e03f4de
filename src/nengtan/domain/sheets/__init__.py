"""Spreadsheets understood: a grid of cells becomes facts (`activity`) or records (`records`), or located problems.

`numbers`, `dates` and `headings` read single cells; `headers`, `context` and `rows` find the layout; `columns` reads
whole columns, each distinct value once; `words` holds the vocabulary, given as data.
"""
