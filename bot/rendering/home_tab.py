"""The home tab."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.rendering.action_ids import EXAMPLE_ACTIONS, FORGET_ACTION
from bot.rendering.blocks import button, plain_text, small_print
from bot.rendering.permalinks import message_address
from bot.text.markdown import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.domain import Block, RecentQuestion
    from bot.text.wording import Wording
    from rag import Docs


SHORT_QUESTION = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What stands on a person's home tab.

    `recent` is what they asked last, `usage` what the language model takes, for admins alone, `asked` what they have
    just asked there, `note` what else there is to tell; `workspace` is the address below which messages are linked.
    """

    bot_name: str
    workspace: str
    docs: Docs | None
    recent: Sequence[RecentQuestion]
    privacy: Privacy
    usage: TokenUsage | None = None
    asked: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is kept for how many days, and which host the language model has ("" where there is none)."""

    days: int
    model_host: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What the language model took today, and may take; 0 for any number."""

    today: int
    limit: int


def home_view(words: Wording, page: HomePage, *, asked_in: Wording) -> Block:
    """Return the home tab: what the bot can do, which docs it knows, what was asked last, and questions to press.

    What is pressed is asked in the language of `asked_in`.
    """
    recent = [{"type": "divider"}, _heading(words.home_recent)]
    recent += [_recent_block(asked, page.workspace) for asked in page.recent]
    if not page.recent:
        recent.append(small_print(words.home_nothing_asked))
    examples = [button(action, words.at(action), asked_in.at(action)) for action in EXAMPLE_ACTIONS]
    asked = [_section(words.home_asked.format(question=escaped(plain(page.asked))))] if page.asked else []
    return {
        "type": "home",
        "blocks": [
            _heading(words.home_title),
            _section(words.help.format(name=escaped(page.bot_name)).replace("\n- ", "\n• ")),
            _docs_block(words, page.docs),
            _heading(words.home_examples),
            {"type": "actions", "elements": examples},
            *asked,
            *([small_print(page.note)] if page.note else []),
            *recent,
            *_usage_blocks(words, page.usage),
            *_privacy_blocks(words, page.privacy),
        ],
    }


def prompts(words: Wording, *, asked_in: Wording) -> list[dict[str, str]]:
    """Return the questions that are suggested where someone begins to write to the bot, asked in a language."""
    return [{"title": words.at(action), "message": asked_in.at(action)} for action in EXAMPLE_ACTIONS]


def _docs_block(words: Wording, docs: Docs | None) -> Block:
    if docs is None:
        return small_print(words.home_docs_away)
    names = [f"Milvus {version}" if version else words.home_own_docs for version in docs.versions]
    date = f"<!date^{int(docs.built_at)}^{{date_long}}|{int(docs.built_at)}>"
    text = words.home_docs.format(versions=", ".join(names), date=date)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _usage_blocks(words: Wording, usage: TokenUsage | None) -> list[Block]:
    if usage is None:
        return []
    told = words.home_usage if usage.limit else words.home_usage_unlimited
    return [{"type": "divider"}, small_print(told.format(today=f"{usage.today:,}", limit=f"{usage.limit:,}"))]


def _privacy_blocks(words: Wording, privacy: Privacy) -> list[Block]:
    """Return what is kept and where it goes, in three lines, and the button that deletes it."""
    model = words.home_model.format(host=privacy.model_host) if privacy.model_host else words.home_no_model
    forget = button(FORGET_ACTION, words.home_forget, "me")
    forget["confirm"] = {
        "title": plain_text(words.home_forget),
        "text": plain_text(words.home_forget_confirm),
        "confirm": plain_text(words.home_forget_yes),
        "deny": plain_text(words.cancel),
    }
    return [
        {"type": "divider"},
        _heading(words.home_privacy),
        *map(small_print, (words.home_kept.format(days=privacy.days), model, words.home_readers)),
        {"type": "actions", "elements": [forget]},
    ]


def _recent_block(asked: RecentQuestion, workspace: str) -> Block:
    """Return a question that was asked, linked to where it was, word for word."""
    text = plain(shorten(asked.text, SHORT_QUESTION, placeholder=" …")) or "…"
    address = message_address(workspace, asked.channel, asked.ts, thread_ts=asked.thread_ts)
    element = {"type": "link", "url": address, "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def _section(mrkdwn: str) -> Block:
    """Return words with marks; a home tab takes no markdown block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def _heading(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}
