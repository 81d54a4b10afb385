"""Process names in the ledger, by which others on the same machine see whether an owner lives.

A process on another machine, or in another container, can't be looked at: there the lease has to run out.
"""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import suppress
from pathlib import Path

_LIFE = uuid.uuid4().hex[:12]


def this_process() -> str:
    """Return this process' name: machine, process id, and what tells it from an earlier one with the same id."""
    return f"{_machine()}/{os.getpid()}/{_LIFE}"


def is_dead(owner: str) -> bool:
    """Tell for certain that the owner is a process of this machine that has ended."""
    machine, _, rest = owner.rpartition("/")[0].rpartition("/")
    if machine != _machine() or owner == this_process() or not rest.isdigit():
        return False
    if int(rest) == os.getpid():
        return True  # an earlier process with our id
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(int(rest))


def _is_zombie(process_id: int) -> bool:
    """Tell a process that has ended and waits for its parent to notice (Linux)."""
    with suppress(OSError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


def _machine() -> str:
    """Return what stands for the set of process ids that we see.

    Two machines may share a host name, and two containers a machine: so the boot's id and the namespace's belong to it.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}.{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    return socket.gethostname()
