"""The real Milvus docs and questions, where they lie beside the project."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag import Question
from rag.backends.embedding import open_bundled
from rag.backends.milvus import open_milvus
from rag.evaluation import read_cases, score
from rag.ingest.chunking import PASSAGE_CHARACTERS, make_passages, page_paths
from rag.ingest.indexing import IngestPlan, index
from rag.ingest.sources import read_source
from rag.query.spelling import Speller
from rag.retrieval.retriever import HybridRetriever
from rag.wiring import starter_passages

if TYPE_CHECKING:
    from rag import Passage

EVALUATION = Path(__file__).parents[3] / "shared" / "eval"
ARCHIVE_24, ARCHIVE_30 = (EVALUATION / f"milvus_docs_{version}.x_en.zip" for version in ("2.4", "3.0"))

pytestmark = pytest.mark.skipif(not ARCHIVE_24.exists(), reason="the Milvus docs are not beside this checkout")


def passages_of(archive: Path, only: str = "") -> list[Passage]:
    source = read_source(str(archive), only=only)
    assert source.left_out == ()
    return [passage for path in page_paths(source) for passage in make_passages(source, path)]


@pytest.mark.parametrize(("archive", "least"), [(ARCHIVE_24, 2_000), (ARCHIVE_30, 5_000)])
def test_every_page_is_read_and_clean(archive: Path, least: int) -> None:
    passages = passages_of(archive)
    assert len(passages) > least
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        assert 0 < len(passage.text) <= PASSAGE_CHARACTERS
        assert passage.url.startswith("https://milvus.io/docs/")
        assert not re.search(r"\s", passage.url), passage.url
        prose = re.sub(r"```.*?```|`[^`]*`", "", passage.text, flags=re.DOTALL)
        assert "<!--" not in prose


def test_the_docs_own_links_with_anchors_lead_to_addresses_that_we_build() -> None:
    source = read_source(str(ARCHIVE_24))
    ours = {
        passage.url.removeprefix("https://milvus.io/docs/v2.4.x/")
        for path in page_paths(source)
        for passage in make_passages(source, path)
    }
    link_pattern = r"\]\((?:https://milvus\.io/docs/)?([\w-]+\.md#[^)\s]+)\)"
    linked = {link for text in source.texts.values() for link in re.findall(link_pattern, text)}
    known_pages = {address.partition("#")[0] for address in ours}
    met = Counter(link in ours for link in linked if link.partition("#")[0] in known_pages)
    # Eleven of the docs' own links lead to headings that their pages no longer have, or are misspelt.
    assert met == {True: 63, False: 11}, sorted(link for link in linked if link not in ours)


def test_the_tutorials_question_finds_its_section_and_the_faq_is_found_well(tmp_path: Path) -> None:
    embedder = open_bundled()
    with open_milvus(uri=str(tmp_path / "milvus.db"), token="", alias="faq") as store:
        index(store, embedder, IngestPlan(passages=passages_of(ARCHIVE_24, "en/faq")), progress=lambda *_: None)
        vocabulary = store.vocabulary()
        retriever = HybridRetriever(store=store, embedder=embedder, vocabulary=vocabulary, speller=Speller(vocabulary))

        def search(question: Question) -> tuple[Passage, ...]:
            return retriever.search_now(question, limit=10).passages

        headings = [passage.heading for passage in search(Question(text="How is data stored in milvus?"))]
        assert headings[0] == "Where does Milvus store data?"
        assert "How does Milvus flush data?" in headings[:5]
        pages = store.paths()
        cases = [case for case in read_cases(EVALUATION / "dev.jsonl", ["faq"]) if case.kind != "multilingual"]
        scored = [figures for case in cases if (figures := score(case, search(case.question), pages))]
    assert sum(figures.hit3 for figures in scored) / len(scored) > 0.95


def test_the_starter_faq_is_in_our_own_words_and_its_addresses_exist() -> None:
    starter, docs = starter_passages(), passages_of(ARCHIVE_24)
    assert len(starter) >= 50
    known = {passage.url for passage in docs} | {passage.url.partition("#")[0] for passage in docs}
    assert [passage.url for passage in starter if passage.url not in known] == []
    in_docs = {run for passage in docs for run in _runs(passage.text)}
    assert [(p.heading, copied) for p in starter if (copied := _runs(p.text) & in_docs)] == []


def _runs(text: str, words: int = 8) -> set[tuple[str, ...]]:
    """Return every run of so many words in a row, code left out."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL).lower()
    found = re.findall(r"\w+", prose)
    return {tuple(found[i : i + words]) for i in range(len(found) - words + 1)}
