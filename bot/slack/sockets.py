"""Socket Mode connections to Slack: two at once, each made anew whenever it ends.

slack_sdk's own clients redial a dead address for ever, notice a stall late, and do not back off (decision 11).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.background import BackgroundTasks, backoff
from bot.slack.errors import SlackError, SlackRefusedError, slack_call
from bot.slack.replies import field_of
from bot.slack.sessions import open_session
from bot.slack.twin_events import TwinEvents
from bot.telemetry import ENVELOPE_SPAN, REASON_LABEL, SOCKET_RECONNECTS, Heartbeat, span

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.response import BoltResponse
    from slack_sdk.web.async_client import AsyncWebClient

logger = logging.getLogger(__name__)


CONNECTIONS = 2
"""While one is made anew, the other takes what comes. Slack allows ten for all replicas together."""
PING_INTERVAL_S = 5.0
"""A socket that leaves a ping without pong for half as long is given up."""
HANDSHAKE_TIMEOUT_S = 10.0
STABLE_S = 5.0
"""A connection that lasted so long is no failure: the next one is made at once."""
CUTS_COUNTED = 3
"""A connection that was up and then cut is made anew in about two seconds, however often that happens."""
LAST_ACKS_S = 2.0
MOST_ENVELOPES = 10_000
"""Envelopes of one connection under way; what is one too many gets no ack, and comes again."""
KEEPALIVE_S = 60.0
WATCH_S = 0.5
OK = 200
DEAD_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}


@dataclass(slots=True)
class SocketState:
    """Whether Slack reaches the bot.

    `up` is how many connections are up, `trouble` why the last one ended or failed. `seen` counts what came, by type
    (`message.channel`, `slash_commands`).
    """

    is_up: bool = False
    up: int = 0
    last_up: Heartbeat = field(default_factory=Heartbeat)
    trouble: str = ""
    seen: Counter[str] = field(default_factory=Counter)

    def count(self, change: int) -> None:
        """Note that a connection came up, or went."""
        self.up += change
        self.is_up = self.up > 0
        self.last_up.beat()

    def ended(self, reason: str, told: str) -> None:
        """Note why a connection ended, in a word and as it was told."""
        SOCKET_RECONNECTS.labels(REASON_LABEL(reason)).inc()
        self.trouble = told

    def saw(self, frame: dict[str, Any]) -> None:
        """Note of what kind an envelope is."""
        event = frame["payload"].get("event")
        if isinstance(event, dict):
            self.seen[".".join(filter(None, (str(event.get("type")), str(event.get("channel_type") or ""))))] += 1
        else:
            self.seen[str(frame.get("type"))] += 1


class CutOffError(Exception):
    """There has been no connection to Slack for too long, or there will be none: end, and be started anew."""


@dataclass(slots=True, kw_only=True)
class Connection:
    """One connection after the other, each to a fresh address."""

    app: AsyncApp
    client: AsyncWebClient
    app_token: str
    session: aiohttp.ClientSession
    twins: TwinEvents
    state: SocketState
    is_up: bool = False
    envelopes: BackgroundTasks = field(
        default_factory=lambda: BackgroundTasks(most=MOST_ENVELOPES, on_error=_log_failure)
    )

    async def run(self) -> None:
        """Connect, take events, and connect again, for ever."""
        failures = 0
        while True:
            begun, was_closed = time.monotonic(), True
            try:
                was_closed = await self._run_once()
            except SlackError as error:
                logger.warning("A connection to Slack failed: %s", error)
                self.state.ended("failed", str(error))
            finally:
                self._note_up(is_up=False)
            failures = 0 if time.monotonic() - begun > STABLE_S else failures + 1
            if not was_closed:
                failures = min(failures, CUTS_COUNTED)
            if failures:
                await asyncio.sleep(backoff(failures, share=0.5))

    async def _run_once(self) -> bool:
        """Take events from one socket, to an address for one handshake; return whether Slack ended it."""
        was_closed = False
        with slack_call():
            address = field_of(await self.client.apps_connections_open(app_token=self.app_token), "url", str)
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                socket = await self.session.ws_connect(address, heartbeat=PING_INTERVAL_S)
            async with socket:
                try:
                    async for message in socket:
                        frame = _frame_in(message)
                        if frame and not self._on_frame(socket, frame):
                            was_closed = True
                            break
                finally:
                    await self.envelopes.wait(LAST_ACKS_S)
                logger.info("A connection to Slack ended (%s).", socket.exception() or socket.close_code or "as asked")
                if not was_closed:
                    self.state.ended("cut", f"A connection was cut ({socket.close_code}).")
        return was_closed or not self.is_up

    def _on_frame(self, socket: aiohttp.ClientWebSocketResponse, frame: dict[str, Any]) -> bool:
        """Take a frame; False when Slack asks for another connection in place of this one."""
        if frame.get("type") == "hello":
            self._note_up(is_up=True)
            logger.info("Connected to Slack.")
        elif frame.get("type") == "disconnect":
            logger.info("Slack asks to connect anew (%s).", frame.get("reason"))
            reason = str(frame.get("reason"))
            self.state.ended(reason, f"Slack asked to connect anew ({reason}).")
            return False
        elif _is_envelope(frame) and (request := SocketModeRequest.from_dict(frame)):
            self.state.saw(frame)
            self.envelopes.start(self._process(socket, request))
        else:
            logger.warning("A frame is skipped: no envelope (%s).", ", ".join(map(str, frame)))
        return True

    def _note_up(self, *, is_up: bool) -> None:
        if is_up != self.is_up:
            self.is_up = is_up
            self.state.count(1 if is_up else -1)

    async def _process(self, socket: aiohttp.ClientWebSocketResponse, request: SocketModeRequest) -> None:
        """Let Bolt's listeners take an envelope, then acknowledge it; what they could not take comes again."""
        with span(ENVELOPE_SPAN, {"slack.envelope.type": request.type}):
            payload = None
            if not await self.twins.is_twin(request.payload):
                response = await self._dispatch(request)
                if response.status != OK:
                    return
                payload = json.loads(response.body) if response.body.startswith("{") else None
            await _acknowledge(socket, request, payload)

    async def _dispatch(self, request: SocketModeRequest) -> BoltResponse:
        """Let Bolt's listeners take an envelope; a mention's twin is told how that ended."""
        mention, is_taken = self.twins.begin(request.payload), False
        try:
            response: BoltResponse = await run_async_bolt_app(self.app, request)
            is_taken = response.status == OK
        finally:
            if mention and not mention.done():
                mention.set_result(is_taken)
        return response


