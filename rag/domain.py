"""The nouns of rag: what a question is, and what an answer rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt


Role = Literal["user", "assistant"]
AnswerKind = Literal["grounded", "extractive", "abstained"]
Style = Literal["", "anew", "longer", "shorter"]
OffTopic = Literal[
    "orders", "another product", "nothing near", "refers to nothing", "prices", "plans", "licences", "comparison"
]
Wants = Literal["answer", "person", "nothing"]
NoticeKind = Literal[
    "no model",
    "model unreachable",
    "model slow",
    "model refuses",
    "model overloaded",
    "model broke off",
    "model cut short",
    "model filtered",
    "model fails",
    "model looped",
    "reply unusable",
    "not held",
    "unmarked",
    "sources found",
    "values missing",
    "unsupported",
    "part missing",
    "version absent",
    "shortened",
    "stopped",
    "tokens spent",
    "own tokens spent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One earlier turn of the conversation."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, and the turns before it, oldest first.

    With a `style` the answer `before` did not do: it is answered anew, in more detail, or shorter.
    """

    text: str
    history: tuple[Message, ...] = ()
    style: Style = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of one section of a page, as it stands in the collection.

    `headings` is the way down to the section, the page's own title left out. `path` is the page's path within its
    source, `url` its public address with anchor ("" where it has none), `version` the docs version ("" where it has
    none), `text` its Markdown. `languages` are those of the SDK tabs that it stands in, `deprecated` tells that its
    page says so of itself. `score` is the inner product with the question's vector, both of length 1: a cosine, at
    most 1; 0 for a passage that was not searched.
    """

    id: str
    source: str
    path: str
    title: str
    headings: tuple[str, ...]
    url: str
    version: str
    text: str
    languages: tuple[str, ...] = ()
    deprecated: bool = False
    score: float = 0.0

    @property
    def heading(self) -> str:
        """The section's headings from the outermost to its own; "" for a page's beginning."""
        return " > ".join(self.headings)

    @property
    def label(self) -> str:
        """Page > heading, as a reader sees it."""
        return " > ".join((self.title, *self.headings))

    @property
    def docs(self) -> str:
        """Which docs it stands in: `Milvus 2.4`; "" where it has no version."""
        return f"Milvus {self.version}" if self.version else ""

    @property
    def edition(self) -> str:
        """Which docs it stands in, and whether its page is deprecated, as a reader of English sees it."""
        return ", ".join(filter(None, (self.docs, "deprecated page" if self.deprecated else "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line that a reader should know of an answer: in English, and as what another language may say it by."""

    kind: NoticeKind
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Docs:
    """What there is to answer from: docs versions ("" for documents without one), and when an ingest last changed it.

    `built_at` is in seconds since 1970, `passages` how many there are.
    """

    versions: tuple[str, ...]
    built_at: float
    passages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPassage:
    """A passage, its vector of length 1, and the packed vectors of its parts (rag.text.subvectors)."""

    passage: Passage
    vector: npt.NDArray[np.float32]
    subvectors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What a search brought: passages, best first, and what a reader should know of them.

    `neighbours` are other parts of the first ones' sections. `off_topic` is why the question is none for the docs, or
    None where it may be one. `vectors` holds, by passage id, those of a passage's parts, one a row.
    """

    passages: tuple[Passage, ...]
    neighbours: tuple[Passage, ...] = ()
    notices: tuple[Notice, ...] = ()
    off_topic: OffTopic | None = None
    vectors: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What a post wants that is addressed to nobody, how likely an answer (0 to 1), and by what that was told.

    `usage` is what asking the language model cost, None where it was not asked, or does not tell.
    """

    wants: Wants
    likelihood: float
    told_by: Literal["form", "classifier", "model"]
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a question is searched: its language (ISO 639-1), the docs versions, what is searched by, what is found.

    `queries` are the whole question and its parts.
    """

    language: str
    versions: tuple[str, ...]
    queries: tuple[str, ...]
    retrieved: Retrieved


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A passage that the answer rests on: its number in the text, and words that stand in it verbatim."""

    number: int
    passage: Passage
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the language model counted, in its tokens."""

    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        """Return what two calls cost together."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """A question in the words of a `model`, "" for none; how many seconds that took, what it cost if that is told."""

    text: str = ""
    model: str = ""
    took_s: float = 0.0
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """All that a model has said so far was reasoning, not its answer."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model reasons before it answers."""


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """What follows is another model's than the one that was to answer."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How an answer came about: what was found, what wrote it, and how long each step took.

    `model` and `prompt` name what wrote it and the version of its instructions, "" where no model did.
    `statements` is how many the reply makes, `remarked` how many of them the check marks or remarks. `search_s` is the
    time until the passages were found (a follow-up's rewording included), `first_text_s` and `model_s` the model's time
    until its first and its last word; 0 where it was not asked. `rewording` is what was searched beside the question.
    """

    passages: tuple[Passage, ...] = ()
    model: str = ""
    prompt: str = ""
    usage: Usage | None = None
    statements: int = 0
    remarked: int = 0
    search_s: float = 0.0
    first_text_s: float = 0.0
    model_s: float = 0.0
    rewording: Rewording = Rewording()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Markdown with `[n]` marks, and the citations that they point to.

    `grounded` is written by the model from the passages, `extractive` is the passages themselves, `abstained` says
    that the docs do not hold it (its citations are the nearest pages; `off_topic` is why the model was not even asked,
    None where it was). `notices` are what a reader should know besides, such as why there is no model's answer.
    """

    text: str
    citations: tuple[Citation, ...]
    kind: AnswerKind
    notices: tuple[Notice, ...] = ()
    off_topic: OffTopic | None = None
    trace: Trace = Trace()

    @property
    def notice(self) -> str:
        """The notices as one line of English; "" where there are none."""
        return " ".join(notice.text for notice in self.notices)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that a search found, and the vectors of its parts (see `subvector_texts`), of length 1, one a row."""

    passage: Passage
    subvectors: npt.NDArray[np.float32]


Piece: TypeAlias = str | Usage | Notice | Discard | Thinking | WrittenBy
"""What a model's reply brings: words of its answer, what it cost, what a reader should know, and how it comes about."""
