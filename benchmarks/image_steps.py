"""The Dockerfile's steps without a container engine: each is run in a clean folder, then the bot that they made.

    make image-steps

What a build would run is run by a shell, with the image's folders below a temporary one. As root the bot then runs on a
root that is mounted read-only but for /data and /tmp, and as the image's user where that one may run this Python. Its
health check is run as the Dockerfile has it, and SIGTERM ends it. With --limit it runs once more, within so many MB
(where cgroups of version 1 allow it), with Milvus by address.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from tests.e2e.bot_process import PROJECT, settings_for
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn
from tests.standins.processes import free_port
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER = 10_001
IMAGE_FOLDERS = ("/opt/milvusfaq", "/opt/build", "/wheels", "/src", "/data")
CGROUP = Path("/sys/fs/cgroup/memory")
MEGABYTE = 1_000_000
BUILT = "built"
"""Made when the steps have run: what is newer was written by the bot."""
CHANNEL = "C0IMAGE000"
QUESTIONS = 100
out = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Image:
    """A folder in place of the image's root, and what the Dockerfile says."""

    root: Path
    instructions: list[tuple[str, str]]

    def place(self, text: str) -> str:
        """Return a text with the image's folders below ours."""
        for folder in IMAGE_FOLDERS:
            text = re.sub(rf"(?<![\w/]){re.escape(folder)}\b", f"{self.root}{folder}", text)
        return text

    def build(self) -> None:
        """Run the steps of the first stage."""
        stage = 0
        for name, rest in self.instructions:
            stage += name == "FROM"
            if stage > 1:
                return
            if name == "COPY":
                *sources, _ = rest.split()
                for source in sources:
                    _copy(PROJECT / source, self.root / "src")
            elif name == "RUN":
                out.print(f"RUN {rest}", markup=False)
                quiet = {**os.environ, "PIP_QUIET": "1"}  # noqa: TID251 - pip's
                subprocess.run(self.place(rest), shell=True, cwd=self.root / "src", env=quiet, check=True)  # noqa: S602 - its steps

    def settings(self) -> dict[str, str]:
        """Return what the second stage sets."""
        told = " ".join(rest for name, rest in self.instructions if name == "ENV")
        pairs = dict(re.findall(r"(\w+)=(\S+)", told))
        return {name: self.place(value) for name, value in pairs.items() if not name.startswith(("PIP_", "PATH"))}

    def health_check(self) -> list[str]:
        """Return the command of the health check."""
        (told,) = (rest for name, rest in self.instructions if name == "HEALTHCHECK")
        command: list[str] = json.loads(told.partition("CMD ")[2])
        return [str(self.root / "opt/milvusfaq/bin" / command[0]), *command[1:]]

    def command(self) -> list[str]:
        """Return what the image runs."""
        told = {name: json.loads(rest) for name, rest in self.instructions if name in {"ENTRYPOINT", "CMD"}}
        words: list[str] = [*told["ENTRYPOINT"], *told["CMD"]]
        return [str(self.root / "opt/milvusfaq/bin" / words[0]), *words[1:]]


def read_dockerfile() -> list[tuple[str, str]]:
    """Return the instructions, comments left out, lines joined."""
    text = re.sub(r"\\\n", " ", (PROJECT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in lines)]


