"""Files: the text of a file that was attached to a message, where the app may read it.

The token goes to Slack's own hosts only: the address stands in an event, and a file may be another service's.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.reading.files import read_file
from bot.slack.errors import SlackError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import UnreadFile

logger = logging.getLogger(__name__)

SCOPE = "files:read"
HOSTS = ("slack.com", "slack-files.com", "slack-gov.com")
MAX_BYTES = 1_000_000
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file, and whether it is all of it."""

    name: str
    text: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class SlackFiles:
    """Reads files. `session` is one of their own, since what they hold is no word of Slack's API.

    `scopes` are what the app may do, None where Slack does not say.
    """

    client: AsyncWebClient
    session: aiohttp.ClientSession
    scopes: frozenset[str] | None

    @property
    def is_allowed(self) -> bool:
        """Whether the app may read files, as far as that is known."""
        return self.scopes is None or SCOPE in self.scopes

    async def read(self, file: UnreadFile) -> FileText | None:
        """Return the text of a file; None where it is none, or can't be had."""
        if not self.is_allowed:
            return None
        try:
            if not file.name:  # of another workspace's file an event tells the id alone
                return await self._look_up(file)
            return await self._download(file)
        except (SlackError, UnicodeError) as error:
            logger.info("The file %s can't be read: %s", file.id, error)
            return None

    async def _look_up(self, file: UnreadFile) -> FileText | None:
        """Return what Slack tells of a file: all of it, or where it is to be had."""
        with slack_call():
            told: dict[str, Any] = field_of(await self.client.files_info(file=file.id), "file", dict)
        read = read_file(told)
        if read.unread:
            return await self._download(read.unread)
        return FileText(str(told.get("name") or ""), read.text, is_whole=True) if read.text else None

    async def _download(self, file: UnreadFile) -> FileText | None:
        if not file.url or not is_slacks(file.url, self.client.base_url):
            return None
        headers = {"Authorization": f"Bearer {self.client.token}"}
        with slack_call():
            async with (
                asyncio.timeout(TIMEOUT_S),
                self.session.get(file.url, headers=headers, allow_redirects=False) as response,
            ):
                if response.status != HTTPStatus.OK or response.content_type == "text/html":
                    logger.info("The file %s is not given (HTTP %d): is %s granted?", file.id, response.status, SCOPE)
                    return None  # whoever may not read it is sent to a page to sign in
                content = await _content(response)
        return FileText(file.name, _decoded(content[:MAX_BYTES]), is_whole=len(content) <= MAX_BYTES)


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """Return what a response brings, to a chunk beyond MAX_BYTES."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > MAX_BYTES:
            break
    return bytes(content)


def is_slacks(url: str, api_url: str) -> bool:
    """Tell whether the token may go to an address: to Slack's hosts, or to where all calls go."""
    try:
        address, api = urlsplit(url), urlsplit(api_url)
    except ValueError:
        return False
    if (address.scheme, address.netloc) == (api.scheme, api.netloc):
        return True
    host = address.hostname or ""
    return address.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in HOSTS)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="replace")
