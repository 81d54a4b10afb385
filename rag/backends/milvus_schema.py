"""The schema of a Milvus collection: fields, and passages as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag.backends.pymilvus_import import importing_pymilvus
from rag.domain import EmbeddedPassage, Passage
from rag.errors import IngestError
from rag.text.terms import passage_vector, terms

with importing_pymilvus():
    from pymilvus import DataType, MilvusClient

if TYPE_CHECKING:
    from pymilvus import CollectionSchema
    from pymilvus.milvus_client import IndexParams

METRIC = "IP"  # of vectors of length 1: the cosine; of ours for words: BM25
# VARCHAR limits are bytes on a server and characters in Milvus Lite: cut by bytes, right on both.
VARCHAR_BYTES = {
    "id": 64,
    "source": 256,
    "path": 1_024,
    "title": 1_024,
    "headings": 4_096,
    "url": 2_048,
    "version": 32,
    "languages": 256,
    "text": 65_535,
    "facets": 65_535,
}
PASSAGE_FIELDS = [*VARCHAR_BYTES, "deprecated"]
WORDS_SUFFIX = "_words"
NO_TERMS = {2**31: 1.0}
"""Milvus takes no sparse vector without a number: that of a text without terms has one that no question has."""
WORDS_ROW_CHARACTERS = 60_000
"""The vocabulary is ASCII, cut into rows of this many bytes."""
MULTILINGUAL_ROWS, SOURCE_ROWS = "m", "s"
"""With them begin the ids of the rows that hold the multilingual index and the source records; numbers, which stand
before them, hold the words."""


def passage_schema(*, embedding: str, dim: int, sparse: bool) -> tuple[CollectionSchema, IndexParams]:
    """Return schema and indexes of a collection of passages; Milvus before 2.4 can't do `sparse`."""
    # Milvus Lite keeps properties and drops the description, servers keep the description.
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False, description=embedding)
    for name, limit in VARCHAR_BYTES.items():
        schema.add_field(name, DataType.VARCHAR, max_length=limit, is_primary=name == "id")
    schema.add_field("deprecated", DataType.BOOL)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="AUTOINDEX", metric_type=METRIC)
    if sparse:
        schema.add_field("lexical", DataType.SPARSE_FLOAT_VECTOR)
        index.add_index("lexical", index_type="SPARSE_INVERTED_INDEX", metric_type=METRIC)
    return schema, index


def words_of(collection: str) -> str:
    """Return the name of the collection that keeps a collection's vocabulary."""
    return f"{collection}{WORDS_SUFFIX}"


def words_schema() -> tuple[CollectionSchema, IndexParams]:
    """Return schema and index of the small collection that holds a vocabulary."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, max_length=16, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=65_535)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)  # no collection goes without
    index = MilvusClient.prepare_index_params()
    index.add_index("vector", index_type="AUTOINDEX", metric_type=METRIC)
    return schema, index


def words_rows(text: str, *, kind: str = "") -> list[dict[str, Any]]:
    """Return a vocabulary's text as rows, or with a `kind` of one letter another text that lies beside it."""
    starts = range(0, len(text), WORDS_ROW_CHARACTERS)
    return [
        {"id": f"{kind}{number:06}", "text": text[start : start + WORDS_ROW_CHARACTERS], "vector": [1.0, 0.0]}
        for number, start in enumerate(starts)
    ]


def passage_of(row: dict[str, Any]) -> Passage:
    """Return the passage that a row holds."""
    texts = {field: row[field] for field in VARCHAR_BYTES if field != "facets"}
    lists = {field: tuple(row[field].split("\n")) if row[field] else () for field in ("headings", "languages")}
    return Passage(**texts | lists, deprecated=bool(row["deprecated"]))


def row_of(stored: EmbeddedPassage, *, sparse: bool) -> dict[str, Any]:
    """Return a passage's row; raise IngestError for a vector that is none."""
    passage = stored.passage
    if not np.isfinite(stored.vector).all():  # Milvus Lite takes NaN and then finds nothing
        message = f"The embedding model made a vector of {passage.label!r} that is not a number."
        raise IngestError(message)
    texts = {field: getattr(passage, field) for field in VARCHAR_BYTES if field != "facets"}
    texts |= {field: "\n".join(texts[field]) for field in ("headings", "languages")}  # Milvus 2.3 refuses lists in JSON
    row: dict[str, Any] = {field: _fitting(text, VARCHAR_BYTES[field]) for field, text in texts.items()}
    if sparse:
        row["lexical"] = passage_vector(terms(f"{passage.label}\n{passage.text}")) or NO_TERMS
    return {**row, "facets": stored.subvectors, "deprecated": passage.deprecated, "vector": stored.vector.tolist()}


def _fitting(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")
