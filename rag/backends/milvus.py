"""This file is where Milvus is spoken to: schema, search, and building a new collection beside the one searched.

The same calls on a Milvus Lite file, a server and Zilliz Cloud. MILVUS_COLLECTION is an alias: an ingest builds a
collection of its own behind it and moves the alias when that is whole. Only this file knows pymilvus' client.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np

from rag.backends.milvus_lite import explain_refusal, is_lite, release
from rag.backends.pymilvus_import import importing_pymilvus
from rag.domain import EmbeddedPassage, Passage
from rag.errors import EmptyIndexError, IngestError, RetrievalError

with importing_pymilvus():
    from pymilvus import DataType, MilvusClient
    from pymilvus.exceptions import MilvusException

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

METRIC = "IP"  # of vectors of length 1: the cosine
EMBEDDING_PROPERTY = "milvusfaq.embedding"
INSERT_BATCH = 500
READ_BATCH = 1_000
CONNECT_TIMEOUT_S = 10.0
CALL_TIMEOUT_S = 30.0
# VARCHAR limits are bytes on a server and characters in Milvus Lite: cut by bytes, right on both.
VARCHAR_BYTES = {
    "id": 64,
    "source": 256,
    "path": 1_024,
    "title": 1_024,
    "headings": 4_096,
    "url": 2_048,
    "version": 32,
    "text": 65_535,
}


@dataclass(frozen=True, slots=True)
class MilvusStore:
    """The collection behind an alias."""

    client: MilvusClient
    uri: str
    alias: str

    def check(self, *, embedding: str, dim: int) -> None:
        """Make the collection ready for searching.

        Raise EmptyIndexError when there is none, RetrievalError when it holds another model's vectors.
        """
        with _translated(self.uri):
            live = self.live()
            if live is None:
                message = f"The Milvus collection {self.alias!r} does not exist yet."
                raise EmptyIndexError(message, hint="Run: milvusfaq ingest")
            self.client.load_collection(live)  # released at every reopening of a Milvus Lite file
            self.client.flush(live)  # what a killed process left unflushed is searched 36 times slower
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

    def search(self, vector: npt.NDArray[np.float32], *, limit: int) -> list[Passage]:
        """Return the passages whose vectors have the largest inner product with this one."""
        with _translated(self.uri):
            (hits,) = self.client.search(
                self.alias,
                data=[vector.tolist()],
                anns_field="vector",
                limit=limit,
                output_fields=list(VARCHAR_BYTES),
                search_params={"metric_type": METRIC},
                consistency_level="Bounded",
                timeout=CALL_TIMEOUT_S,
            )
            return [replace(_passage(hit["entity"]), score=float(hit["distance"])) for hit in hits]

    def live(self) -> str | None:
        """Return the name of the collection behind the alias; None before the first ingest."""
        with _translated(self.uri):
            if not self.client.has_collection(self.alias):
                return None
            name = str(self.client.describe_collection(self.alias)["collection_name"])
        if not self._is_ours(name):
            message = f"{self.alias!r} is a Milvus collection that milvusfaq did not make; it is left alone."
            raise IngestError(message, hint="Set MILVUS_COLLECTION to another name.")
        return name

    def recorded_embedding(self, collection: str) -> tuple[str, int] | None:
        """Return the model and dimension that the collection was made with."""
        with _translated(self.uri):
            described = self.client.describe_collection(collection)
        properties = dict(described.get("properties") or {})
        name = properties.get(EMBEDDING_PROPERTY) or described.get("description")
        dims = [field["params"]["dim"] for field in described["fields"] if field["name"] == "vector"]
        return (str(name), int(dims[0])) if name and dims else None

    def count(self, collection: str) -> int:
        """Return how many passages the collection holds, all writes so far seen."""
        with _translated(self.uri):
            (row,) = self.client.query(collection, output_fields=["count(*)"], consistency_level="Strong")
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

    def embedded_passages(self) -> Iterator[EmbeddedPassage]:
        """Yield every live passage with its vector."""
        for row in self._rows([*VARCHAR_BYTES, "vector"]):
            yield EmbeddedPassage(passage=_passage(row), vector=np.asarray(row["vector"], dtype=np.float32))

    def _rows(self, fields: list[str]) -> Iterator[dict[str, Any]]:
        live = self.live()
        if live is None:
            return
        with _translated(self.uri):
            self.client.load_collection(live)
            rows = self.client.query_iterator(
                live, batch_size=READ_BATCH, filter='id != ""', output_fields=fields, consistency_level="Strong"
            )
            while batch := rows.next():
                yield from batch
            rows.close()

    @contextmanager
    def building(self, *, embedding: str, dim: int) -> Iterator[Build]:
        """Give a new collection to fill; when the block ends well, check it and move the alias to it.

        When it does not, the collection searched before stays as it was, and the next build clears what is left.
        """
        live = self.live()
        self._drop_all_but(live)
        build = Build(store=self, name=f"{self.alias}_build_{time.time_ns():x}")
        with _translated(self.uri):
            self._create(build.name, embedding=embedding, dim=dim)
        yield build
        with _translated(self.uri):
            self.client.flush(build.name)
            self.client.load_collection(build.name)
            if (stored := self.count(build.name)) != build.inserted:
                message = f"Milvus holds {stored} passages where {build.inserted} were inserted; nothing was changed."
                raise IngestError(message)
            move = self.client.create_alias if live is None else self.client.alter_alias
            move(build.name, self.alias)
        self._drop_all_but(build.name)

    def _create(self, name: str, *, embedding: str, dim: int) -> None:
        # Milvus Lite keeps properties and drops the description, servers keep the description.
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=embedding)
        for field, limit in VARCHAR_BYTES.items():
            schema.add_field(field, DataType.VARCHAR, max_length=limit, is_primary=field == "id")
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        index = self.client.prepare_index_params()
        index.add_index("vector", index_type="AUTOINDEX", metric_type=METRIC)
        self.client.create_collection(
            name,
            schema=schema,
            index_params=index,
            consistency_level="Bounded",
            properties={EMBEDDING_PROPERTY: embedding},
        )

    def _drop_all_but(self, kept: str | None) -> None:
        with _translated(self.uri):
            for name in self.client.list_collections():
                if self._is_ours(name) and name != kept:
                    self.client.drop_collection(name)

    def _is_ours(self, name: str) -> bool:
        return re.fullmatch(rf"{re.escape(self.alias)}_build_[0-9a-f]+", name) is not None


@dataclass(slots=True, kw_only=True)
class Build:
    """A collection that is being filled; it is not searched yet."""

    store: MilvusStore
    name: str
    inserted: int = 0

    def insert(self, passages: Sequence[EmbeddedPassage]) -> None:
        """Write passages; one writer at a time."""
        for start in range(0, len(passages), INSERT_BATCH):
            rows = [_row(stored) for stored in passages[start : start + INSERT_BATCH]]
            with _translated(self.store.uri):
                self.store.client.insert(self.name, rows)
            self.inserted += len(rows)


@contextmanager
def open_milvus(*, uri: str, token: str, alias: str) -> Iterator[MilvusStore]:
    """Connect; on leaving, a Milvus Lite file is closed so that another process can open it."""
    try:
        client = MilvusClient(uri, token=token, timeout=CONNECT_TIMEOUT_S)
    except (MilvusException, grpc.RpcError, ValueError) as error:
        if is_lite(uri):
            raise explain_refusal(uri) from error
        raise _unreachable(uri) from error
    try:
        yield MilvusStore(client, uri, alias)
    finally:
        client.close()
        if is_lite(uri):
            release(uri)


def _passage(row: dict[str, Any]) -> Passage:
    headings = tuple(row["headings"].split("\n")) if row["headings"] else ()
    return Passage(**{field: row[field] for field in VARCHAR_BYTES} | {"headings": headings})


def _row(stored: EmbeddedPassage) -> dict[str, Any]:
    if not np.isfinite(stored.vector).all():  # Milvus Lite takes NaN and then finds nothing
        message = f"The embedding model made a vector of {stored.passage.label!r} that is not a number."
        raise IngestError(message)
    texts = {field: getattr(stored.passage, field) for field in VARCHAR_BYTES}
    texts["headings"] = "\n".join(stored.passage.headings)  # Milvus 2.3 refuses a list in a JSON field
    row: dict[str, Any] = {field: _fitting(text, VARCHAR_BYTES[field]) for field, text in texts.items()}
    return {**row, "vector": stored.vector.tolist()}


def _fitting(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")


def _unreachable(uri: str) -> RetrievalError:
    return RetrievalError(f"Milvus can't be reached at {uri}.", hint="Check MILVUS_URI and MILVUS_TOKEN.")


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn what pymilvus raises into one clear line. An unimplemented call arrives as grpc.RpcError."""
    try:
        yield
    except MilvusException as error:
        if "connect" in str(error.message).lower():
            raise _unreachable(uri) from error
        message = f"Milvus refused a call: {str(error.message).splitlines()[0][:200]}"
        raise RetrievalError(message) from error
    except grpc.RpcError as error:
        raise _unreachable(uri) from error
