"""The language model: a real call with two questions, one that its passages answer and one that they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.operations.doctor.finding import Finding, fail, ok, warn
from rag.probing import probe_models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rag.probing import ModelProbe
    from rag.settings import RagSettings


async def check_models(settings: RagSettings) -> AsyncIterator[Finding]:
    """Yield how each language model does that is set up."""
    probes = await probe_models(settings)
    if not probes:
        yield ok("language model", "none is set up: answers quote the passages (LEPTONAI_TOKEN)")
    for probe in probes:
        for finding in _read(probe):
            yield finding


def _read(probe: ModelProbe) -> Iterator[Finding]:
    what = f"model {probe.name}"
    if probe.trouble:
        yield fail(what, probe.trouble, probe.hint or "See the table of models in the README.")
        return
    context = f", context of {probe.context_tokens} tokens" if probe.context_tokens else ""
    yield ok(what, f"answers: first word after {probe.first_text_s:.1f} s, whole after {probe.took_s:.1f} s{context}")
    if not probe.streams:
        yield warn(f"{what}: streaming", "its words come all at once", "Nothing: answers appear whole.")
    if not probe.tells_usage:
        do = "LLM_TOKENS_PER_DAY and the report count nothing for it."
        yield warn(f"{what}: usage", "it does not tell how many tokens a call took", do)
    if not probe.takes_system:
        yield ok(f"{what}: roles", "it takes no system message: instructions go with the question")
    if not probe.cites:
        do = "A larger model follows the format; till then milvusfaq looks the passages up itself."
        yield warn(f"{what}: citations", "it put no number behind what it said", do)
    if not probe.abstains:
        do = "What the docs lack may be made up: take a larger model, or keep an eye on marked statements."
        yield warn(f"{what}: not in the docs", "it answered what its passages do not hold", do)
    if probe.cites and probe.abstains:
        yield ok(f"{what}: format", "it cites, and says when the passages do not hold it")
