"""This file is where a Milvus server runs for a test, in a process of its own: Milvus Lite over gRPC, or an old one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running_server(folder: Path, *, port: int | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run Milvus Lite as a server; give its address and its process."""
    port = port or free_port()
    script = "import sys; from milvus_lite.cmdline import main; sys.exit(main())"
    arguments = ["server", "--data-dir", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)]
    with running([sys.executable, "-c", script, *arguments], folder, port) as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def running_old_server(folder: Path) -> Iterator[str]:
    """Run the real Milvus 2.3.5 of PyPI's `milvus`, which has no sparse vectors; give its address."""
    port = free_port()
    script = "import sys; from milvus import main; sys.exit(main())"
    arguments = ["--data", str(folder / "data"), "--proxy-port", str(port)]
    with running([sys.executable, "-c", script, *arguments], folder, port):
        yield f"http://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own, which is ended with it."""
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_listening(port, process)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):  # a test has killed it already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the server did not come up")
