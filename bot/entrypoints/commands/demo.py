"""`milvusfaq demo`: the real bot in a Slack-like page on this machine, or one question in the terminal."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.playground.page.server import ADA, BEN, GUEST, SUPPORT, PlaygroundServer
from bot.playground.workspace import BOT_USER
from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from bot.playground.workspace import Json

QUESTION = "How is data stored in milvus?"
CONNECTS_WITHIN_S = 120.0
ANSWERS_WITHIN_S = 120.0
STOPS_WITHIN_S = 2.5
LAST_LINES = 12
WELCOME = """The bot is in a Slack-like page on this machine. This is a local try-out, not Slack.

    {address}

{browser} Ctrl-C ends it."""


def run_demo(out: Console, *, port: int, browser: bool) -> None:
    """Show the page until Ctrl-C; a bot that ends is started again."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the bot is not to be left behind
    with _playground(port) as slack, _bot_of(slack) as bot:
        opens = browser and _has_display()
        told = "Your browser opens it." if opens else "Open it in a browser."
        out.print(WELCOME.format(address=slack.address, browser=told), markup=False)
        if opens:
            threading.Thread(target=webbrowser.open, args=(slack.address,), daemon=True).start()
        try:
            while True:
                if bot.has_ended():
                    out.print("The bot has ended; it is started again.", markup=False)
                    bot.start()
                time.sleep(0.3)
        except KeyboardInterrupt:
            out.print("\nEnded.", markup=False)


def ask_in_terminal(out: Console) -> None:
    """Ask one question through the same Slack and the same bot, and print the thread as a person would see it."""
    with _playground(0) as slack, _bot_of(slack) as bot:
        ts = slack.mention(SUPPORT, QUESTION, user=ADA)
        out.print("#milvus-support on this machine: a local try-out, not Slack.\n", style="dim", markup=False)
        out.print(f"Ada        @milvusfaq {QUESTION}", style="bold", markup=False)
        with slack.changed:
            slack.changed.wait_for(lambda: _answer(slack, ts) or bot.has_ended(), ANSWERS_WITHIN_S)
        answer = _answer(slack, ts)
        if not answer:
            message = "The bot gave no answer."
            raise SettingsError(message, hint=bot.last_words())
        out.print("milvusfaq", style="bold", markup=False)
        for line in _lines(answer):
            out.print(f"           {line}", markup=False)


def _answer(slack: PlaygroundServer, ts: str) -> list[Json]:
    """Return the messages of an answer that is whole; none while it grows."""
    found = [one for one in slack.channels[SUPPORT].messages if one.get("thread_ts") == ts and one["user"] == BOT_USER]
    return found if found and all("metadata" in one and "stream" not in one for one in found) else []


def _lines(messages: list[Json]) -> Iterator[str]:
    for block in (block for message in messages for block in message.get("blocks") or ()):
        if block["type"] == "markdown":
            yield from [*block["text"].splitlines(), ""]
        elif block["type"] == "context":
            yield from (element["text"] for element in block["elements"])
        elif block["type"] == "rich_text":
            for section in block["elements"]:
                text = "".join(_words(part) for part in section["elements"])
                is_quote = section["type"] == "rich_text_quote"
                yield from (f"    {line}" if is_quote else line for line in text.splitlines())


def _words(part: Json) -> str:
    return f"{part['text']} ({part['url']})" if part["type"] == "link" else str(part.get("text", ""))


@contextmanager
def _playground(port: int) -> Iterator[PlaygroundServer]:
    """Serve the page; raise SettingsError where its port is taken."""
    slack = PlaygroundServer(port=port)
    try:
        with slack:
            yield slack
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        message = f"Port {port} is taken: is another demo running?"
        raise SettingsError(message, hint="Take another one by --port.") from error


class BotProcess:
    """The bot as a process of its own."""

    def __init__(self, slack: PlaygroundServer, folder: Path) -> None:
        self.slack, self.log = slack, folder / "bot.log"
        ours = {
            "DATABASE_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
            "ALLOWED_CHANNELS": ",".join(slack.channel_names),
            "ALLOWED_USERS": f"{ADA},{BEN},{GUEST}",
            "SHUTDOWN_GRACE_S": "1",
        }
        self.environment = {**os.environ, **ours, **slack.settings()}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is connected; raise SettingsError with what it said where it can't be."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "bot"], env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + CONNECTS_WITHIN_S
        while not self.slack.connected():
            if self.has_ended() or time.monotonic() > deadline:
                message = "The bot could not be started."
                raise SettingsError(message, hint=self.last_words())
            time.sleep(0.05)

    def last_words(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])

    def has_ended(self) -> bool:
        """Tell whether it runs no more."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """End it."""
        if self.process is None or self.has_ended():
            return
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def _bot_of(slack: PlaygroundServer) -> Iterator[BotProcess]:
    with tempfile.TemporaryDirectory(prefix="milvusfaq-demo-") as name:
        bot = BotProcess(slack, Path(name))
        try:
            bot.start()
            yield bot
        finally:
            bot.stop()


def can_look() -> bool:
    """Tell whether anybody could look at a page."""
    return sys.stdout.isatty() and not os.environ.get("CI")


def _has_display() -> bool:
    """Tell whether a browser could be seen here: not over SSH, nor on a Linux without a screen."""
    if "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
