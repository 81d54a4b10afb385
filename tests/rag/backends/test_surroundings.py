"""Surroundings: what vendors read of the environment, and where Milvus Lite's folder lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.backends.milvus_lite import adopt_newest_copy, newest_copy, place_to_write

COPY = "0123456789abcdef"


def run_python(code: str, **environment: str) -> str:
    """Run code in a process of its own, with nothing set but this; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"no_proxy": "localhost"}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "milvus.internal"}, "milvus.internal,localhost,127.0.0.1,::1"),
    ],
)
def test_this_machine_is_never_asked_through_a_proxy(given: dict[str, str], hosts: str) -> None:
    code = "import os, rag.backends; print(os.environ['no_proxy'], os.environ['no_grpc_proxy'])"
    assert run_python(code, http_proxy="http://127.0.0.1:9", **given).split() == [hosts, hosts]


def test_the_embedding_model_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    code = "from rag.backends.embedding import open_bundled; print(len(open_bundled().encode_queries(['one'])))"
    assert run_python(code, HOME=str(tmp_path)) == "1"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A link to the folder of an index on another disk, with a newer copy beside that."""
    disk = tmp_path / "disk"
    for name in ("index", f"index.{COPY}.db"):
        (disk / name).mkdir(parents=True)
        (disk / name / "data").write_text(name)
    link = tmp_path / "milvus.db"
    link.symlink_to(disk / "index")
    return link


def test_behind_a_link_the_newest_copy_is_put_in_place(link: Path) -> None:
    assert newest_copy(str(link)) == f"{link.resolve()}.{COPY}.db"
    adopt_newest_copy(str(link))
    assert link.is_symlink()
    assert (link / "data").read_text() == f"index.{COPY}.db"
    assert newest_copy(str(link)) == str(link)


def test_an_ingest_behind_a_link_writes_there(link: Path) -> None:
    with place_to_write(str(link)) as place:
        assert (Path(place.path) / "data").is_file()
    assert link.is_symlink()


def test_where_a_copy_can_not_be_put_in_place_it_is_used_where_it_is(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy", str(self), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    adopt_newest_copy(str(link))
    assert newest_copy(str(link)) == f"{link.resolve()}.{COPY}.db"
