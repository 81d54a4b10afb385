"""The bot as a process: `python -m bot`."""

import signal
import sys


def _stop(signal_number: int, _: object) -> None:
    """End a start that is still importing: process 1 of a container ignores SIGTERM unless it is handled."""
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)

    from bot.entrypoints.commands.serve import run

    run()