def _copy(source: Path, folder: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(source, folder / source.name, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copy(source, folder)


def run_bot(image: Image, *, limit_mb: int) -> bool:
    """Run the bot that was made, ask it, and end it; return whether all went well."""
    data = image.root / "data"
    with SlackStandIn() as slack, ModelStandIn() as model, _milvus(image.root, wanted=limit_mb > 0) as uri:
        slack.join(CHANNEL)
        port = free_port()
        settings = {**image.settings(), **settings_for(slack, model, data), "OPERATIONS_PORT": str(port)}
        if uri:
            settings |= {"MILVUS_URI": uri, "MULTILINGUAL": "off"}
        environment = {"PATH": os.defpath, "HOME": "/nonexistent", **settings}
        user = USER if os.geteuid() == 0 and _may_run(Path(sys.base_prefix)) else None
        process = subprocess.Popen(
            [*_read_only(image), *image.command()],
            cwd=data,
            env=environment,
            user=user,
            preexec_fn=_joining(limit_mb),  # noqa: PLW1509 - one thread
        )
        slack.wait_for(lambda: slack.connected() or process.poll() is not None, "the bot's socket")
        for _ in range(QUESTIONS if limit_mb else 1):
            slack.wait_for_replies(CHANNEL, slack.mention(CHANNEL, "How is data stored in Milvus?"))
        time.sleep(1)
        health = subprocess.run(image.health_check(), env=environment, user=user, check=False).returncode
        peak = _peak_megabytes(process.pid)
        written = _written_outside(image)
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    how = f"as user {user or os.geteuid()}, root {'read-only' if os.geteuid() == 0 else 'as it is'}"
    out.print(f"{how}: health check {health}, SIGTERM {code}, at most {peak:.0f} MB, {written}", markup=False)
    return health == code == 0


def _may_run(folder: Path) -> bool:
    """Tell whether other users get at a folder."""
    return all(one.stat().st_mode & 0o001 for one in (folder, *folder.parents))


def _read_only(image: Image) -> list[str]:
    """Return what runs a command with a root that is read-only but for /data and /tmp; only root may mount."""
    if os.geteuid():
        return []
    data = shlex.quote(str(image.root / "data"))
    mounts = f"mount --bind {data} {data} && mount -t tmpfs tmpfs /tmp && mount -o remount,bind,ro /"
    return ["unshare", "--mount", "sh", "-c", f'{mounts} && cd {data} && exec "$@"', "sh"]


def _written_outside(image: Image) -> str:
    """Tell what was written beside /data since the build."""
    built = (image.root / BUILT).stat().st_mtime
    places = (path for folder in ("opt", "src") for path in (image.root / folder).rglob("*"))
    found = [str(path) for path in places if path.is_file() and path.stat().st_mtime > built]
    return f"wrote {', '.join(found[:3])}" if found else "wrote nothing beside /data and /tmp"


@contextmanager
def _milvus(folder: Path, *, wanted: bool) -> Iterator[str]:
    """Give a server's address where one is wanted, with the starter FAQ in it; "" for Milvus Lite."""
    if not wanted:
        yield ""
        return
    with running_server(folder) as (uri, _):
        script = "from bot.entrypoints.cli import main; main()"
        arguments = ["search", "storage"]
        environment = {**os.environ, "MILVUS_URI": uri, "MULTILINGUAL": "off"}  # noqa: TID251 - another process' settings
        subprocess.run([sys.executable, "-c", script, *arguments], env=environment, check=True, capture_output=True)
        yield uri


def _joining(limit_mb: int) -> Callable[[], None] | None:
    if not limit_mb:
        return None
    members = CGROUP / "milvusfaq" / "cgroup.procs"

    def join() -> None:
        members.write_text(str(os.getpid()), encoding="ascii")

    return join


@contextmanager
def _limited(limit_mb: int) -> Iterator[None]:
    """Make a cgroup (version 1) that may take so much, kernel's caches included."""
    group = CGROUP / "milvusfaq"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(limit_mb * MEGABYTE), encoding="ascii")
        yield
        (failures,) = re.findall(r"^oom_kill (\d+)$", (group / "memory.oom_control").read_text(), re.MULTILINE) or ["?"]
        highest = int((group / "memory.max_usage_in_bytes").read_text()) / MEGABYTE
        out.print(f"limit {limit_mb} MB: at most {highest:.0f} MB, {failures} times killed for it", markup=False)
    finally:
        group.rmdir()


def _peak_megabytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1_000


def main() -> None:
    """Run the steps; end with 1 where the bot that they make does not work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=0, help="MB that the bot may take")
    options = parser.parse_args()
    with TemporaryDirectory(dir="/var/tmp") as name:  # not below /tmp, which the bot gets for itself
        image = Image(Path(name), read_dockerfile())
        Path(name).chmod(0o755)
        for folder in IMAGE_FOLDERS:
            (image.root / folder[1:]).mkdir(parents=True, exist_ok=True)
        image.build()
        (image.root / BUILT).touch()
        if os.geteuid() == 0:
            os.chown(image.root / "data", USER, USER)
        is_well = run_bot(image, limit_mb=0)
        if options.limit:
            with _limited(options.limit) if CGROUP.is_dir() else nullcontext():
                is_well = run_bot(image, limit_mb=options.limit) and is_well
    if not is_well:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
