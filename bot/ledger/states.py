"""Question states."""

from __future__ import annotations

from typing import Literal

State = Literal["accepted", "answering", "answered", "abstained", "failed", "quiet", "deleted"]
ENDS: dict[str, State] = {"grounded": "answered", "extractive": "answered", "abstained": "abstained"}
"""By an answer's kind, the state that it leaves its question in; other kinds leave it quiet or failed."""
TOO_MANY, MAY_NOT_ASK = "too many in a minute", "may not ask"
"""Why a question was not answered at all: such a one does not count against the next."""
ENDED_WELL = ("answered", "abstained")
OPEN = ("accepted", "answering")
"""The states of a question that has still to be answered."""
