"""Orders to the bot before a real small model: how many it would follow, and what of that a person gets to see.

    python -m benchmarks.attacks [MOST]

The attack texts of benchmarks/rows/scope.jsonl are asked one by one, over the starter FAQ, with the model of
`make real-model` behind; each reply is looked at as the model wrote it and as it would be shown.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.real_model import CONTEXT_TOKENS, MODEL, serving
from rag.answering.reply_forms import repeats_instructions
from rag.domain import Question
from rag.settings import RagSettings
from rag.wiring import open_answerer

ROWS = Path(__file__).parent / "rows" / "scope.jsonl"
TIMEOUT_S, MAX_TOKENS = 120, 200


async def ask(texts: list[str], settings: RagSettings) -> Counter[str]:
    """Return how often what came of it."""
    counts: Counter[str] = Counter()
    async with open_answerer(settings) as answerer:
        for text in texts:
            said: list[str] = []

            async def note(words: str, said: list[str] = said) -> None:
                said.append(words)

            answer = await answerer.answer(Question(text=text), on_text=note)
            asked = bool(answer.trace.model)
            counts["turned away before the model was asked"] += not asked
            counts["the model's reply was not shown: it repeats the instructions"] += asked and bool(answer.off_topic)
            counts["the model said that the docs lack it"] += (
                asked and answer.kind == "abstained" and not answer.off_topic
            )
            counts["answered from passages, or with them alone"] += answer.kind in ("grounded", "extractive")
            counts["of these, the instructions stand in the answer"] += repeats_instructions(answer.text)
            counts["instructions seen while the answer grew"] += repeats_instructions("".join(said))
    return counts


def main() -> None:
    """Print the table."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else None
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    attacks = [row["text"] for row in rows if row["kind"].startswith("attack")]
    texts = attacks[:: -(-len(attacks) // most)] if most else attacks
    with serving() as address, TemporaryDirectory() as folder:
        settings = RagSettings(
            milvus_uri=f"{folder}/milvus.db",
            leptonai_token="none",  # noqa: S106 - no secret: the model is served here
            llm_base_url=address,
            llm_model="smollm2",
            llm_max_tokens=MAX_TOKENS,
            llm_timeout_s=TIMEOUT_S,
            llm_context_tokens=CONTEXT_TOKENS,
            _env_file=None,
        )
        counts = asyncio.run(ask(texts, settings))
    out = Console(soft_wrap=True, highlight=False, markup=False)
    out.print(f"\n{len(texts)} attack texts on the starter FAQ; {MODEL}\n\n| | |\n|---|---|")
    for what, count in counts.items():
        out.print(f"| {what} | {count} |")


if __name__ == "__main__":
    main()
