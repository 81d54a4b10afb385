"""`milvusfaq report`: from the ledger alone, but for which channels are public, which Slack tells."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.ledger import LedgerError, open_ledger
from bot.operations.report.figures import Reporter
from bot.operations.report.rendering import FORMATS
from bot.settings import OperationsSettings, SlackSettings
from bot.slack.channels import Channels
from bot.slack.client import open_client
from bot.slack.errors import SlackError, slack_call
from bot.slack.replies import field_of
from rag import SettingsError
from rag.backends.embedding import open_bundled
from rag.settings import RagSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.domain import SlackQuestion
    from bot.operations.report.figures import QuotingRule

DAY_S = 86_400.0


class OwnChannelOnly:
    """Quotes what was asked in REPORT_CHANNEL itself: without a token nobody tells which others are public."""

    trouble = "Without SLACK_BOT_TOKEN it is not known which channels are public."

    async def may_quote(self, question: SlackQuestion, *, in_channel: str) -> bool:
        """Tell whether it was asked there, for all to see."""
        was_seen = question.origin != "private" and bool(question.thread_ts) and bool(question.text)
        return was_seen and question.channel == in_channel


async def make_report(*, days: int, form: str) -> tuple[str, str]:
    """Return the report of so many days until now, and what keeps more from being quoted.

    Raise SettingsError where there is no ledger.
    """
    slack, operations = SlackSettings(), OperationsSettings()
    try:
        async with (
            open_ledger(slack.ledger_url(RagSettings().milvus_uri), must_exist=True) as ledger,
            _workspace(slack) as (rule, address),
        ):
            reporter = Reporter(
                reporting=ledger.reporting,
                rule=rule,
                encode=open_bundled().encode_queries,
                workspace=address,
                report_channel=operations.report_channel,
            )
            now = await ledger.reporting.time()
            report = await reporter.report(since=now - days * DAY_S, until=now)
            return FORMATS[form](report), report.unquoted_why
    except LedgerError as error:
        raise SettingsError(str(error)) from error


@asynccontextmanager
async def _workspace(settings: SlackSettings) -> AsyncIterator[tuple[QuotingRule, str]]:
    """Give what tells public channels, and the address below which messages are linked."""
    token = settings.slack_bot_token.get_secret_value()
    if not token:
        yield OwnChannelOnly(), ""
        return
    async with open_client(token, settings.slack_api_url) as client:
        try:
            with slack_call():
                address = field_of(await client.auth_test(), "url", str)
        except SlackError as error:
            message = f"Slack does not tell which channels are public: {error}"
            raise SettingsError(message, hint="Leave SLACK_BOT_TOKEN empty to count without quoting.") from error
        yield Channels(client), address
