"""Prompt injection: sentences that give the bot orders are left out of a question."""

from __future__ import annotations

import re

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


def without_orders(text: str) -> str:
    """Return the text without its sentences that give the bot orders; "" where nothing else is there."""
    kept = [sentence for sentence in _SENTENCE.findall(text) if not _ORDERS.search(sentence)]
    return "".join(kept).strip() if len(kept) < len(_SENTENCE.findall(text)) else text
