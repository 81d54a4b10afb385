"""All that the bot sends, held against Slack's own rules: each payload goes to the real `blocks.validate`.

    make validate-live

It takes no token and no workspace. The payloads come from a run against the playground: answers of each kind, notices,
forms, the home tab. Where Slack can't be reached it says so, and ends with 0; a payload that Slack refuses is printed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from rich.console import Console

from benchmarks.measure import running
from bot.rendering.action_ids import FEEDBACK_ACTION
from tests.standins.model import ModelStandIn, Reply
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "https://slack.com/api/blocks.validate"
TIMEOUT_S = 10.0
PAUSE_S = 1.2
"""Its rate limits are "special": one a second is asked for here."""
QUESTIONS = (
    "How is data stored in Milvus?",
    "How do I bake sourdough bread?",
    "",
    "Wie werden Daten in Milvus gespeichert?",
)
REPLY = Reply(
    "Data is kept in object storage [1].\n\n| kind | place |\n|---|---|\n| metadata | etcd [1] |\n\n"
    "```python\nclient.flush()\n```\n- a list [1]\n"
)


def main() -> None:
    """Validate every payload of a run."""
    out = Console(highlight=False)
    payloads = list({json.dumps(one, sort_keys=True): one for one in record()}.values())
    out.print(f"{len(payloads)} payloads recorded")
    refused = 0
    for payload in payloads:
        try:
            response = httpx2.post(ADDRESS, json=payload, timeout=TIMEOUT_S)
            told: dict[str, Any] = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            out.print(f"Slack can't be reached from here: nothing was validated ({type(error).__name__}).")
            return
        if not told.get("ok"):
            refused += 1
            out.print_json(data={"slack": told, "payload": payload})
        time.sleep(PAUSE_S)
    out.print(f"{len(payloads) - refused} taken, {refused} refused")
    sys.exit(bool(refused))


def record() -> Iterator[dict[str, Any]]:
    """Yield what the bot sends in a run: blocks of messages, and views."""
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        model.choose = lambda: REPLY
        channel = slack.join("C0LIVE")
        with running(slack, model, Path(name), "-m", "bot"):
            for question in QUESTIONS:
                (answer, *_) = slack.wait_for_replies(channel, slack.mention(channel, question))
            value = json.dumps({"question": answer["thread_ts"], "liked": False})
            slack.press(channel, answer, FEEDBACK_ACTION, value)
            slack.shortcut(channel, {"ts": "1.1", "text": "How is it kept?", "user": "U0ASKER"})
            slack.open_home()
            slack.wait_for(lambda: len(slack.views) > 1 and slack.homes, "the forms and the home tab")
        for call in slack.calls:
            if blocks := call.arguments.get("blocks"):
                yield {"blocks": blocks}
            if view := call.arguments.get("view"):
                yield {"view": view}


if __name__ == "__main__":
    main()
