"""`milvusfaq explain`: what the bot reads in a message, and why it hears or ignores it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.answering.conversation import is_taken_over, turns_before
from bot.answering.hearing import wants_person
from bot.domain import BotIdentity, Ignored, SlackQuestion
from bot.listeners.parsing import MessageParser, deleted_ts, edited_message
from bot.reading.authors import author_of
from bot.reading.message import read_message
from bot.settings import SlackSettings
from bot.slack.client import check_tokens, open_client
from bot.slack.users import Users
from bot.text.redaction import REDACTED
from rag import SettingsError
from rag.wiring import open_hearer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.hearing import Hearer
    from bot.domain import IgnoredReason
    from rag import Message
    from rag.settings import RagSettings

Row = Mapping[str, Any]
NOT_JOINED: IgnoredReason = "not a thread of ours, or muted"
TAKEN_OVER: IgnoredReason = "a person has taken over"
ASKS_NOTHING: IgnoredReason = "asks nothing"
WANTS_PERSON: IgnoredReason = "wants a person"
TEXT_CHANNEL, SOMEBODY = "C0EXPLAINED", "U0BOT,B0BOT,A0BOT"
"""Where a text is posted that is no event, and who the bot is where that is all there is."""
ID_KINDS = ("a user, like U0123456789", "a bot, like B0123456789", "an app, like A0123456789")


def read_rows(path: Path) -> list[Row]:
    """Return the posts of a JSON lines file; raise SettingsError, with the line's number, for what is none."""
    return [_row(path, number, row) for number, row in read_json_lines(path)]


def read_json_lines(path: Path) -> list[tuple[int, Any]]:
    """Return what a file holds with the lines' numbers; raise SettingsError, with the number, for what is no JSON."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} can't be read: {error}"
        raise SettingsError(message) from error
    return [
        (number, _json(path, number, line)) for number, line in enumerate(text.split("\n"), start=1) if line.strip()
    ]


def _json(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        message = f"{path}, line {number}, is not JSON: {error}"
        raise SettingsError(message) from error


def _row(path: Path, number: int, row: Any) -> Row:
    if isinstance(row, dict) and (text := row.get("text") or row.get("question")) and isinstance(text, str):
        return {"id": str(number), **row, "text": text}
    if not isinstance(row, dict) or not isinstance(row.get("event"), dict):
        message = f"{path}, line {number}, holds neither an event nor a text."
        raise SettingsError(message, hint='A row looks like {"id": "1", "event": {"type": "message", …}}.')
    place = {"channel": "", "ts": str(number)}
    return {"id": str(number), **row, "event": {**place, **row["event"]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where rows are posted: `bot` names who the bot is, `support` its support channels.

    Where they do not, Slack and the settings are asked. A row of text is posted in a support channel of this `policy`.
    """

    bot: str = ""
    support: str = ""
    policy: str = "questions"


async def explain_rows(
    rows: Sequence[Row], settings: SlackSettings, where: Where, *, rag_settings: RagSettings, with_model: bool = False
) -> list[dict[str, Any]]:
    """Return for each row what is read in it, and whether it is heard; a model has its word only if asked for."""
    bot, support, policy = where.bot, where.support, where.policy
    named = SlackSettings.model_validate({"support_channels": f"{support},{TEXT_CHANNEL}:{policy}"}).support_channels
    channels = named if support else {**settings.support_channels, **named}
    async with AsyncExitStack() as stack:
        users = None
        if bot or all("text" in row for row in rows):
            identity = _named(bot or SOMEBODY)
        else:
            client, identity = await _ask_slack(stack, settings)
            users = Users(client)
        apps = frozenset(settings.answer_apps)
        parser = MessageParser(bot=identity, support_channels=channels, answer_apps=apps)
        hearer = await stack.enter_async_context(open_hearer(rag_settings, with_model=with_model))
        explained: list[dict[str, Any]] = []
        before: SlackQuestion | Ignored | None = None
        for explanation in (Explanation(_as_event(row), parser, users, hearer) for row in rows):
            read = await explanation.parsed()
            explained.append(await explanation.as_row(read, before=before))
            before = read
        return explained


def _as_event(row: Row) -> Row:
    """Return a row of text as one of an event."""
    if "text" not in row:
        return row
    event = {"type": "message", "channel": TEXT_CHANNEL, "ts": "1.0", "user": "U0ASKER", "text": row["text"]}
    return {**row, "event": {**event, "channel_type": "channel"}}


async def _ask_slack(stack: AsyncExitStack, settings: SlackSettings) -> tuple[AsyncWebClient, BotIdentity]:
    if not settings.slack_bot_token.get_secret_value():
        message = "It is not known who the bot is."
        raise SettingsError(message, hint="Name it by --bot USER,BOT,APP, or set the Slack tokens.")
    settings.check_tokens()
    token, address = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    client = await stack.enter_async_context(open_client(token, address))
    return client, await check_tokens(client, settings.slack_app_token.get_secret_value())