async def _acknowledge(
    socket: aiohttp.ClientWebSocketResponse, request: SocketModeRequest, payload: dict[str, Any] | None
) -> None:
    ack = SocketModeResponse(envelope_id=request.envelope_id, payload=payload)
    try:
        await socket.send_json(ack.to_dict())
    except (ConnectionError, aiohttp.ClientError):
        logger.info("An ack came too late for its connection; Slack will deliver again.")


def _frame_in(message: aiohttp.WSMessage) -> dict[str, Any]:
    """Return the JSON object that a WebSocket message holds; an empty one where it holds none."""
    told = None
    if message.type == aiohttp.WSMsgType.TEXT:
        with suppress(ValueError):
            told = json.loads(message.data)
    if isinstance(told, dict) and told:
        return told
    if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:  # others tell of the connection
        logger.warning("A frame is skipped: no JSON object (%s).", message.type.name)
    return {}


def _is_envelope(frame: dict[str, Any]) -> bool:
    """Tell what Slack wants acknowledged."""
    return isinstance(frame.get("envelope_id"), str) and isinstance(frame.get("payload"), dict)


def _log_failure(error: BaseException) -> None:
    logger.error("An envelope could not be dealt with: %s", error, exc_info=error)


async def stay_connected(
    app: AsyncApp, client: AsyncWebClient, app_token: str, *, exit_after_s: float, state: SocketState
) -> None:
    """Take events for ever, and keep `state` true; a cancellation ends it after the last acks.

    Raise CutOffError when there was no connection for `exit_after_s` seconds, or Slack takes the token no more.
    """
    twins = TwinEvents()
    async with open_session(client.base_url) as session:
        connections = [
            Connection(app=app, client=client, app_token=app_token, session=session, twins=twins, state=state)
            for _ in range(CONNECTIONS)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for connection in connections:
                    group.create_task(connection.run())
                group.create_task(_watch(exit_after_s, state))
                group.create_task(_keep_alive(client))
        except* CutOffError as errors:
            raise errors.exceptions[0] from None


async def _watch(exit_after_s: float, state: SocketState) -> None:
    """Say when the bot is ready, and give up when there has been no connection for too long."""
    last_up, ready = time.monotonic(), False
    while True:
        if state.is_up:
            state.last_up.beat()
            last_up = time.monotonic()
            if not ready:
                logger.info("Ready: connected to Slack.")
                ready = True
        elif time.monotonic() - last_up > exit_after_s:
            message = f"There was no connection to Slack for {exit_after_s:g} seconds."
            raise CutOffError(message)
        await asyncio.sleep(WATCH_S)


async def _keep_alive(client: AsyncWebClient) -> None:
    """Call Slack now and then: sockets have fallen silent after an idle time without it (bolt-python #1529)."""
    while True:
        await asyncio.sleep(KEEPALIVE_S)
        try:
            with slack_call():
                await client.auth_test()
        except SlackError as error:
            if isinstance(error, SlackRefusedError) and error.code in DEAD_TOKEN:
                message = f"Slack takes SLACK_BOT_TOKEN no more ({error.code})."
                raise CutOffError(message) from error
            logger.warning("The keepalive failed: %s", error)
