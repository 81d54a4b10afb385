"""The Web API's methods, each doing its work on the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.limits import MARKDOWN_CHARACTERS, refused_blocks, refused_view
from bot.playground.workspace import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.workspace import Channel, Json

NOT_IN_A_COARSE_WORKSPACE = ("chat.startStream", "chat.appendStream", "chat.stopStream", "assistant.", "agents.")
OUR_OWN = ("stream", "streamed", "stopped")
"""What a message has here that Slack shows nobody."""
_KEPT = ("text", "blocks", "thread_ts", "metadata")


def error(code: str) -> Json:
    """Return what a method answers that can't do its work."""
    return {"ok": False, "error": code}


class WebApi(Workspace):
    """A workspace that takes calls."""

    def call(self, method: str, arguments: Json) -> Json:
        """Do a method's work; return its answer."""
        handlers: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.startStream": self._start_stream,
            "chat.appendStream": self._append_stream,
            "chat.stopStream": self._stop_stream,
            "files.info": self._file_info,
            "conversations.history": self._list_history,
            "conversations.replies": self._list_replies,
            "conversations.info": self._conversation_info,
            "conversations.open": self._open_direct,
            "users.conversations": self._list_conversations,
            "usergroups.users.list": self._list_group,
            "users.info": self._user_info,
            "blocks.validate": self._validate,
            "views.open": self._open_view,
            "views.publish": self._publish_view,
            "assistant.threads.setStatus": self._set_status,
            "assistant.threads.setSuggestedPrompts": self._in_channel,
            "agents.sessions.setStatus": self._set_session,
        }
        if method not in handlers or (self.coarse and method.startswith(NOT_IN_A_COARSE_WORKSPACE)):
            return error("unknown_method")
        with self.changed:
            answer = handlers[method](arguments)
            self.changed.notify_all()
        return {"ok": True, **answer}

    def _auth_test(self, _: Json) -> Json:
        url = "https://stand-in.slack.com/"
        return {"url": url, "user_id": BOT_USER, "user": BOT_NAME, "team_id": TEAM, "team": "in", "bot_id": BOT_ID}

    def _post_message(self, arguments: Json) -> Json:
        wanted = arguments.get("channel", "")
        channel = self._open(self.direct(wanted) if wanted in self.people else wanted)
        if isinstance(channel, str):
            return error(channel)
        if problem := refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        if not arguments.get("text") and not arguments.get("blocks"):
            return error("no_text")
        return self._add(channel, {key: arguments[key] for key in _KEPT if key in arguments})

    def _open(self, channel: str) -> Channel | str:
        """Return a channel that the bot may use, or the error with which Slack refuses it."""
        found = self.channels.get(channel)
        if found is None:
            return "channel_not_found"
        return found if found.has_bot else "not_in_channel"

    def _add(self, channel: Channel, message: Json) -> Json:
        message |= {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "ts": self.new_ts()}
        channel.messages.append(message)
        self.statuses.pop((channel.id, message.get("thread_ts", "")), None)
        return {"channel": channel.id, "ts": message["ts"], "message": _shown(message)}

    def _post_ephemeral(self, arguments: Json) -> Json:
        if problem := refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        self.private.append(arguments)
        place = arguments["channel"], arguments["user"], arguments
        self.tell_alone(*place, thread_ts=arguments.get("thread_ts") or "")
        return {"message_ts": self.new_ts()}

    def _update(self, arguments: Json) -> Json:
        message = self.find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" in message:
            return error("streaming_state_conflict")
        if len(arguments.get("text") or "") > 4_000:
            return error("msg_too_long")
        if problem := refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        message |= {key: arguments[key] for key in ("text", "blocks", "metadata") if key in arguments}
        return {"ts": message["ts"]}

    def _delete(self, arguments: Json) -> Json:
        message = self.find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" in message:
            return error("cant_delete_message")
        self.channels[arguments["channel"]].messages.remove(message)
        return {}

    def _start_stream(self, arguments: Json) -> Json:
        channel = self._open(arguments.get("channel", ""))
        if isinstance(channel, str):
            return error(channel)
        if not channel.streams:
            return error("channel_type_not_supported")
        if not arguments.get("thread_ts"):
            return error("missing_thread_ts")
        if channel.type != "im" and not (arguments.get("recipient_user_id") and arguments.get("recipient_team_id")):
            return error("missing_recipient_team_id")
        text = arguments.get("markdown_text") or ""
        stream = {"stream": [text] if text else [], "streamed": True}
        return self._add(channel, {"thread_ts": arguments["thread_ts"], "text": text, **stream})

    def _append_stream(self, arguments: Json) -> Json:
        return self._extend(arguments, arguments.get("markdown_text") or "") or {}

    def _stop_stream(self, arguments: Json) -> Json:
        message, rest = self.find(arguments), arguments.get("markdown_text") or ""
        text = (message or {"text": ""})["text"] + rest
        blocks = [{"type": "markdown", "text": text}] if text else []
        blocks += arguments.get("blocks") or []
        if problem := refused_blocks(blocks):
            return error(problem)
        if message is None:
            return error("message_not_found")
        if problem_found := self._extend(arguments, rest):
            return problem_found
        del message["stream"]
        message |= {"blocks": blocks} | ({"metadata": arguments["metadata"]} if "metadata" in arguments else {})
        if status := arguments.get("session_status"):
            self.sessions[arguments["channel"], message["thread_ts"]] = status
        return {"ts": message["ts"], "message": _shown(message), **({"session_status": status} if status else {})}

    def _extend(self, arguments: Json, text: str) -> Json | None:
        """Add to an open stream; return why that can't be."""
        message = self.find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" not in message:
            return error("stopped_by_user" if "stopped" in message else "message_not_in_streaming_state")
        if len(message["text"]) + len(text) > MARKDOWN_CHARACTERS:
            return error("msg_too_long")
        message["text"] += text
        message["stream"].append(text)
        return None

    def _list_history(self, arguments: Json) -> Json:
        channel = self._open(arguments.get("channel", ""))
        if isinstance(channel, str):
            return error(channel)
        oldest = float(arguments.get("oldest") or 0)
        later = [m for m in reversed(channel.messages) if float(m["ts"]) > oldest]
        top = [m for m in later if m.get("thread_ts") in {None, m["ts"]}]
        return _page([_with_replies(channel, m) for m in top], arguments, name="messages")

    def _list_replies(self, arguments: Json) -> Json:
        channel = self._open(arguments.get("channel", ""))
        if isinstance(channel, str):
            return error(channel)
        root, oldest = arguments["ts"], float(arguments.get("oldest") or 0)
        thread = [
            m for m in channel.messages if m["ts"] == root or (m.get("thread_ts") == root and float(m["ts"]) > oldest)
        ]
        return _page([_shown(m) for m in thread], arguments, name="messages")

    def _conversation_info(self, arguments: Json) -> Json:
        found = self.channels.get(arguments["channel"])
        if "channels:read" not in self.scopes:
            return error("missing_scope")
        if found is None:
            return error("channel_not_found")
        kinds = {"is_private": found.type != "channel", "is_im": found.type == "im", "is_mpim": found.type == "mpim"}
        return {"channel": {"id": found.id, **kinds}}

    def _open_direct(self, arguments: Json) -> Json:
        known = arguments["users"] in self.people
        return {"channel": {"id": self.direct(arguments["users"])}} if known else error("user_not_found")

    def _list_conversations(self, arguments: Json) -> Json:
        if "im:read" not in self.scopes:
            return error("missing_scope")
        found = [{"id": one.id} for one in self.channels.values() if one.type == arguments["types"]]
        return _page(found, arguments, name="channels")

    def _list_group(self, arguments: Json) -> Json:
        if "usergroups:read" not in self.scopes:
            return error("missing_scope")
        members = self.groups.get(arguments["usergroup"])
        return error("no_such_subteam") if members is None else {"users": members}

    def _user_info(self, arguments: Json) -> Json:
        person = self.people.get(arguments["user"])
        if person is None:
            return error("user_not_found")
        locale = {"locale": person.get("locale", "en-US")} if arguments.get("include_locale") else {}
        return {"user": {"id": arguments["user"], **{k: v for k, v in person.items() if k != "locale"}, **locale}}

    def _file_info(self, arguments: Json) -> Json:
        file = self.files.get(arguments["file"])
        if "files:read" not in self.scopes:
            return error("missing_scope")
        return {"file": {k: v for k, v in file.items() if k != "content"}} if file else error("file_not_found")

    def _validate(self, arguments: Json) -> Json:
        """Tell what is wrong with blocks, a message or a view: exactly one of them."""
        given = [name for name in ("blocks", "message", "view") if name in arguments]
        if len(given) != 1:
            return error("invalid_arguments")
        what = arguments[given[0]]
        if given == ["view"]:
            problem = refused_view(what)
        else:
            problem = refused_blocks(what if given == ["blocks"] else what.get("blocks") or [])
        return error(problem) if problem else {}

    def _open_view(self, arguments: Json) -> Json:
        if problem := refused_view(arguments["view"]):
            return error(problem)
        self.views.append(arguments["view"])
        return {"view": {"id": "V1", **arguments["view"]}}

    def _publish_view(self, arguments: Json) -> Json:
        if problem := refused_view(arguments["view"]):
            return error(problem)
        self.homes[arguments["user_id"]] = arguments["view"]
        return {"view": {"id": "V0", **arguments["view"]}}

    def _in_channel(self, arguments: Json) -> Json:
        return {} if arguments.get("channel_id") in self.channels else error("channel_not_found")

    def _set_status(self, arguments: Json) -> Json:
        self.statuses[arguments["channel_id"], arguments["thread_ts"]] = arguments.get("status") or ""
        return self._in_channel(arguments)

    def _set_session(self, arguments: Json) -> Json:
        if arguments.get("status") not in {"active", "processing", "suspended", "closed"}:
            return error("invalid_arguments")
        self.sessions[arguments["channel_id"], arguments["thread_ts"]] = arguments["status"]
        return self._in_channel(arguments)


def _page(found: list[Json], arguments: Json, *, name: str) -> Json:
    """Return one page of what was found; metadata is shown to who asks for it."""
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
    cursor = str(start + limit) if start + limit < len(found) else ""
    page = found[start : start + limit]
    if not arguments.get("include_all_metadata"):
        page = [{key: value for key, value in one.items() if key != "metadata"} for one in page]
    return {name: page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def _with_replies(channel: Channel, message: Json) -> Json:
    """Return a thread's first message as a channel's history shows it."""
    count = sum(m.get("thread_ts") == message["ts"] != m["ts"] for m in channel.messages)
    return {**_shown(message), **({"reply_count": count, "thread_ts": message["ts"]} if count else {})}


def _shown(message: Json) -> Json:
    """Return a message as Slack shows it."""
    return {key: value for key, value in message.items() if key not in OUR_OWN}