def _named(bot: str) -> BotIdentity:
    ids = [part.strip() for part in bot.split(",")]
    if len(ids) != len(ID_KINDS) or not ids[0]:
        message = f"--bot takes three ids: {'; '.join(ID_KINDS)}."
        raise SettingsError(message)
    user, bot_id, app_id = ids
    return BotIdentity(team="", enterprise="", user=user, bot_id=bot_id, app_id=app_id, name="", workspace="")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is read in one row; `users` is None where Slack is not asked."""

    row: Row
    parser: MessageParser
    users: Users | None
    hearer: Hearer

    async def as_row(
        self, read: SlackQuestion | Ignored, *, before: SlackQuestion | Ignored | None = None
    ) -> dict[str, Any]:
        """Return {id, heard, ignored_because, told_by, person, text, redactions, context, unread}.

        `before` is what the row before it says: this one may be the rest of it.
        """
        event = self.row["event"]
        message = edited_message(event) or event.get("message") or event
        reading = read_message(message, bot_user=self.parser.bot.user)
        reason, told_by = (read.reason, "form") if isinstance(read, Ignored) else await self._judged(read, before)
        place = read if isinstance(read, SlackQuestion) else _placed(event, message)
        return {
            "id": self.row["id"],
            "heard": reason is None,
            "ignored_because": reason,
            "told_by": told_by,
            "person": reason == "wants a person",
            "text": reading.text,
            "redactions": reading.text.count(REDACTED),
            "context": [*self._history(), *map(_shown, turns_before(place, self._thread(), self.parser.bot))],
            "unread": [file.name or file.id for file in reading.unread],
        }

    async def parsed(self) -> SlackQuestion | Ignored:
        """Return the question that the row's event is, or why it is none."""
        event = self.row["event"]
        edited = edited_message(event)
        if deleted_ts(event) or (event.get("subtype") == "message_changed" and not edited):
            return Ignored("an edit or another kind of message")
        message = edited or event
        is_unclear = self.users is not None and author_of(message, self.parser.bot) == "perhaps a person"
        is_by_person = is_unclear and self.users is not None and await self.users.is_person(message["user"])
        return self.parser.parse(message, is_by_person=is_by_person)

    async def _judged(
        self, question: SlackQuestion, before: SlackQuestion | Ignored | None
    ) -> tuple[IgnoredReason | None, str]:
        """Return why a question is not answered, None where it is, and by what that was told."""
        if question.is_undecided:
            if isinstance(before, SlackQuestion) and before.goes_on_in(question):
                return ASKS_NOTHING, "the post before it, whose rest it is"
            hearing = await self.hearer.hear(question.text)
            told_by = f"{hearing.told_by}, {hearing.likelihood:.2f}"
            return {"answer": None, "nothing": ASKS_NOTHING, "person": WANTS_PERSON}[hearing.wants], told_by
        if reason := self._thread_reason(question):
            return reason, "thread"
        return WANTS_PERSON if await wants_person(self.hearer, question.text) else None, "form"

    def _thread_reason(self, question: SlackQuestion) -> IgnoredReason | None:
        """Return why a question in a thread is left alone there."""
        if question.origin == "follow-up" and not self.row.get("joined"):
            return NOT_JOINED
        is_left = question.is_unaddressed and is_taken_over(question, self._thread(), self.parser.bot, {question.user})
        return TAKEN_OVER if is_left else None

    def _history(self) -> list[str]:
        return [f"{turn.get('role', 'user')}: {turn.get('text') or turn.get('content')}" for turn in turns_of(self.row)]

    def _thread(self) -> list[dict[str, Any]]:
        thread = self.row.get("thread")
        return [one for one in thread if isinstance(one, dict) and "ts" in one] if isinstance(thread, list) else []


def turns_of(row: Row) -> list[dict[str, Any]]:
    """Return the turns before a text that a row gives."""
    history = row.get("history")
    return [turn for turn in history if isinstance(turn, dict)] if isinstance(history, list) else []


def _shown(turn: Message) -> str:
    return f"{turn.role}: {turn.text}"


def _placed(event: Row, message: Row) -> SlackQuestion:
    """Return where a message stands that is no question."""
    ts = str(message.get("ts") or event.get("ts") or "0")
    thread_ts = str(message.get("thread_ts") or ts)
    return SlackQuestion(team="", channel=str(event.get("channel") or ""), ts=ts, thread_ts=thread_ts, user="", text="")


def print_explained(out: Console, row: Row) -> None:
    """Print one row as a person reads it."""
    verdict = "heard" if row["heard"] else row["ignored_because"]
    out.print(f"\n{row['id']}: {verdict} (told by {row['told_by']})", style="bold", markup=False)
    for name, value in _parts(row):
        out.print(f"  {name}", style="dim", markup=False)
        out.print("\n".join(f"    {line}" for line in value.splitlines()), markup=False, emoji=False)


def _parts(row: Row) -> Iterator[tuple[str, str]]:
    yield "read", row["text"] or "(nothing)"
    if row["context"]:
        yield "before it", "\n".join(row["context"])
    if row["unread"]:
        yield "not read, or not to the end", ", ".join(row["unread"])
    if row.get("off_topic"):
        yield "turned away", row["off_topic"]
    if row.get("query"):
        searched_by = f"searched by ({row['language']}; docs {', '.join(row['versions']) or 'of no version'})"
        yield searched_by, "\n".join([row["query"], *row["parts"]])
        yield "found", "\n".join(f"{one['score']:.4f}  {one['path']} > {one['heading']}" for one in row["passages"])
