"""Embedding models: the bundled one held to its fp32 original, and the other ways opened."""

from __future__ import annotations

import hashlib
import importlib.util
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import RetrievalError, SettingsError
from rag.backends.embedding import open_bundled, open_embedder, open_multilingual
from rag.settings import RagSettings
from tests.standins.model import ModelStandIn

if TYPE_CHECKING:
    from rag.backends.embedding import OnnxEmbedder

REFERENCE = Path(__file__).with_name("reference_vectors.npy")
REFERENCE_TEXTS = Path(__file__).with_name("reference_texts.txt")


@pytest.fixture(scope="module")
def bundled() -> OnnxEmbedder:
    return open_bundled()


def settings(**changes: str) -> RagSettings:
    return RagSettings(_env_file=None, **changes)  # type: ignore[arg-type]


def test_vectors_are_those_of_the_fp32_model(bundled: OnnxEmbedder) -> None:
    """The reference was computed by tools/export_minilm.py --reference from the public fp32 weights."""
    texts = REFERENCE_TEXTS.read_text(encoding="utf-8").splitlines()
    vectors = np.array(bundled.encode_documents(texts))
    assert vectors.shape == (len(texts), 384)
    assert vectors.dtype == np.float32
    cosines = (vectors * np.load(REFERENCE)).sum(axis=1)
    assert cosines.min() > 0.998


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(bundled: OnnxEmbedder) -> None:
    texts = ["short", "a longer text " * 30, "", "漢字", "x" * 5_000] * 9
    together = np.array(bundled.encode_documents(texts))
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.array([bundled.encode_queries([text])[0] for text in texts[:5]])
    assert (together[:5] * alone).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_what_means_the_same_is_near(bundled: OnnxEmbedder) -> None:
    query, near, far = bundled.encode_queries(["How is data stored?", "Where are rows kept?", "The cat is hungry."])
    assert query @ near > query @ far + 0.2


def test_the_multilingual_model_finds_what_is_said_in_another_language() -> None:
    """The files are those that tools/export_e5.py writes; its vectors were compared with the wheel's own engine."""
    model = open_multilingual()
    label, other = model.encode_documents(["Delete a partition", "Query node memory"])
    for query in model.encode_queries(
        ["wie lösche ich eine Partition", "如何删除分区", "パーティションを削除する方法"]
    ):
        assert query @ label > query @ other + 0.03
    together = np.array(model.encode_queries(["kurz", "länger " * 40, "漢字"]))
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.array([model.encode_queries([text])[0] for text in ("kurz", "länger " * 40, "漢字")])
    assert (together * alone).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_the_notice_names_every_model_in_the_package() -> None:
    notice = (Path(__file__).parents[3] / "NOTICE").read_text(encoding="utf-8")
    for model in files("rag.starter").iterdir():
        if model.name.endswith(".onnx"):
            assert model.name in notice
            assert hashlib.sha256(model.read_bytes()).hexdigest() in notice


def test_no_text_makes_no_vector(bundled: OnnxEmbedder) -> None:
    assert bundled.encode_documents([]) == []


def test_an_embeddings_endpoint_is_brought_to_length_one() -> None:
    with ModelStandIn() as model:
        chosen = settings(embedding_model="openai:letters", embedding_base_url=model.base_url, embedding_api_key="k")
        embedder = open_embedder(chosen)
        assert (embedder.name, embedder.dim) == ("openai:letters", 8)
        vectors = embedder.encode_documents([f"text {n}" for n in range(100)])
        assert len(model.embedded) == 101
    assert np.linalg.norm(np.array(vectors), axis=1) == pytest.approx(1, abs=1e-5)


def test_an_embeddings_endpoint_that_is_down_is_told() -> None:
    chosen = settings(embedding_model="openai:letters", embedding_base_url="http://127.0.0.1:9/", llm_max_retries="0")
    with pytest.raises(RetrievalError, match=r"The embedding model can't be reached\. Check EMBEDDING_BASE_URL\."):
        open_embedder(chosen).encode_queries(["x"])


@pytest.mark.parametrize("name", ["word2vec", "openai:", "sentence-transformers:", ""])
def test_a_name_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises((SettingsError, ValueError), match=r"is not known|at least 1"):
        open_embedder(settings(embedding_model=name))


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="it is installed here")
def test_a_missing_package_is_told_and_not_installed() -> None:
    with pytest.raises(SettingsError, match="not installed: sentence-transformers") as caught:
        open_embedder(settings(embedding_model="sentence-transformers:all-MiniLM-L6-v2"))
    assert "pip install sentence-transformers" in caught.value.hint
    assert importlib.util.find_spec("sentence_transformers") is None


def test_a_hub_that_can_not_be_reached_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants  # noqa: PLC0415 - 0.5 s that the other tests need not wait for

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(RetrievalError, match=r"The model hub http://127.0.0.1:9 can't be reached"):
        open_embedder(settings(embedding_model="pymilvus-default"))
