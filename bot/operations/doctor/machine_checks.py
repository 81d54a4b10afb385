"""The machine: disk, memory, who can read the files, who else has Milvus Lite's folder open."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from bot.operations.doctor.finding import Finding, fail, ok, warn
from rag.backends.milvus_lite import is_lite, is_open_elsewhere, newest_copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GIGABYTE = 1_000_000_000
LITTLE_DISK, NO_DISK = GIGABYTE, GIGABYTE // 10
LITTLE_MEMORY = GIGABYTE // 4
CONNECTS_WITHIN_S, HTTP_PORT, HTTPS_PORT = 3.0, 80, 443
OTHERS_MAY_READ = 0o077
CGROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and usage, of cgroups version 2 and 1."""


def check_disk(places: Iterable[Path]) -> Iterator[Finding]:
    """Yield how much room is left where something is written."""
    seen: set[int] = set()
    for place in places:
        folder = next(one for one in (place, *place.absolute().parents) if one.is_dir())
        device = folder.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = psutil.disk_usage(str(folder)).free
        told, do = f"{free / GIGABYTE:.1f} GB free", "Make room: the ledger and an ingest need it."
        if free < NO_DISK:
            yield fail("disk", told, do)
        elif free < LITTLE_DISK:
            yield warn("disk", told, do)
        else:
            yield ok("disk", told)


def check_memory() -> Iterator[Finding]:
    """Yield how much memory is left."""
    free = min(psutil.virtual_memory().available, *_left_in_cgroup())
    told = f"{free / GIGABYTE:.1f} GB free"
    if free < LITTLE_MEMORY:
        yield warn("memory", told, "A bot takes about .4 GB, with MULTILINGUAL=off .3 GB.")
    else:
        yield ok("memory", told)


def _left_in_cgroup() -> Iterator[int]:
    """Yield how much this process' container may take yet, where it is limited (Linux)."""
    for limit, used in CGROUP_FILES:
        with suppress(OSError, ValueError):  # another version of cgroups, or no limit ("max")
            yield int(Path(limit).read_text()) - int(Path(used).read_text())


def check_permissions(paths: Iterable[Path]) -> Iterator[Finding]:
    """Yield which files other users of this machine can read: questions and a team's docs are in them."""
    for path in paths:
        if path.exists() and path.stat().st_mode & OTHERS_MAY_READ:
            yield warn(path.name, "other users of this machine can read it", f"Run: chmod -R go= {path}")


def check_lite_holders(uri: str) -> Iterator[Finding]:
    """Yield who has Milvus Lite's folder open: it takes one process at a time."""
    if not is_lite(uri):
        return
    place = newest_copy(uri)
    if not Path(place).is_dir():
        return
    if not is_open_elsewhere(place):
        yield ok("Milvus Lite", "no process has its folder open")
        return
    holders = ", ".join(_holders(Path(place).resolve())) or "a process that can't be named here"
    yield ok("Milvus Lite", f"{holders} has its folder open; an ingest goes beside it")


def _holders(folder: Path) -> Iterator[str]:
    for process in psutil.process_iter(["pid", "name"]):
        if process.pid == os.getpid():
            continue
        try:
            opened = process.open_files()
        except psutil.Error:
            continue  # another user's, or gone
        if any(Path(one.path).is_relative_to(folder) for one in opened):
            yield f"process {process.pid} ({process.info['name']})"


async def check_collector(address: str) -> Finding:
    """Tell whether somebody listens where traces are sent."""
    parts = urlsplit(address)
    port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    try:
        async with asyncio.timeout(CONNECTS_WITHIN_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return warn(
            "traces", f"nobody listens at {parts.hostname}:{port}", "Start the collector; the bot goes without."
        )
    writer.close()
    return ok("traces", f"go to {parts.hostname}:{port}")
