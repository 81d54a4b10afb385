"""The public API of the ledger: questions, who works on them, what was answered and how it was liked."""

from bot.ledger.errors import LedgerError, LostLeaseError
from bot.ledger.records import Entry, Escalation, Outcome
from bot.ledger.repositories.usage import SpentTokens
from bot.ledger.states import MAY_NOT_ASK, OPEN, TOO_MANY, State, end_of
from bot.ledger.store import Ledger, open_ledger

__all__ = [
    "MAY_NOT_ASK",
    "OPEN",
    "TOO_MANY",
    "Entry",
    "Escalation",
    "Ledger",
    "LedgerError",
    "LostLeaseError",
    "Outcome",
    "SpentTokens",
    "State",
    "end_of",
    "open_ledger",
]
