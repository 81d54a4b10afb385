"""This file is where the Slack side reads its environment (and .env): tokens, address, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rag import SettingsError

if TYPE_CHECKING:
    from pydantic import ValidationError


class SlackSettings(BaseSettings):
    """What the bot needs of Slack. Each field is the environment variable of the same name."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True)

    slack_bot_token: SecretStr = Field(default=SecretStr(""), description="`xoxb-…`: OAuth & Permissions.")
    slack_app_token: SecretStr = Field(
        default=SecretStr(""), description="`xapp-…` with connections:write: Basic Information > App-Level Tokens."
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/",
        pattern=r"^https?://",
        description="Another address than Slack's, for a proxy or for tests.",
    )
    support_channels: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Channel ids, separated by commas, where questions are answered without a mention."
    )

    @field_validator("support_channels", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("support_channels")
    @classmethod
    def _are_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for channel in value:
            if channel[:1] not in {"C", "G"} or not channel.isalnum() or channel != channel.upper():
                message = (
                    f"{channel!r} is not a channel id like C0123456789 (in Slack: channel name > About > Channel ID)"
                )
                raise ValueError(message)
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"  # slack_sdk joins method names to it

    def check_tokens(self) -> None:
        """Raise SettingsError, with what to do, for a token that is missing or is another kind of token."""
        for name, token, prefix in (
            ("SLACK_BOT_TOKEN", self.slack_bot_token, "xoxb-"),
            ("SLACK_APP_TOKEN", self.slack_app_token, "xapp-"),
        ):
            value = token.get_secret_value()
            if not value:
                message = f"{name} is missing; see .env.example."
                raise SettingsError(message)
            if not value.startswith(prefix):
                message = f"{name} does not begin with {prefix}: it is another kind of token."
                raise SettingsError(message, hint="See .env.example.")


def explain_validation_error(error: ValidationError) -> str:
    """Return which settings can't work and why, in one line; their values may be secrets and stay out of it."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False))
