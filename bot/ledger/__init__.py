"""The ledger's door: which question was accepted, by whom it is worked on, what was answered and how it was liked."""

from bot.ledger.errors import LedgerError, LostLeaseError
from bot.ledger.records import STARTED, Call, Entry, Outcome
from bot.ledger.repositories.deletion import (
    delete_question,
    fate,
    forget_older_than,
    forget_user,
    note_tidied,
    untidied,
)
from bot.ledger.repositories.escalations import (
    call_for,
    note_called,
    note_escalation,
    resolve_escalation,
    uncalled,
    withdraw_escalation,
)
from bot.ledger.repositories.feedback import disliked, note_feedback
from bot.ledger.repositories.questions import Ledger
from bot.ledger.repositories.revisions import (
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
from bot.ledger.repositories.threads import askers_of, has_joined, mute, unmute
from bot.ledger.repositories.usage import asked_last, count_before
from bot.ledger.states import ENDS, MAY_NOT_ASK, OPEN, TOO_MANY, State
from bot.ledger.storage.database import WAITS_ITS_TURN
from bot.ledger.store import open_ledger

__all__ = [
    "ENDS",
    "MAY_NOT_ASK",
    "OPEN",
    "STARTED",
    "TOO_MANY",
    "WAITS_ITS_TURN",
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
