"""Milvus: the collection that is searched and read. The same calls on a Milvus Lite file, a server and Zilliz Cloud.

MILVUS_COLLECTION is an alias: an ingest builds a collection of its own behind it (milvus_build.py) and moves the alias
when that is whole. Beside each stands a small one with its words. Only the files milvus*.py know pymilvus' client.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np

from rag.backends.milvus_errors import translated, unreachable
from rag.backends.milvus_lite import explain_refusal, is_lite, release
from rag.backends.milvus_schema import METRIC, MULTILINGUAL_ROWS, PASSAGE_FIELDS, SOURCE_ROWS, passage_of, words_of
from rag.backends.pymilvus_import import importing_pymilvus
from rag.domain import Candidate, EmbeddedPassage
from rag.errors import EmptyIndexError, IngestError, RetrievalError
from rag.text import multilingual, records, vocabulary
from rag.text.subvectors import unpack
from rag.text.vocabulary import Vocabulary

with importing_pymilvus():
    from pymilvus import MilvusClient
    from pymilvus.exceptions import MilvusException

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from rag.text.multilingual import MultilingualIndex
    from rag.text.records import SourceRecord

logger = logging.getLogger(__name__)

EMBEDDING_PROPERTY = "milvusfaq.embedding"
READ_BATCH = 1_000
CONNECT_TIMEOUT_S = 10.0
CALL_TIMEOUT_S = 30.0
SEARCH_TIMEOUT_S = 10.0
"""A search takes tens of milliseconds; who waits so long had better be told."""
MOST_FETCHED = 3_000
"""How many passages are kept in memory once a search has read them: about 30 MB."""


@dataclass(frozen=True)
class MilvusStore:
    """The collection behind an alias."""

    client: MilvusClient
    uri: str
    alias: str
    fetched: dict[str, Candidate] = field(default_factory=dict, compare=False)

    def check(self, *, embedding: str, dim: int) -> None:
        """Make the collection ready for searching.

        Raise EmptyIndexError when there is none, RetrievalError when it holds another model's vectors.
        """
        with translated(self.uri):
            live = self.live()
            if live is None:
                message = f"The Milvus collection {self.alias!r} does not exist yet."
                raise EmptyIndexError(message, hint="Run: milvusfaq ingest")
            if not self.client.has_collection(words_of(live), timeout=CALL_TIMEOUT_S):
                message = f"The collection {self.alias!r} was made by an earlier version of milvusfaq."
                raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
            # A Milvus Lite folder releases its collections when it is reopened; what a killed process left unflushed is
            # searched 36 times slower.
            self.client.load_collection(live, timeout=CALL_TIMEOUT_S)
            self.client.flush(live, timeout=CALL_TIMEOUT_S)
            recorded = self.recorded_embedding(live)
            rows = self.count(live)
        if recorded not in {None, (embedding, dim)}:
            name, recorded_dim = recorded or ("", 0)
            message = (
                f"The collection {self.alias!r} was made with EMBEDDING_MODEL={name} ({recorded_dim} dimensions), "
                f"not with {embedding} ({dim})."
            )
            raise RetrievalError(message, hint="Set EMBEDDING_MODEL back, or run: milvusfaq ingest --recreate SOURCE")
        if rows == 0:
            message = f"The Milvus collection {self.alias!r} is empty though it was not when it was made."
            raise RetrievalError(message, hint="Its files may be damaged. Run: milvusfaq ingest --recreate SOURCE")

    def search_dense(
        self, vectors: Sequence[npt.NDArray[np.float32]], *, limit: int, versions: Sequence[str] = ()
    ) -> list[list[Candidate]]:
        """Return for each vector the passages whose vectors have the largest inner product with it.

        `versions` keeps those of these docs versions, and those that have none.
        """
        return self._search("vector", [vector.tolist() for vector in vectors], limit, versions)

    def search_sparse(
        self, vectors: Sequence[dict[int, float]], *, limit: int, versions: Sequence[str] = ()
    ) -> list[list[Candidate]]:
        """Do the same by words; find nothing where the collection was made on a server without sparse vectors."""
        worded = [vector for vector in vectors if vector] if self.has_sparse else []
        found = iter(self._search("lexical", worded, limit, versions) if worded else [])
        return [next(found) if vector and worded else [] for vector in vectors]

    def _search(
        self, field: str, vectors: list[list[float]] | list[dict[int, float]], limit: int, versions: Sequence[str]
    ) -> list[list[Candidate]]:
        with translated(self.uri):
            found = self.client.search(
                self.alias,
                data=vectors,
                anns_field=field,
                limit=limit,
                filter=f"version in {json.dumps([*versions, ''])}" if versions else "",
                output_fields=["id"],  # without any, Milvus Lite reads them all
                search_params={"metric_type": METRIC},
                consistency_level="Bounded",
                timeout=SEARCH_TIMEOUT_S,
            )
        return [self._known([str(hit["id"]) for hit in hits]) for hits in found]

    def _known(self, ids: list[str]) -> list[Candidate]:
        found = {id_: known for id_ in ids if (known := self.fetched.get(id_))}
        found |= self._fetch([id_ for id_ in ids if id_ not in found])
        return [found[id_] for id_ in ids if id_ in found]

    def _fetch(self, ids: list[str]) -> dict[str, Candidate]:
        """Read passages that no search has read before; an id tells its whole content, so none grows stale."""
        if not ids:
            return {}
        with translated(self.uri):
            rows = self.client.query(
                self.alias, ids=ids, output_fields=PASSAGE_FIELDS, consistency_level="Bounded", timeout=SEARCH_TIMEOUT_S
            )
        read = {row["id"]: Candidate(passage_of(row), unpack(row["facets"], self.dim)) for row in rows}
        if len(self.fetched) > MOST_FETCHED:
            self.fetched.clear()
        self.fetched.update(read)
        return read

    @cached_property
    def has_sparse(self) -> bool:
        """Whether the live collection has sparse vectors."""
        with translated(self.uri):
            described = self.client.describe_collection(self.alias, timeout=CALL_TIMEOUT_S)
        return any(field["name"] == "lexical" for field in described["fields"])

    @cached_property
    def dim(self) -> int:
        """How many numbers a vector of the live collection has."""
        live = self.live()
        recorded = self.recorded_embedding(live) if live else None
        return recorded[1] if recorded else 0

    def live(self) -> str | None:
        """Return the name of the collection behind the alias; None before the first ingest."""
        with translated(self.uri):
            if not self.client.has_collection(self.alias, timeout=SEARCH_TIMEOUT_S):
                return None
            name = str(self.client.describe_collection(self.alias, timeout=SEARCH_TIMEOUT_S)["collection_name"])
        if not self.is_ours(name):
            message = f"{self.alias!r} is a Milvus collection that milvusfaq did not make; it is left alone."
            raise IngestError(message, hint="Set MILVUS_COLLECTION to another name.")
        return name

    def built_at(self) -> float:
        """Return when the live collection was built, in seconds since 1970; 0 before the first ingest."""
        live = self.live()
        return int(live.rpartition("_")[2], 16) / 1e9 if live else 0.0

    def recorded_embedding(self, collection: str) -> tuple[str, int] | None:
        """Return the model and dimension that the collection was made with."""
        with translated(self.uri):
            described = self.client.describe_collection(collection, timeout=CALL_TIMEOUT_S)
        properties = dict(described.get("properties") or {})
        name = properties.get(EMBEDDING_PROPERTY) or described.get("description")
        dims = [field["params"]["dim"] for field in described["fields"] if field["name"] == "vector"]
        return (str(name), int(dims[0])) if name and dims else None

    def count(self, collection: str) -> int:
        """Return how many passages the collection holds, all writes so far seen."""
        with translated(self.uri):
            (row,) = self.client.query(
                collection, output_fields=["count(*)"], consistency_level="Strong", timeout=CALL_TIMEOUT_S
            )
            return int(row["count(*)"])

    def passage_ids(self) -> dict[str, set[str]]:
        """Return the ids of all live passages by their source."""
        found: dict[str, set[str]] = {}
        for row in self._rows(["id", "source"]):
            found.setdefault(row["source"], set()).add(row["id"])
        return found

    def paths(self) -> set[str]:
        """Return the paths of all pages that live passages come from."""
        return {row["path"] for row in self._rows(["path"])}

    def vocabulary(self) -> Vocabulary:
        """Return the words of the live passages."""
        text = self._beside(f'id < "{MULTILINGUAL_ROWS}"')
        return vocabulary.from_json(text) if text else Vocabulary()

    def multilingual_index(self) -> MultilingualIndex | None:
        """Return what questions in other languages are searched by; None where the ingest made nothing of it."""
        text = self._beside(f'id >= "{MULTILINGUAL_ROWS}" and id < "{SOURCE_ROWS}"')
        return multilingual.from_text(text) if text else None

    def sources(self) -> list[SourceRecord]:
        """Return what is in the live collection, source by source."""
        text = self._beside(f'id >= "{SOURCE_ROWS}"')
        known = {record.name: record for record in records.from_text(text)} if text else {}
        places = ((row["source"], row["path"], row["version"]) for row in self._rows(["source", "path", "version"]))
        return records.counted(known, places)

    def pages_of(self, source: str) -> set[tuple[str, str]]:
        """Return path and title of the pages of a source."""
        return {
            (row["path"], row["title"]) for row in self._rows(["source", "path", "title"]) if row["source"] == source
        }

    def _beside(self, rows: str) -> str:
        """Return one of the texts that lie beside the live passages; "" where there is none."""
        live = self.live()
        if live is None:
            return ""
        words = words_of(live)
        with translated(self.uri):
            self.client.load_collection(words, timeout=CALL_TIMEOUT_S)
            found = self.client.query(
                words,
                filter=rows,
                output_fields=["id", "text"],
                limit=1_000,
                consistency_level="Strong",
                timeout=CALL_TIMEOUT_S,
            )
        return "".join(row["text"] for row in sorted(found, key=lambda row: row["id"]))

    def passages(self, ids: Sequence[str]) -> list[Candidate]:
        """Return passages by their ids, in that order; those that are gone not."""
        return self._known([*ids])

    def embedded_passages(self) -> Iterator[EmbeddedPassage]:
        """Yield every live passage with its vector."""
        for row in self._rows([*PASSAGE_FIELDS, "vector"]):
            vector = np.asarray(row["vector"], dtype=np.float32)
            yield EmbeddedPassage(passage=passage_of(row), vector=vector, subvectors=row["facets"])

    def _rows(self, fields: list[str]) -> Iterator[dict[str, Any]]:
        live = self.live()
        if live is None:
            return
        with translated(self.uri):
            self.client.load_collection(live, timeout=CALL_TIMEOUT_S)
            rows = self.client.query_iterator(
                live, batch_size=READ_BATCH, filter='id != ""', output_fields=fields, consistency_level="Strong"
            )
            while batch := rows.next():
                yield from batch
            rows.close()

    def forget_reads(self) -> None:
        """Read everything anew from now on: the alias leads to another collection."""
        self.fetched.clear()
        for known in ("has_sparse", "dim"):
            self.__dict__.pop(known, None)

    def server_version(self) -> str:
        """Return what the server calls its version."""
        with translated(self.uri):
            return str(self.client.get_server_version(timeout=CALL_TIMEOUT_S))

    def is_ours(self, name: str) -> bool:
        """Tell whether an ingest of ours made this collection."""
        return re.fullmatch(rf"{re.escape(self.alias)}_build_[0-9a-f]+", name) is not None


@contextmanager
def open_milvus(*, uri: str, token: str, alias: str) -> Iterator[MilvusStore]:
    """Connect; on leaving, a Milvus Lite file is closed so that another process can open it."""
    try:
        client = MilvusClient(uri, token=token, timeout=CONNECT_TIMEOUT_S)
    except (MilvusException, grpc.RpcError, ValueError) as error:
        if is_lite(uri):
            release(uri)  # its engine may have begun: our own lock is not another's
            raise explain_refusal(uri) from error
        raise unreachable(uri) from error
    try:
        yield MilvusStore(client, uri, alias)
    finally:
        client.close()
        if is_lite(uri):
            release(uri)
