"""Question states: what a question goes through, from its claim on disk to its end.

    accept ──a──▶ ACCEPTED ──b──▶ ANSWERING ⟲ c
       │              ▲            ▲  │
       a            e │          b │  │ d
       ▼              │            │  ▼
    UNDECIDED ────────┼────────────┘  ANSWERED, ABSTAINED, QUIET, FAILED
       │ g            │
       ▼              │
    NOT_HEARD         every state but DELETED ──e──▶ ACCEPTED or UNDECIDED
                      every state but DELETED ──f──▶ DELETED

a  the question is claimed, before Slack gets its ack; undecided where its form does not tell whether it is one
b  a worker begins an attempt; an undecided post has turned out to want an answer
c  another attempt begins: something was away, or a process has died
d  the attempt has ended, with or without an answer; or the answer before stands again
e  the question is answered anew: it was edited, or another answer is wanted
f  its message was deleted, or its asker is to be forgotten before it was answered
g  it wants no answer
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a question stands. The ledger keeps the values: they are never renamed."""

    UNDECIDED = "undecided"  # on disk, and its form does not tell whether it wants an answer
    ACCEPTED = "accepted"  # on disk, and no attempt has begun
    ANSWERING = "answering"  # an attempt has begun; whoever holds the lease works on it
    ANSWERED = "answered"  # the answer stands in Slack
    ABSTAINED = "abstained"  # the docs do not hold it, which the asker was told
    QUIET = "quiet"  # nothing was said, or only why there is no answer
    FAILED = "failed"  # the asker was told that there is no answer, or could not be told
    NOT_HEARD = "not_heard"  # it wanted no answer: its words are gone, nobody saw a thing
    DELETED = "deleted"  # its words are gone; what it left in Slack is taken away


BEING_ANSWERED = (State.ACCEPTED, State.ANSWERING)
"""The states of a question that is sure to be answered."""
OPEN = (State.UNDECIDED, *BEING_ANSWERED)
"""The states of a question that somebody has to work on."""
UNHEARD = (State.UNDECIDED, State.NOT_HEARD)
"""The states of a post that counts as no question, yet or for good."""
ENDED_WELL = (State.ANSWERED, State.ABSTAINED)
"""The states of a question that has an answer, which may be made anew."""

_LIVING = frozenset(State) - {State.DELETED}
TRANSITIONS: dict[State, frozenset[State]] = {
    State.UNDECIDED: _LIVING,
    State.ACCEPTED: _LIVING,
    State.ANSWERING: frozenset(OPEN),
    State.ANSWERED: frozenset({State.ANSWERING}),
    State.ABSTAINED: frozenset({State.ANSWERING}),
    State.QUIET: frozenset({State.ANSWERING}),
    State.FAILED: frozenset({State.ANSWERING}),
    State.NOT_HEARD: frozenset({State.UNDECIDED, State.ANSWERING}),
    State.DELETED: _LIVING,
}
"""By each state, those from which a question may go over to it."""

_ENDS = {"grounded": State.ANSWERED, "extractive": State.ANSWERED, "abstained": State.ABSTAINED}


def end_of(kind: str, *, otherwise: State = State.QUIET) -> State:
    """Return the state that an answer of this kind leaves its question in."""
    return _ENDS.get(kind, otherwise)


TOO_MANY, MAY_NOT_ASK = "too many in a minute", "may not ask"
"""Why a question was not answered at all: such a one does not count against the next."""
