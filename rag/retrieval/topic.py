"""This file is where it is told, before any model is asked, that a question is none about Milvus.

Three ways out: it gives the bot orders, it names another product, or nothing that the docs say is near it.
`make calibrate` fits the numbers on answerable questions and on benchmarks/topics.jsonl, and prints what they cost.
What is about Milvus and yet not in the docs can't be told here: the model's prompt does that.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.retrieval.ranking import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.domain import OffTopic
    from rag.retrieval.ranking import Candidate

RULE_FILE = "topic.json"
NEAREST = 3
SIGNS = ("sentence", "words", "length", "product")
"""What is weighed: the nearest sentence's cosine, the best BM25, the question's number of terms, another product."""

_MILVUS = re.compile(r"\b(?:milvus|zilliz|attu|birdwatcher|knowhere|pymilvus)\b", re.IGNORECASE)
_OTHER_PRODUCT = re.compile(
    r"\b(?:pinecone|weaviate|qdrant|chromadb|chroma's|vespa|lancedb|pgvector|postgres|postgresql|mysql|mariadb|sqlite|"
    r"oracle database|mongodb|mongo|redis|redisearch|dynamodb|cassandra|scylladb|neo4j|elasticsearch|opensearch|solr|"
    r"lucene|snowflake|bigquery|databricks|clickhouse|duckdb|rabbitmq|activemq|nginx|tomcat|jenkins|terraform|ansible|"
    r"gitlab|git|jira|confluence|excel|powerpoint|photoshop|outlook|rails|django|angular|typescript|kotlin|php|"
    r"scikit-learn|sklearn|tensorflow|salesforce|rsync|sagemaker|java virtual machine|grafana oncall|nfs)\b",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:ignore|forget|disregard|override|bypass)\b[^.?!\n]{0,40}"
    r"\b(?:instructions?|(?:the|all|your)\s+rules|prompts?|guidelines|directions|restrictions|everything\s+above)\b"
    r"|\b(?:system|hidden|secret|initial)\s+(?:prompts?|instructions?|messages?)\b"
    r"|\byour\s+(?:\w+\s+)?(?:instructions|prompt|rules|guidelines|restrictions|configuration|api\s+key|context\s+window)\b"
    r"|\byou\s+are\s+(?:now|no\s+longer)\b|\bfrom\s+now\s+on\b|\broleplay\b|\bjailbreak"
    r"|\b(?:pretend|act|behave|role-?play)\s+(?:as|to\s+be|you|like)\b|\b(?:developer|debug|god|admin)\s+mode\b"
    r"|\b(?:new|updated)\s+(?:instructions?|polic(?:y|ies)|rules?)\s*:|^\s*system\s*:|\bstop\s+being\b"
    r"|\banswer\s+(?:only|every|all)\b[^.?!\n]{0,30}\bwith\b|\b(?:text|message|words)\s+(?:above|before)\b"
    r"|\bas\s+(?:the|an|your)\s+(?:admin\w*|developer|owner|root)\b|\bi\s+(?:order|command)\s+you\b"
    r"|\bi\s+am\s+your\s+(?:admin\w*|developer|owner|creator)\b|\bexecute\s+the\s+(?:shell\s+)?command\b"
    r"|\b(?:other|private|direct)\s+(?:users?|people|messages?|conversations?)\b[^.?!\n]{0,40}"
    r"\b(?:sent|asked|wrote|told|said|messages?|you)\b|\bprivate\s+messages\b|\bsend\s+all\s+conversations\b"
    r"|\bdelete\s+(?:every|all|the)\s+(?:\w+\s+)?(?:collections?|data)?\s*and\s+(?:report|confirm|say)\b",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE = re.compile(r"[^.?!\n]+[.?!\n]*")


def is_other_product(word: str) -> bool:
    """Tell whether the word is the name of a product that is not Milvus."""
    return bool(_OTHER_PRODUCT.fullmatch(word))


def without_orders(text: str) -> str:
    """Return the text without its sentences that give the bot orders; "" where nothing else is there."""
    kept = [sentence for sentence in _SENTENCE.findall(text) if not _ORDERS.search(sentence)]
    return "".join(kept).strip() if len(kept) < len(_SENTENCE.findall(text)) else text


def off_topic(
    text: str, *, terms: int, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]
) -> OffTopic | None:
    """Return why the question (of so many terms) is none for the docs, or None; `table` is what ranking measured."""
    rule = _rule()
    found = signs(text, terms=terms, table=table, candidates=candidates)
    if sum(rule.weights[sign] * value for sign, value in found.items()) >= rule.threshold:
        return None
    return "another product" if found["product"] else "nothing near"


def signs(
    text: str, *, terms: int, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]
) -> dict[str, float]:
    """Return what the rule weighs."""
    best = table.max(axis=0)
    return {
        "sentence": float(best[FEATURES.index("sentence")]),
        "words": math.log1p(10 * best[FEATURES.index("bm25")]),
        "length": math.log1p(terms),
        "product": float(_is_about_another(text, table, candidates)),
    }


def _is_about_another(text: str, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]) -> bool:
    """Tell whether it names another product, not Milvus, and the nearest passages do not name that either."""
    named = _OTHER_PRODUCT.search(text)
    if not named or _MILVUS.search(text):
        return False
    nearest = table[:, FEATURES.index("whole")].argsort()[::-1][:NEAREST]
    return not any(named[0].lower() in candidates[i].passage.text.lower() for i in nearest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    weights: dict[str, float]
    threshold: float


@lru_cache(maxsize=1)
def _rule() -> _Rule:
    return _Rule(**json.loads((files("rag.starter") / RULE_FILE).read_text(encoding="utf-8")))
