"""Everything that writes the ledger."""

from nengtan.ledger.services.closing import close_year, reopen_year
from nengtan.ledger.services.entries import FactInput, correct_fact, enter_fact, withdraw_batch, withdraw_fact
from nengtan.ledger.services.evidence import keep_evidence
from nengtan.ledger.services.following import follow
from nengtan.ledger.services.posting import Entry, YearClosed, post

__all__ = [
    "Entry",
    "FactInput",
    "YearClosed",
    "close_year",
    "correct_fact",
    "enter_fact",
    "follow",
    "keep_evidence",
    "post",
    "reopen_year",
    "withdraw_batch",
    "withdraw_fact",
]
