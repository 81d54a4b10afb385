"""The nouns of tests, each with defaults, so that a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import BotIdentity, SlackQuestion
from rag import Passage

A_PASSAGE = Passage(
    id="p1",
    source="spaceship",
    path="airlock.md",
    title="Spaceship FAQ",
    headings=("How is the airlock opened?",),
    url="https://example.org/airlock#How-is-the-airlock-opened",
    version="2.4",
    text="Turn the red handle twice. Then wait for the lamp.",
    score=0.8,
)

A_QUESTION = SlackQuestion(
    team="T0TEAM", channel="C1", ts="1700000000.000002", thread_ts="1700000000.000001", user="U0ASKER", text="why?"
)

BOT = BotIdentity(
    team="T0TEAM",
    enterprise="E0US",
    user="U0BOT",
    bot_id="B0BOT",
    app_id="A0APP",
    name="milvusfaq",
    workspace="https://x.slack.com/",
)


def make_passage(id_: str = "p1", **changes: object) -> Passage:
    return replace(A_PASSAGE, id=id_, **changes)  # type: ignore[arg-type]


def make_passages(*texts: str) -> list[Passage]:
    return [make_passage(f"p{number}", text=text) for number, text in enumerate(texts, start=1)]
