"""Review of returns: one small language of rules, the same for one return while typing and for forty thousand.

`rules` are the types of rules; `language` turns an expression into a `program` of column operations; `table` holds
returns as columns; `engine` runs rules over a table; `findings` are what it found; `peers` compares with others.
"""
