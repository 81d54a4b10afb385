"""The examination: all checks in the order in which an operator would ask."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from bot.ledger import LedgerError
from bot.ledger.storage.address import read_address
from bot.operations.doctor.finding import Finding, fail, ok, warn
from bot.operations.doctor.ledger_checks import check_ledger
from bot.operations.doctor.machine_checks import check_disk, check_lite_holders, check_memory, check_permissions
from bot.operations.doctor.milvus_checks import MilvusChecks, check_embedding, running_index
from bot.operations.doctor.model_checks import check_models
from bot.operations.doctor.settings_checks import WrittenSettings, check_file, check_names, invalid_settings
from bot.operations.doctor.slack_checks import SlackChecks, check_events
from bot.slack.client import open_client, without_retries
from rag import SettingsError
from rag.backends.milvus_lite import is_lite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from bot.settings import OperationsSettings, SlackSettings
    from rag.settings import RagSettings

ASKS_FOR_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Looks at everything; the settings are None where they can't be read, `problems` is why."""

    written: WrittenSettings
    problems: Sequence[str]
    slack: SlackSettings | None
    rag: RagSettings | None
    operations: OperationsSettings | None

    async def run(self) -> AsyncIterator[Finding]:
        """Yield the findings as they are found."""
        for part in (self._settings(), self._running(), self._slack(), self._milvus(), self._model(), self._ledger()):
            async for finding in part:
                yield finding
        for finding in (*check_disk(self._places()), *check_memory()):
            yield finding

    def _places(self) -> Iterator[Path]:
        """Yield where something is written on this machine."""
        yield Path.cwd()
        if self.rag and is_lite(self.rag.milvus_uri):
            yield Path(self.rag.milvus_uri)
        if self.slack and self.rag:
            yield from _ledger_file(self.slack.ledger_url(self.rag.milvus_uri))

    async def _settings(self) -> AsyncIterator[Finding]:
        for finding in (*invalid_settings(self.problems), *check_names(self.written), *check_file(self.written.path)):
            yield finding

    async def _running(self) -> AsyncIterator[Finding]:
        for finding in await ask_running_bot(self.operations) if self.operations else ():
            yield finding

    async def _slack(self) -> AsyncIterator[Finding]:
        settings = self.slack
        if settings is None:
            return
        try:
            settings.check_tokens()
        except SettingsError as error:
            yield fail("tokens", error.message, "The README's five steps say where they are.")
            return
        try:
            async for finding in self._ask_slack(settings):
                yield finding
        except SettingsError as error:  # a proxy that is none
            yield fail("Slack", error.message, error.hint)

    async def _ask_slack(self, settings: SlackSettings) -> AsyncIterator[Finding]:
        token, app_token = settings.slack_bot_token.get_secret_value(), settings.slack_app_token.get_secret_value()
        async with open_client(token, settings.slack_api_url) as client:
            checks = SlackChecks(
                client=without_retries(client),
                app_token=app_token,
                settings=settings,
                report_channel=self.operations.report_channel if self.operations else "",
            )
            async for finding in checks.run():
                yield finding

    async def _milvus(self) -> AsyncIterator[Finding]:
        settings = self.rag
        if settings is None:
            return
        places = [Path(settings.milvus_uri)] if is_lite(settings.milvus_uri) else []
        canary = self.operations.canary if self.operations else ""
        for part in (
            check_lite_holders(settings.milvus_uri),
            check_embedding(settings),
            MilvusChecks(settings=settings, canary=canary).run(),
            check_permissions(places),
        ):
            for finding in part:
                yield finding

    async def _model(self) -> AsyncIterator[Finding]:
        if self.rag:
            async for finding in check_models(self.rag):
                yield finding

    async def _ledger(self) -> AsyncIterator[Finding]:
        if not (self.slack and self.rag):
            return
        url = self.slack.ledger_url(self.rag.milvus_uri)
        async for finding in check_ledger(url):
            yield finding
        for finding in check_permissions(_ledger_file(url)):
            yield finding


def _ledger_file(url: str) -> list[Path]:
    """Return SQLite's file; nothing for PostgreSQL, or an address that says nothing: the ledger's check tells that."""
    try:
        address = read_address(url)
    except LedgerError:
        return []
    return [address.path] if address.dialect == "sqlite" else []


async def ask_running_bot(settings: OperationsSettings) -> list[Finding]:
    """Return what a running bot says of itself, where its port is known."""
    if not settings.operations_port:
        told = "not asked: OPERATIONS_PORT is not set, so which events came, and what it searches, is not known"
        return [ok("running bot", told)]
    host = "127.0.0.1" if settings.operations_host in {"0.0.0.0", "::"} else settings.operations_host  # noqa: S104 - a comparison
    address = URL.build(scheme="http", host=host, port=settings.operations_port, path="/statusz")
    timeout = aiohttp.ClientTimeout(total=ASKS_FOR_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as response:
            status = json.loads(await response.text()) if response.status == HTTPStatus.OK else {}
    except TimeoutError:
        do = "Its event loop hangs: look at its log, and start it anew."
        return [fail("running bot", f"does not answer at port {settings.operations_port}", do)]
    except (aiohttp.ClientConnectionError, ConnectionError):
        do = "Start it: milvusfaq start. Or it runs elsewhere: ask it there."
        return [warn("running bot", f"nobody answers at port {settings.operations_port}", do)]
    except (aiohttp.ClientError, ValueError):
        status = {}
    if not isinstance(status, dict) or not STATUS.issubset(status):
        do = "Another service has it, or a milvusfaq of another version: set another OPERATIONS_PORT."
        return [fail("running bot", f"something else answers at port {settings.operations_port}", do)]
    return list(read_status(status))


STATUS = {"status", "checks", "version", "process", "started_at", "seen", "passages", "built_at", "worked_on"}
"""What a running bot says of itself: bot.operations.http_server."""
DO_ABOUT = {
    "slack": "See the lines about tokens and connections below, and status.slack.com.",
    "milvus": "See the lines about Milvus below: is it running, and reachable from here?",
    "ledger": "See the lines about the ledger and the disk below.",
    "model": "See the line about the model below; answers quote the passages meanwhile.",
    "canary": "Look with milvusfaq search; ingest again if pages are gone, else change CANARY.",
}
"""What to do about a check of /readyz that fails."""


def read_status(status: dict[str, Any]) -> Iterator[Finding]:
    """Yield what a running bot's status means."""
    hours = (time.time() - float(status["started_at"])) / 3_600
    about = (
        f"version {status['version']}, process {status['process']}, for {hours:.1f} h, works on {status['worked_on']}"
    )
    yield ok("running bot", f"{status['status']}: {about}")
    for name, check in status["checks"].items():
        if not check["ok"]:
            grade = fail if name in {"slack", "milvus", "ledger"} else warn
            yield grade(f"running bot: {name}", str(check["reason"]), DO_ABOUT[name])
    yield running_index(status)
    yield check_events(status["seen"], started_at=float(status["started_at"]))
