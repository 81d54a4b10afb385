"""Samples: posts that are no plain words, as Slack delivers them: forwards, alerts, forms, files with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.workspace import BOT_USER

if TYPE_CHECKING:
    from bot.playground.workspace import Json

ALERTS, FLOWS = "B0ALERTS", "B0FLOWS"
"""The apps that post here; the demo's bot answers them (ANSWER_APPS)."""
LOG = """[2026/11/20 09:14:02.118 +00:00] [ERROR] [querynode] ["failed to load segment"] [error="out of memory"]
[2026/11/20 09:14:02.120 +00:00] [WARN] [querycoord] ["load collection timeout"] [collectionID=447]
"""
SHOWN_LINES = 1
SAMPLES: dict[str, Json] = {
    "forward": {
        "text": f"<@{BOT_USER}> what can we do about this?",
        "attachments": [
            {
                "is_share": True,
                "is_msg_unfurl": True,
                "author_name": "Ben",
                "text": "our query node runs out of memory when it loads the collection",
                "fallback": "[November 20th, 2026 9:15 AM] ben: our query node runs out of memory",
                "ts": "1795166100.000100",
                "channel_id": "C0OPS",
                "footer": "Posted in #ops",
            }
        ],
    },
    "alert": {
        "user": None,
        "subtype": "bot_message",
        "bot_id": ALERTS,
        "username": "Alerts",
        "text": "",
        "attachments": [
            {
                "color": "b42318",
                "title": "querynode memory above 95 %",
                "text": "Why does a query node run out of memory?",
                "fallback": "querynode memory above 95 %",
                "fields": [{"title": "Cluster", "value": "staging", "short": True}],
            }
        ],
    },
    "form": {
        "user": None,
        "subtype": "bot_message",
        "bot_id": FLOWS,
        "workflow_id": "Wf0ASK",
        "username": "Ask about Milvus",
        "text": "*Question*\nHow is metadata stored in Milvus?\n*Asked by* <@U0ADA>",
    },
    "file": {"text": f"<@{BOT_USER}> what does this log mean?"},
}
