"""Compare the speed of a whole ingest with the bare model's on the same texts, in one run.

    python -m benchmarks.indexing SOURCE

Whole: read, clean, cut, embed, write to Milvus Lite, count words, switch. Bare: encode_documents on the same texts in
the same batches, and nothing else. Both are measured in turns of a quarter of the passages, so that a noisy neighbour
slows both.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from rag.backends.embedding import open_bundled
from rag.backends.milvus import open_milvus
from rag.ingest.chunking import embedding_text, make_passages, page_paths
from rag.ingest.indexing import EMBED_BATCH, IngestPlan, index
from rag.ingest.sources import read_source
from rag.text.subvectors import subvector_texts

TURNS = 4


def main() -> None:
    """Print passages a second, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    options = parser.parse_args()
    embedder = open_bundled()
    begun = time.perf_counter()
    source = read_source(options.source)
    passages = [passage for path in page_paths(source) for passage in make_passages(source, path)]
    whole, bare = time.perf_counter() - begun, 0.0
    with TemporaryDirectory() as folder:
        for turn in range(TURNS):
            part = passages[turn::TURNS]
            begun = time.perf_counter()
            for start in range(0, len(part), EMBED_BATCH):
                texts = [
                    text
                    for passage in part[start : start + EMBED_BATCH]
                    for text in (embedding_text(passage), *subvector_texts(passage))
                ]
                embedder.encode_documents(texts)
            bare += time.perf_counter() - begun
            begun = time.perf_counter()
            with open_milvus(uri=str(Path(folder) / f"{turn}.db"), token="", alias="bench") as store:
                index(store, embedder, IngestPlan(passages=part), progress=lambda *_: None)
            whole += time.perf_counter() - begun
    figures = len(passages) / whole, len(passages) / bare
    Console(highlight=False).print(
        f"{len(passages)} passages: whole ingest {figures[0]:.1f}/s, bare encoding {figures[1]:.1f}/s, "
        f"ratio {figures[0] / figures[1]:.2f}"
    )


if __name__ == "__main__":
    main()
