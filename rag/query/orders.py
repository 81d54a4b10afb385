"""Orders: texts that turn to the bot itself, to change its instructions or to see them.

They only word a refusal: a text that the docs have something near for is never refused, and loses no sentence. Against
orders stand the prompt, and the check that no reply repeats it (rag.answering.leaks).
"""

from __future__ import annotations

import re

_ORDERS = re.compile(
    r"\b(?:ignore|forget|disregard|override|bypass)\b[^.?!\n]{0,40}"
    r"\b(?:instructions?|rules|prompts?|guidelines|directions|restrictions|everything\s+above)\b"
    r"|\b(?:system|hidden|secret|initial|your)\s+(?:\w+\s+)?(?:prompts?|instructions?)\b"
    r"|\byou\s+are\s+(?:now|no\s+longer)\b|\broleplay\b|\bjailbreak|\b(?:developer|debug|god|admin)\s+mode\b"
    r"|\b(?:pretend|act|behave)\s+(?:as|to\s+be|you|like)\b|\bi\s+am\s+your\s+(?:admin\w*|developer|owner|creator)\b"
    r"|\b(?:text|message|words)\s+(?:above|before)\b|\bprivate\s+messages\b",
    re.IGNORECASE,
)


def gives_orders(text: str) -> bool:
    """Tell whether a text orders the bot about."""
    return bool(_ORDERS.search(text))
