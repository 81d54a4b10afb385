"""A Milvus server for a test, in a process of its own: Milvus Lite over gRPC, or an old one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.standins.processes import free_port, is_listening, wait_until

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


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own, which is ended with it."""
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(lambda: is_listening(port), process, "the Milvus server")
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):  # a test has killed it already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
