"""This file is where the same code speaks to Milvus over gRPC, a server in another process."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rag import RetrievalError
from rag.backends.milvus import open_milvus
from rag.ingest.chunking import embedding_text
from rag.ingest.indexing import index
from tests.builders import make_passage
from tests.fakes import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE, TWO = make_passage("1", text="one"), make_passage("2", text="two")


@contextmanager
def running_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run Milvus Lite as a server; give its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = "import sys; from milvus_lite.cmdline import main; sys.exit(main())"
    arguments = ["server", "--data-dir", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=log, stderr=log)
        try:
            wait_until_listening(port, process)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
            process.wait()


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("the server did not come up")


def test_an_ingest_is_seen_by_a_reader_that_is_connected_already(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    (query,) = embedder.encode_queries([embedding_text(TWO)])
    with running_server(tmp_path) as (uri, process), open_milvus(uri=uri, token="", alias="docs") as writer:
        index(writer, embedder, [ONE], progress=lambda *_: None)
        with open_milvus(uri=uri, token="", alias="docs") as reader:
            reader.check(embedding="fake", dim=8)
            assert [found.passage.id for found in reader.search_dense(query, limit=5)] == ["1"]
            index(writer, embedder, [ONE, TWO], progress=lambda *_: None)
            assert [found.passage.id for found in reader.search_dense(query, limit=1)] == ["2"]
            process.kill()
            process.wait()
            with pytest.raises(RetrievalError, match="Milvus can't be reached"):
                reader.search_dense(query, limit=1)
