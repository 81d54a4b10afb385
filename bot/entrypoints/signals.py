"""Signals until the event loop takes them: whoever is told to stop while it imports stops at once, without a word.

Python would raise within whatever is being imported, which may swallow that; and process 1 of a container ignores
SIGTERM unless it is handled. Nothing is open yet that would have to be closed.
"""

from __future__ import annotations

import os
import signal

STOPS = (signal.SIGTERM, signal.SIGINT)


def end_at_once() -> None:
    """Let a signal end this process from now on."""
    for number in STOPS:
        signal.signal(number, _end)


def as_usual() -> None:
    """Let signals do what they do in Python: SIGINT raises KeyboardInterrupt, SIGTERM ends."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(signal_number: int, _: object) -> None:
    os._exit(128 + signal_number)
