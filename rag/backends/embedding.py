"""Embedding models: the bundled one, and the ways to another one.

Every embedder speaks pymilvus.model's interface. Nothing here downloads without being asked to, and nothing installs:
pymilvus.model would run pip for a missing package, so its packages are looked for first.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from rag.errors import RetrievalError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from rag.protocols import Embedder
    from rag.settings import RagSettings

BUNDLED = "bundled"
BUNDLED_DIM = 384
BUNDLED_MODEL, BUNDLED_TOKENIZER = "all-MiniLM-L6-v2.int8.onnx", "tokenizer.json"
MULTILINGUAL_MODEL, MULTILINGUAL_TOKENIZER = "multilingual-e5-small.q4.onnx", "e5-tokenizer.json"
MAX_TOKENS = 256
QUERY_TOKENS = 128
"""A long post's beginning says what it is about, in half the time."""
BATCH_TOKENS = 1_024
"""Padded tokens in a batch: as fast as larger ones on two cores, and a tenth of their memory."""
HUB_TIMEOUT_S = 4.0
DEFAULT_FUNCTION_REPOSITORIES = ("GPTCache/paraphrase-albert-onnx", "GPTCache/paraphrase-albert-small-v2")


def open_embedder(settings: RagSettings) -> Embedder:
    """Return the embedder that EMBEDDING_MODEL names.

    Raise SettingsError for a name that means nothing or a package that is missing, RetrievalError for a hub that can't
    be reached (told within ten seconds).
    """
    kind, _, name = settings.embedding_model.partition(":")
    if settings.embedding_model == BUNDLED:
        return LazyEmbedder(open_bundled)
    if settings.embedding_model == "pymilvus-default":
        return _open_pymilvus_default()
    if kind == "openai" and name:
        from rag.backends.openai_compatible import make_embedder

        return make_embedder(
            model=name,
            base_url=settings.embedding_base_url,
            api_key=settings.embedding_api_key.get_secret_value(),
            timeout_s=settings.llm_timeout_s,
            max_retries=settings.llm_max_retries,
        )
    if kind == "sentence-transformers" and name:
        return _open_sentence_transformers(name)
    message = f"EMBEDDING_MODEL={settings.embedding_model!r} is not known."
    hint = "Use bundled, pymilvus-default, openai:<model> or sentence-transformers:<name or path>."
    raise SettingsError(message, hint=hint)


@dataclass(frozen=True, kw_only=True)
class OnnxEmbedder:
    """A model that lies in this package: low-bit weights, computed in fp32; vectors of BUNDLED_DIM numbers.

    The prefixes stand before each text, as the model was trained. It is loaded for questions and for passages apart: a
    question on two cores takes as long as on one and half as much computing again, passages take half as long.
    """

    name: str
    file: str
    tokenizer: Tokenizer
    query_prefix: str = ""
    document_prefix: str = ""

    dim = BUNDLED_DIM

    @cached_property
    def for_questions(self) -> onnxruntime.InferenceSession:
        """The model on one core."""
        return _session(self.file, threads=1)

    @cached_property
    def for_passages(self) -> onnxruntime.InferenceSession:
        """The model on all cores."""
        return _session(self.file, threads=0)

    def encode_queries(self, queries: list[str]) -> list[npt.NDArray[np.float32]]:
        """Return one vector a question, of its first QUERY_TOKENS."""
        tokens = self._tokens(queries, self.query_prefix)
        cut = QUERY_TOKENS - 1  # the last token says that it ends
        shortened = [[*ids[:cut], ids[-1]] if len(ids) > QUERY_TOKENS else ids for ids in tokens]
        return _encode(self.for_questions, shortened)

    def encode_documents(self, documents: list[str]) -> list[npt.NDArray[np.float32]]:
        """Return one vector a passage, of its first MAX_TOKENS."""
        return _encode(self.for_passages, self._tokens(documents, self.document_prefix))

    def _tokens(self, texts: list[str], prefix: str) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch([prefix + text for text in texts])]


