"""Surroundings: what vendors read of the environment, and where Milvus Lite's folder lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag import Question, RetrievalError, SettingsError
from rag.backends.milvus_lite import adopt_newest_copy, explain_failure, newest_copy, place_to_write
from rag.backends.openai_compatible import make_chat_client
from rag.settings import RagSettings
from rag.wiring import open_retriever
from tests.e2e.bot_process import starter_index

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


def test_a_search_needs_neither_pandas_nor_scipy_and_whoever_does_gets_them(tmp_path: Path) -> None:
    shutil.copytree(starter_index(), tmp_path / "milvus.db")
    code = """
import sys
from rag import Question
from rag.settings import RagSettings
from rag.wiring import open_retriever
with open_retriever(RagSettings(milvus_uri="milvus.db")) as retriever:
    print(len(retriever.search_now(Question(text="How is data stord?"), limit=3).passages))
print([name for name in ("pandas", "scipy") if name in sys.modules])
import pandas, pyarrow, scipy.sparse
print(pyarrow.table({"a": [1]}).to_pandas().equals(pandas.DataFrame({"a": [1]})))
"""
    code = f"import os; os.chdir({str(tmp_path)!r})\n{code}"
    assert run_python(code).splitlines() == ["3", "[]", "True"]


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


@pytest.mark.parametrize(
    ("told", "explained"),
    [
        ("OSError: [Errno 28] No space left on device: 'manifest.json'", "is full"),
        ("[Errno 122] Disk quota exceeded", "is full"),
        ("Could not open Parquet input source 'x': Parquet magic bytes not found in footer", "are damaged"),
        ("schema file 'x' is not valid JSON: Expecting value: line 1 column 1 (char 0)", "are damaged"),
        ("'utf-8' codec can't decode byte 0xe2 in position 0: invalid continuation byte", "are damaged"),
        ("This file contains pickled (object) data.", "are damaged"),
    ],
)
def test_what_milvus_lite_fails_on_in_its_folder_is_told_with_what_to_do(told: str, explained: str) -> None:
    error = explain_failure("./milvus.db", told)
    assert error
    assert explained in error.message
    assert error.hint


def test_another_refusal_is_left_as_it_is() -> None:
    assert explain_failure("./milvus.db", "field 'vector' does not exist") is None


@pytest.mark.parametrize(("scheme", "told"), [("ftp", "Unknown scheme"), ("socks4", "Unknown scheme")])
def test_a_proxy_that_the_models_client_does_not_know_is_told(
    monkeypatch: pytest.MonkeyPatch, scheme: str, told: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://proxy.example:1080")
    with pytest.raises(SettingsError, match=told) as raised:
        make_chat_client(base_url="https://llm.example/v1/", api_key="k", timeout_s=1, max_retries=0)
    assert "ALL_PROXY" in raised.value.hint


def test_damaged_files_are_told_by_the_command(tmp_path: Path) -> None:
    uri = str(tmp_path / "milvus.db")
    shutil.copytree(starter_index(), uri)
    for file in Path(uri).rglob("*.parquet"):
        file.write_bytes(b"not what was written")
    with pytest.raises(RetrievalError, match="are damaged"), open_retriever(RagSettings(milvus_uri=uri)) as retriever:
        retriever.search_now(Question(text="flush"), limit=3)
