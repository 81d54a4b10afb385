"""Ledger errors: what can go wrong with a question on disk."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger can't be read or written now; the message is one line without secrets."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())


class LostLeaseError(Exception):
    """The question has gone over to another process, or was deleted: leave it alone."""
