"""This file is where the bot starts: `python -m bot`. Settings → answerer → app → socket."""

from __future__ import annotations

import asyncio
import logging
import sys

from pydantic import ValidationError

from bot.app import build_app, make_client
from bot.ledger import Ledger
from bot.listeners import Listeners
from bot.logs import set_up_logs
from bot.settings import SlackSettings, explain_validation_error
from bot.sockets import check_tokens, stay_connected
from rag import RagError
from rag.settings import RagSettings
from rag.wiring import open_answerer


def run() -> None:
    """Run until stopped; what can't work ends it at once, with exit code 1 and the line that says what to do."""
    set_up_logs(logging.INFO, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve())
    except RagError as error:
        sys.exit(f"milvusfaq: {error}")
    except ValidationError as error:
        sys.exit(f"milvusfaq: {explain_validation_error(error)}")


async def _serve() -> None:
    slack, rag = SlackSettings(), RagSettings()
    slack.check_tokens()
    client = make_client(slack)
    app_token = slack.slack_app_token.get_secret_value()
    identity = await check_tokens(client, app_token)
    async with open_answerer(rag) as answerer:
        listeners = Listeners(
            answerer=answerer,
            ledger=Ledger(),
            bot_user=identity["user_id"],
            bot_name=identity["user"],
            support_channels=slack.support_channels,
        )
        await stay_connected(build_app(client, listeners), app_token)


if __name__ == "__main__":
    run()
