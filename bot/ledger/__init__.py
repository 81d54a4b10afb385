"""The ledger's door: which question was accepted, by whom it is worked on, what was answered and how it was liked."""

from bot.ledger.database import WAITS_ITS_TURN
from bot.ledger.deletions import delete_question, fate, note_tidied, untidied
from bot.ledger.entries import ENDS, STARTED, Entry, LedgerError, LostLeaseError, Outcome, State
from bot.ledger.escalations import (
    Call,
    call_for,
    note_called,
    note_escalation,
    resolve_escalation,
    uncalled,
    withdraw_escalation,
)
from bot.ledger.feedback import disliked, note_feedback
from bot.ledger.forgetting import forget_older_than, forget_user
from bot.ledger.ledger import Ledger
from bot.ledger.opening import open_ledger
from bot.ledger.recent import MAY_NOT_ASK, TOO_MANY, Asked, asked_last, count_before
from bot.ledger.revisions import (
    answer_again,
    answered_before,
    has_words,
    is_known,
    is_latest,
    note_messages,
    past_answer,
    restore,
    reword,
)
from bot.ledger.tables import OPEN
from bot.ledger.threads import askers_of, has_joined, mute, unmute

__all__ = [
    "ENDS",
    "MAY_NOT_ASK",
    "OPEN",
    "STARTED",
    "TOO_MANY",
    "WAITS_ITS_TURN",
    "Asked",
    "Call",
    "Entry",
    "Ledger",
    "LedgerError",
    "LostLeaseError",
    "Outcome",
    "State",
    "answer_again",
    "answered_before",
    "asked_last",
    "askers_of",
    "call_for",
    "count_before",
    "delete_question",
    "disliked",
    "fate",
    "forget_older_than",
    "forget_user",
    "has_joined",
    "has_words",
    "is_known",
    "is_latest",
    "mute",
    "note_called",
    "note_escalation",
    "note_feedback",
    "note_messages",
    "note_tidied",
    "open_ledger",
    "past_answer",
    "resolve_escalation",
    "restore",
    "reword",
    "uncalled",
    "unmute",
    "untidied",
    "withdraw_escalation",
]
