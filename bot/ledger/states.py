"""Question states: what a question goes through, from its claim on disk to its end.

    accept ──a──▶ ACCEPTED ──b──▶ ANSWERING ⟲ c
                      ▲               │
                      │ e             │ d
                      │               ▼
                      └────── ANSWERED, ABSTAINED, QUIET, FAILED

    every state but DELETED ──e──▶ ACCEPTED     every state but DELETED ──f──▶ DELETED

a  the question is claimed, before Slack gets its ack
b  a worker begins an attempt
c  another attempt begins: something was away, or a process has died
d  the attempt has ended, with or without an answer; or the answer before stands again
e  the question is answered anew: it was edited, or another answer is wanted
f  its message was deleted, or its asker is to be forgotten before it was answered
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a question stands. The ledger keeps the values: they are never renamed."""

    ACCEPTED = "accepted"  # on disk, and no attempt has begun
    ANSWERING = "answering"  # an attempt has begun; whoever holds the lease works on it
    ANSWERED = "answered"  # the answer stands in Slack
    ABSTAINED = "abstained"  # the docs do not hold it, which the asker was told
    QUIET = "quiet"  # nothing was said, or only why there is no answer
    FAILED = "failed"  # the asker was told that there is no answer, or could not be told
    DELETED = "deleted"  # its words are gone; what it left in Slack is taken away


OPEN = (State.ACCEPTED, State.ANSWERING)
"""The states of a question that has still to be answered."""
ENDED_WELL = (State.ANSWERED, State.ABSTAINED)
"""The states of a question that has an answer, which may be made anew."""

_LIVING = frozenset(State) - {State.DELETED}
TRANSITIONS: dict[State, frozenset[State]] = {
    State.ACCEPTED: _LIVING,
    State.ANSWERING: frozenset(OPEN),
    State.ANSWERED: frozenset({State.ANSWERING}),
    State.ABSTAINED: frozenset({State.ANSWERING}),
    State.QUIET: frozenset({State.ANSWERING}),
    State.FAILED: frozenset({State.ANSWERING}),
    State.DELETED: _LIVING,
}
"""By each state, those from which a question may go over to it."""

_ENDS = {"grounded": State.ANSWERED, "extractive": State.ANSWERED, "abstained": State.ABSTAINED}


def end_of(kind: str, *, otherwise: State = State.QUIET) -> State:
    """Return the state that an answer of this kind leaves its question in."""
    return _ENDS.get(kind, otherwise)


TOO_MANY, MAY_NOT_ASK = "too many in a minute", "may not ask"
"""Why a question was not answered at all: such a one does not count against the next."""
