"""The page's server: the playground's Slack with a page, and a WebSocket that tells each window what changes."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web
from jinja2 import Environment, PackageLoader, select_autoescape

from bot.playground.page.actions import PageActions
from bot.playground.page.markup import style_sheet
from bot.playground.page.panes import Painter, Panes, Window, changes
from bot.playground.page.samples import ALERTS, FLOWS
from bot.playground.workspace import BOT_USER, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.workspace import Json

STATIC = Path(__file__).parent / "static"
COOKIE = "playground"
SUPPORT, GENERAL = "C0SUPPORT", "C0GENERAL"
ADA, BEN, GUEST = "U0ADA", "U0BEN", "U0GUEST"
ESCALATION_GROUP = "S0DOCS"
SEE_OTHER = 303
PAINT_EVERY_S = 0.04
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Announcing(threading.Condition):
    """A condition that also tells the windows."""

    def __init__(self, announce: Callable[[], None]) -> None:
        super().__init__()
        self.announce = announce

    def notify_all(self) -> None:
        """Wake whoever waits in a thread, and the windows."""
        super().notify_all()
        self.announce()


@dataclass(slots=True)
class OpenWindow:
    """A browser's window, what it looks at, and what it shows."""

    socket: web.WebSocketResponse
    window: Window
    news: asyncio.Event = field(default_factory=asyncio.Event)
    shown: Panes = field(default_factory=dict)


class PlaygroundServer(PageActions):
    """A workspace with channels and people for a try-out, and its page."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__()
        self.wanted_port = port
        self.token = secrets.token_urlsafe(24)
        self.bot_token, self.app_token = (f"{kind}-{secrets.token_hex(12)}" for kind in ("xoxb", "xapp"))
        self.changed = Announcing(self._announce)
        self.windows: list[OpenWindow] = []
        self.channel_names = {SUPPORT: "milvus-support", GENERAL: "general"}
        self.scopes |= {"files:read", "assistant:write", "reactions:read"}
        self.people |= {
            ADA: {"team_id": TEAM, "is_bot": False, "name": "Ada"},
            BEN: {"team_id": TEAM, "is_bot": False, "name": "Ben", "locale": "de-DE"},
            GUEST: {"team_id": TEAM, "is_bot": False, "is_restricted": True, "name": "Gus (guest)"},
        }
        self.people[BOT_USER]["name"] = "milvusfaq"
        for channel in self.channel_names:
            self.join(channel)
        templates = Environment(
            loader=PackageLoader("bot.playground.page"), autoescape=select_autoescape(), trim_blocks=True
        )
        self.painter = Painter(self, templates)

    @property
    def address(self) -> str:
        """The page's address, with what lets this browser in."""
        return f"http://127.0.0.1:{self.port}/?key={self.token}"

    def routes(self) -> list[web.RouteDef]:
        """Return the page beside what Slack serves."""
        return [
            *super().routes(),
            web.get("/", self._on_page),
            web.get("/static/code.css", self._on_code_style),
            web.get(r"/static/{name:[a-z_]+\.(?:js|css|svg)}", self._on_static),
            web.get("/window", self._on_window),
            web.get(r"/archives/{channel:[A-Z0-9]+}/p{digits:\d+}", self._on_permalink),
        ]

    def _auth_test(self, arguments: Json) -> Json:
        """Name the page as the workspace's address: permalinks lead there."""
        return {**super()._auth_test(arguments), "url": f"http://127.0.0.1:{self.port}/"}

    def settings(self) -> dict[str, str]:
        """Return the settings of a bot that is to live here."""
        return {
            "SLACK_API_URL": self.api_url,
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_APP_TOKEN": self.app_token,
            "SUPPORT_CHANNELS": SUPPORT,
            "ESCALATION_GROUP": ESCALATION_GROUP,
            "ANSWER_APPS": f"{ALERTS},{FLOWS}",
        }

    def _announce(self) -> None:
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for window in self.windows:
            window.news.set()

    async def _on_page(self, request: web.Request) -> web.StreamResponse:
        """Show the page to whoever brings the key, and remember them; nobody else is told anything."""
        self._check_host(request)
        if self._is_key(request.query.get("key", "")):
            response = web.Response(status=SEE_OTHER, headers={**HEADERS, "Location": "/"})
            response.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict", path="/")
            return response
        if not self._is_key(request.cookies.get(COOKIE, "")):
            raise web.HTTPForbidden(text="Open the address that `milvusfaq demo` has printed.", headers=HEADERS)
        people = [(id_, self.people[id_]["name"]) for id_ in (ADA, BEN, GUEST)]
        text = self.painter.templates.get_template("page.html").render(people=people)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)

    async def _on_permalink(self, request: web.Request) -> web.StreamResponse:
        """Lead a message's permalink to its thread on the page."""
        self._check_host(request)
        channel, digits = request.match_info["channel"], request.match_info["digits"]
        ts = request.query.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        place = f"/#{channel}/{ts}" if re.fullmatch(r"\d+\.\d+", ts) else "/"
        return web.Response(status=SEE_OTHER, headers={**HEADERS, "Location": place})

    async def _on_static(self, request: web.Request) -> web.StreamResponse:
        self._check_host(request)
        path = STATIC / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound(headers=HEADERS)
        return web.FileResponse(path, headers=HEADERS)

    async def _on_code_style(self, request: web.Request) -> web.StreamResponse:
        self._check_host(request)
        return web.Response(text=style_sheet(), content_type="text/css", headers=HEADERS)

    async def _on_window(self, request: web.Request) -> web.StreamResponse:
        """Serve one window: what it does comes in, what changes goes out."""
        self._check_host(request)
        same_origin = request.headers.get("Origin") in {f"http://{host}" for host in self._hosts()}
        if not same_origin or not self._is_key(request.cookies.get(COOKIE, "")):
            raise web.HTTPForbidden(headers=HEADERS)
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=2**20)
        await socket.prepare(request)
        opened = OpenWindow(socket, Window(ADA, SUPPORT))
        self.windows.append(opened)
        painting = asyncio.create_task(self._keep_painting(opened))
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    await self._on_action(opened, json.loads(frame.data))
        finally:
            self.windows.remove(opened)
            painting.cancel()
            if all(one.window.person != opened.window.person for one in self.windows):
                self.forms.pop(opened.window.person, None)  # a form lives as long as the window that it is in
        return socket

    async def _on_action(self, opened: OpenWindow, told: Json) -> None:
        """Do what a window's user does: in a thread, for it waits for acks."""
        opened.window = await asyncio.to_thread(self.do, opened.window, told)
        opened.news.set()

    async def _keep_painting(self, opened: OpenWindow) -> None:
        while not opened.socket.closed:
            panes = self.painter.paint(opened.window)
            if told := changes(opened.shown, panes):
                window = opened.window
                place = {"person": window.person, "channel": window.channel, "thread": window.thread}
                await opened.socket.send_json({**told, "place": place})
                opened.shown = panes
            await opened.news.wait()
            opened.news.clear()
            await asyncio.sleep(PAINT_EVERY_S)

    def _hosts(self) -> tuple[str, str]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    def _check_host(self, request: web.Request) -> None:
        """Refuse names that lead here from elsewhere (DNS rebinding)."""
        if request.host not in self._hosts():
            raise web.HTTPForbidden(headers=HEADERS)

    def _is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())
