"""Payloads: what Slack sends an app when something happens, or when people press, submit and command."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from bot.playground.workspace import APP_ID, BOT_USER, TEAM

if TYPE_CHECKING:
    from bot.playground.workspace import Json


def event_payload(event: Json, *, event_id: str | None = None) -> Json:
    """Return an event as the Events API sends it."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": APP_ID,
        "event": event,
        "event_id": event_id or f"Ev{uuid.uuid4().hex[:10]}",
        "event_time": int(time.time()),
        "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
    }


def command_payload(channel: str, text: str, *, user: str, response_url: str) -> Json:
    """Return the use of /milvusfaq."""
    return {
        "command": "/milvusfaq",
        "text": text,
        "user_id": user,
        "user_name": "asker",
        "channel_id": channel,
        "channel_name": "somewhere",
        "team_id": TEAM,
        "team_domain": "playground",
        "api_app_id": APP_ID,
        "token": "legacy",
        "trigger_id": f"1.2.{uuid.uuid4().hex[:8]}",
        "response_url": response_url,
    }


def shortcut_payload(channel: str, message: Json, *, user: str, action_ts: str, response_url: str) -> Json:
    """Return the use of the message shortcut."""
    return {
        **_interaction("message_action", user),
        "callback_id": "ask_about_message",
        "trigger_id": _trigger(),
        "message_ts": message["ts"],
        "message": message,
        "channel": {"id": channel, "name": "somewhere"},
        "action_ts": action_ts,
        "response_url": response_url,
    }


def home_press_payload(action_id: str, value: str, *, user: str) -> Json:
    """Return the press of a button on the home tab."""
    return {
        **_interaction("block_actions", user),
        "trigger_id": _trigger(),
        "container": {"type": "view", "view_id": "V0"},
        "view": {"id": "V0", "type": "home", "blocks": []},
        "actions": [_action(action_id, value, "button")],
    }


def press_payload(channel: str, message: Json, action: Json, *, user: str, response_url: str) -> Json:
    """Return the press of one of a message's buttons; what one person alone sees has no ts."""
    stands = {"message_ts": message.get("ts", "1.1"), "channel_id": channel, "is_ephemeral": "ts" not in message}
    return {
        **_interaction("block_actions", user),
        "trigger_id": _trigger(),
        "container": {"type": "message", **stands},
        "channel": {"id": channel},
        "response_url": response_url,
        "actions": [action],
        **({"message": message} if "ts" in message else {}),
    }


def message_action(action_id: str, value: str, *, type_: str = "") -> Json:
    """Return what was pressed on a message: without a `type_`, what has a value is a thumb."""
    return _action(action_id, value, type_ or ("feedback_buttons" if value else "button"))


def submission_payload(view: Json, values: Json, *, user: str) -> Json:
    """Return a form that is sent off; `values` is by block and action."""
    kept = {key: view[key] for key in ("type", "callback_id", "private_metadata", "blocks")}
    return {**_interaction("view_submission", user), "view": {**kept, "id": "V1", "state": {"values": values}}}


def _interaction(type_: str, user: str) -> Json:
    return {
        "type": type_,
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "api_app_id": APP_ID,
    }


def _action(action_id: str, value: str, type_: str) -> Json:
    return {"action_id": action_id, "block_id": "b", "value": value, "type": type_, "action_ts": "1"}


def _trigger() -> str:
    return f"t{uuid.uuid4().hex[:8]}"
