"""Signals while a process imports: they end it, whatever is under way."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SWALLOWED = """
import os, signal
from bot.entrypoints.signals import as_usual, end_at_once
end_at_once()
{more}
class Importing:
    def __del__(self):
        os.kill(os.getpid(), {number})  # Python swallows what is raised here
Importing()
print("still here")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_python_would_swallow_ends_the_process_without_a_word(number: signal.Signals) -> None:
    code = SWALLOWED.format(number=int(number), more="")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")


def test_a_command_that_runs_takes_ctrl_c_as_python_does() -> None:
    code = SWALLOWED.format(number=int(signal.SIGINT), more="as_usual()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in done.stderr