@dataclass(frozen=True, slots=True)
class LazyEmbedder:
    """An embedder in this package that is loaded at its first text, by the thread that embeds it."""

    open: Callable[[], OnnxEmbedder]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.open().name

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return BUNDLED_DIM

    def encode_queries(self, queries: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a question."""
        return self.open().encode_queries(queries)

    def encode_documents(self, documents: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a passage."""
        return self.open().encode_documents(documents)


@cache
def open_bundled() -> OnnxEmbedder:
    """Load all-MiniLM-L6-v2 (int8, tools/export_minilm.py): no download. Asked for again, it is the same one."""
    return OnnxEmbedder(name=BUNDLED, file=BUNDLED_MODEL, tokenizer=_tokenizer(BUNDLED_TOKENIZER))


@cache
def open_multilingual() -> OnnxEmbedder:
    """Load multilingual-e5-small (4 bits, tools/export_e5.py): no download. It costs .2 s and 131 MB."""
    return OnnxEmbedder(
        name="multilingual-e5-small",
        file=MULTILINGUAL_MODEL,
        tokenizer=_tokenizer(MULTILINGUAL_TOKENIZER),
        query_prefix="query: ",
        document_prefix="passage: ",
    )


def _encode(session: onnxruntime.InferenceSession, token_ids: list[list[int]]) -> list[npt.NDArray[np.float32]]:
    """Return one vector a text; batches are of like length, so that little is padded."""
    by_length = sorted(range(len(token_ids)), key=lambda i: len(token_ids[i]), reverse=True)
    vectors: dict[int, npt.NDArray[np.float32]] = {}
    while by_length:
        longest = len(token_ids[by_length[0]])
        most = max(1, BATCH_TOKENS // longest)
        batch = [i for i in by_length[:most] if 2 * len(token_ids[i]) >= longest]
        by_length = by_length[len(batch) :]
        vectors.update(zip(batch, _run(session, [token_ids[i] for i in batch]), strict=True))
    return [vectors[i] for i in range(len(token_ids))]


def _run(session: onnxruntime.InferenceSession, token_ids: list[list[int]]) -> npt.NDArray[np.float32]:
    shape = len(token_ids), max(map(len, token_ids))
    ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, tokens in enumerate(token_ids):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    (vectors,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    result: npt.NDArray[np.float32] = vectors
    return result


def _session(file: str, *, threads: int) -> onnxruntime.InferenceSession:
    """Load a model that computes on so many cores; 0 for all."""
    with as_file(files("rag.starter") / file) as model_path:
        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False  # what a batch of passages needed is not kept for the next question
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # a machine without /sys/class/drm is no news
        # Its threads would go on spinning after each question: 10 ms of processor time to save 1 ms.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])


def _tokenizer(file: str) -> Tokenizer:
    tokenizer = Tokenizer.from_str((files("rag.starter") / file).read_text(encoding="utf-8"))
    # MiniLM's file pads and cuts at 128 tokens; the model was made for 256.
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


@dataclass(frozen=True)
class PymilvusEmbedder:
    """One of pymilvus.model's functions under our name."""

    name: str
    function: Any  # pymilvus.model has no types

    @cached_property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self.function.dim)

    def encode_queries(self, queries: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a question."""
        return [np.asarray(vector, dtype=np.float32) for vector in self.function.encode_queries(queries)]

    def encode_documents(self, documents: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a passage."""
        return [np.asarray(vector, dtype=np.float32) for vector in self.function.encode_documents(documents)]


def _open_pymilvus_default() -> PymilvusEmbedder:
    _require("EMBEDDING_MODEL=pymilvus-default", {"huggingface_hub": "huggingface-hub", "transformers": "transformers"})
    onnx_repository, tokenizer_repository = DEFAULT_FUNCTION_REPOSITORIES
    _require_hub({onnx_repository: "model.onnx", tokenizer_repository: "config.json"})
    from pymilvus import model

    try:
        return PymilvusEmbedder("pymilvus-default", model.DefaultEmbeddingFunction())
    except (OSError, ValueError) as error:  # huggingface_hub's errors are OSErrors, transformers' ValueErrors
        message = "pymilvus.model's default embedding model can't be loaded."
        raise RetrievalError(message, hint="EMBEDDING_MODEL=bundled needs no download.") from error


def _open_sentence_transformers(name: str) -> PymilvusEmbedder:
    _require(
        f"EMBEDDING_MODEL=sentence-transformers:{name}",
        {"sentence_transformers": "sentence-transformers", "torch": "torch"},
    )
    from pathlib import Path

    if not Path(name).is_dir():
        repository = name if "/" in name else f"sentence-transformers/{name}"
        _require_hub({repository: "config.json"})
    from pymilvus import model

    try:
        function = model.dense.SentenceTransformerEmbeddingFunction(model_name=name)
    except (OSError, ValueError) as error:
        message = f"The sentence-transformers model {name!r} can't be loaded."
        raise RetrievalError(message, hint="Is it a model's name on the hub, or a folder that holds one?") from error
    return PymilvusEmbedder(f"sentence-transformers:{name}", function)


def _require(setting: str, packages: dict[str, str]) -> None:
    """Refuse, in words, what pymilvus.model would answer with a `pip install` of its own."""
    missing = [package for module, package in packages.items() if importlib.util.find_spec(module) is None]
    if missing:
        message = f"{setting} needs packages that are not installed: {', '.join(missing)}."
        raise SettingsError(message, hint=f"Run: pip install {' '.join(missing)}")


def _require_hub(files_needed: dict[str, str]) -> None:
    """Check that each repository's file is cached, or that the hub answers: its own retries take 50 s to give up."""
    import httpx2
    from huggingface_hub import constants, try_to_load_from_cache

    if all(isinstance(try_to_load_from_cache(repo, name), str) for repo, name in files_needed.items()):
        constants.HF_HUB_OFFLINE = True  # what is cached is used as it is: no call, no retries
        return
    try:
        httpx2.head(constants.ENDPOINT, timeout=HUB_TIMEOUT_S)
    except httpx2.HTTPError as error:
        message = f"The model hub {constants.ENDPOINT} can't be reached, and the model is not in its cache."
        raise RetrievalError(message, hint="EMBEDDING_MODEL=bundled needs no download.") from error
