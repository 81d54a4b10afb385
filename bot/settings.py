"""Settings of the Slack side, from the environment and .env: tokens, address, channels, limits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from bot.domain import SupportPolicy  # noqa: TC001 - pydantic reads the annotation
from bot.text.weekly_time import read_weekly_time
from rag import SettingsError
from rag.settings import EnvironmentSettings, Key, Secret

if TYPE_CHECKING:
    from pydantic import ValidationError


CHANNEL_ID = "channel id like C0123456789 (in Slack: channel name > About > Channel ID)"
APP_ID = "id of an app, a bot or a workflow like A0123456789, B0123456789 or Wf0123456789"
OWNER_ONLY = 0o077
"""The umask for all that is written: questions and a team's docs are no other user's business."""


class SlackSettings(EnvironmentSettings):
    """What the bot needs of Slack. Each field is the environment variable of the same name."""

    slack_bot_token: Key = Field(default=SecretStr(""), description="`xoxb-…`: OAuth & Permissions.")
    slack_app_token: Key = Field(
        default=SecretStr(""), description="`xapp-…` with connections:write: Basic Information > App-Level Tokens."
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/",
        pattern=r"^https?://",
        description="Another address than Slack's, for a proxy or for tests.",
    )
    support_channels: Annotated[dict[str, SupportPolicy], NoDecode] = Field(
        default={},
        description="Channel ids, separated by commas, where questions are answered without a mention; "
        "`C0123456789:all` for every message, `C0123456789:mentions` for none, not even follow-ups. What the docs lack "
        "is told to the asker alone; with `C0123456789:questions:say` in the thread, with `:silent` to nobody.",
    )

    answer_apps: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Ids of apps, bots and workflows (A…, B…, Wf…) whose posts are questions in support channels and "
        "where they mention the bot: forms, ticket systems.",
    )
    feedback_channel: str = Field(
        default="",
        description="Channel id where a thumbs-down with words is told at once, with the thread's link; what was asked "
        "in private without its words. Empty for nowhere.",
    )
    admins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="User ids and user group ids whose home tab shows what the language model costs."
    )
    llm_tokens_per_day: int = Field(
        default=0,
        ge=0,
        description="How many tokens the language model may take a day (UTC), over all replicas; beyond it answers "
        "quote the passages. 0 for any number.",
    )
    llm_tokens_per_user: int = Field(
        default=0, ge=0, description="How many of them the questions of one person may take a day; 0 for any number."
    )
    escalation_group: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="User group or user ids who are called when someone asks for a person; empty for no button.",
    )
    escalation_channel: str = Field(
        default="",
        description="Channel id where they are called from direct messages and answers that the asker alone sees; "
        "empty for no such button there.",
    )
    allowed_channels: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Channel ids; where any are given, only these and direct messages are answered in."
    )
    allowed_users: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="User ids; where any are given, only these people are answered."
    )
    allow_guests: bool = Field(default=False, description="Whether guests of the workspace are answered.")
    allow_external: bool = Field(default=False, description="Whether people of other organisations are answered.")
    answers_at_once: int = Field(default=64, ge=1, description="How many questions are worked on at a time.")
    questions_per_user: int = Field(
        default=10, ge=0, description="How many a minute one person is answered; 0 for any."
    )
    questions_per_channel: int = Field(default=60, ge=0, description="How many a minute in one channel; 0 for any.")
    queue_length: int = Field(default=500, ge=0, description="How many more may wait; the next is asked to come again.")
    answer_within_s: float = Field(
        default=900, gt=0, description="How long a question is tried for while something that it needs is away."
    )
    catch_up_hours: float = Field(
        default=6,
        ge=0,
        description="How far back the bot reads, after an outage, for what was asked meanwhile; 0 for not at all.",
    )
    database_url: Secret = Field(
        default=SecretStr(""),
        description="The ledger: sqlite:///PATH, or postgresql://… for replicas; empty for a file beside Milvus Lite.",
    )
    retention_days: int = Field(
        default=90, ge=1, description="After how many days questions and answers are forgotten."
    )
    log_level: Literal["INFO", "DEBUG"] = Field(
        default="INFO", description="`DEBUG` tells for each message that is left alone why it is."
    )
    slack_pace: float = Field(
        default=1,
        gt=0,
        description="How many times Slack's promised call rates statuses and growing answers may take.",
    )
    shutdown_grace_s: float = Field(
        default=20, ge=0, description="How long running answers may take to end when the bot is told to stop."
    )
    slack_disconnect_exit_s: float = Field(
        default=300, gt=0, description="After how long without any connection the bot ends, to be started anew."
    )

    @field_validator("support_channels", mode="before")
    @classmethod
    def _with_policies(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.strip().partition(":") for part in value.split(",") if part.strip()]
        return {channel.strip(): policy.strip() or "questions" for channel, _, policy in pairs}

    @field_validator("answer_apps", "admins", "escalation_group", "allowed_channels", "allowed_users", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("support_channels")
    @classmethod
    def _are_support_channels(cls, value: dict[str, SupportPolicy]) -> dict[str, SupportPolicy]:
        _checked_ids(tuple(value), "CG", CHANNEL_ID)
        return value

    @field_validator("allowed_channels")
    @classmethod
    def _are_channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_ids(value, "CG", CHANNEL_ID)

    @field_validator("answer_apps")
    @classmethod
    def _are_apps(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        workflows = [id_ for id_ in value if id_.startswith("Wf")]
        _checked_ids(tuple(id_ for id_ in value if id_ not in workflows), "AB", APP_ID)
        return value

    @field_validator("escalation_channel", "feedback_channel")
    @classmethod
    def _is_channel(cls, value: str) -> str:
        _checked_ids((value,) if value else (), "CG", CHANNEL_ID)
        return value

    @field_validator("allowed_users")
    @classmethod
    def _are_users(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_ids(value, "UW", "user id like U0123456789 (in Slack: profile > ⋮ > Copy member ID)")

    @field_validator("escalation_group", "admins")
    @classmethod
    def _are_people(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_ids(value, "SUW", "user group id like S0123456789, or a user id")

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"  # slack_sdk joins method names to it

    def ledger_url(self, milvus_uri: str) -> str:
        """Return DATABASE_URL, or the address of a SQLite file beside the Milvus Lite folder, or here."""
        if url := self.database_url.get_secret_value():
            return url
        beside = milvus_uri.removesuffix(".db") if "://" not in milvus_uri else "./milvusfaq"
        return f"sqlite:///{beside}.ledger.sqlite3"

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


class OperationsSettings(EnvironmentSettings):
    """What whoever runs the bot wants to see of it."""

    operations_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Where /livez, /readyz and /metrics are served; `PORT` for the port in the variable of that name, "
        "0 for nowhere.",
    )
    operations_host: str = Field(
        default="127.0.0.1", min_length=1, description="The address they are served on; 0.0.0.0 for all of them."
    )
    canary: str = Field(
        default="",
        description="`QUESTION | PAGE`, or `QUESTION | PAGE#Heading`: a question that has to find its page among the "
        "first three.",
    )
    log_format: Literal["text", "json"] = Field(default="text", description="`json` writes one object a line.")
    report_channel: str = Field(
        default="", description="Channel id where a report is posted once a week; empty for nowhere."
    )
    report_at: str = Field(
        default="Mon 09:00 UTC", description="When: a day, a time and a time zone like Europe/Berlin."
    )

    @field_validator("operations_port", mode="before")
    @classmethod
    def _is_port(cls, value: object) -> object:
        if value != "PORT":
            return value
        return os.environ.get("PORT") or 0

    @field_validator("canary")
    @classmethod
    def _is_canary(cls, value: str) -> str:
        question, separator, page = value.partition("|")
        if value and not (separator and question.strip() and page.strip()):
            message = "is not QUESTION | PAGE, like: How do I load a collection? | load_collection.md"
            raise ValueError(message)
        return value

    @field_validator("report_channel")
    @classmethod
    def _is_channel(cls, value: str) -> str:
        _checked_ids((value,) if value else (), "CG", CHANNEL_ID)
        return value

    @field_validator("report_at")
    @classmethod
    def _is_time(cls, value: str) -> str:
        read_weekly_time(value)
        return value


def secrets_of(*settings: BaseSettings) -> list[str]:
    """Return the values that must not be shown, a database's password for itself too."""
    values = [value for one in settings for _, value in one if isinstance(value, SecretStr)]
    shown = [value.get_secret_value() for value in values]
    return [*shown, *filter(None, map(_password_of, shown))]


def _password_of(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:  # a password with a bracket in it: no address, which whoever opens it will say
        return ""


def _checked_ids(ids: tuple[str, ...], initials: str, what: str) -> tuple[str, ...]:
    for id_ in ids:
        if id_[:1] not in initials or not id_.isalnum() or id_ != id_.upper():
            message = f"{id_!r} is not a {what}"
            raise ValueError(message)
    return ids


def explain_validation_error(error: ValidationError) -> str:
    """Return which settings can't work and why, in one line; their values may be secrets and stay out of it."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_input=False)
    )
