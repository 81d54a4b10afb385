"""A browser on the playground's page: Debian's Chromium, headless, watched for errors and for calls to elsewhere."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from bot.playground.page.server import SUPPORT, PlaygroundServer
from tests.e2e.bot_process import running_bot, settings_for
from tests.standins.server import StandInServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

    from tests.standins.model import ModelStandIn

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ABSENT = "Chromium is not installed: make browser"
QUIETLY = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE_MS = 30_000


class WatchedPlayground(PlaygroundServer, StandInServer):
    """The playground, as tests wait on it."""


@dataclass
class Watched:
    """What went wrong in a browser's windows."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@contextmanager
def running_playground(folder: Path, model: ModelStandIn) -> Iterator[WatchedPlayground]:
    """Run the playground with the real bot in it."""
    with WatchedPlayground() as slack:
        settings = {**settings_for(slack, model, folder), **slack.settings(), "SUPPORT_CHANNELS": SUPPORT}  # type: ignore[arg-type]
        with running_bot(slack, folder, settings):  # type: ignore[arg-type]
            yield slack


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open a headless browser; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip(ABSENT)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, slack: PlaygroundServer, **options: object) -> Iterator[Page]:
    """Open the page in a window of its own; no error may stand on its console, and nothing may be asked elsewhere."""
    context, watched = browser.new_context(**options), Watched()  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: _note_error(watched, message))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("request", lambda request: _note_request(watched, request, slack.port))
    page.goto(slack.address)
    page.locator("#channels button").first.wait_for(state="attached")
    try:
        yield page
    finally:
        context.close()
    assert watched == Watched()


def _note_error(watched: Watched, message: ConsoleMessage) -> None:
    if message.type == "error" and "WebSocket connection" not in message.text:
        watched.errors.append(message.text)


def _note_request(watched: Watched, request: Request, port: int) -> None:
    if not request.url.startswith((f"http://127.0.0.1:{port}/", "data:")):
        watched.elsewhere.append(request.url)
