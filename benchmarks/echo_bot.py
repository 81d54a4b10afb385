"""The anchor: the least that a Bolt app can do with a mention, an echo in its thread."""

from __future__ import annotations

import asyncio

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import SlackSettings


async def main() -> None:
    """Run until killed, with the bot's own settings."""
    slack = SlackSettings()
    bot_token, app_token = slack.slack_bot_token.get_secret_value(), slack.slack_app_token.get_secret_value()
    app = AsyncApp(client=AsyncWebClient(token=bot_token, base_url=slack.slack_api_url), token=bot_token)

    @app.event("app_mention")
    async def echo(event: dict[str, str], client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text=event["text"])

    @app.event("message")
    async def ignore() -> None: ...

    handler = AsyncSocketModeHandler(app, app_token)
    await handler.client.connect()  # type: ignore[no-untyped-call]
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
