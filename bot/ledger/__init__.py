"""The ledger's door: which question was accepted, by whom it is worked on, what was answered and how it was liked."""

from bot.ledger.errors import LedgerError, LostLeaseError
from bot.ledger.records import Entry, Escalation, Outcome
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
    "State",
    "end_of",
    "open_ledger",
]
