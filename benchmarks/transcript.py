"""docs/transcript.md: what people see, written from a run of the real bot against the stand-ins.

    make transcript

The bot is the real one, with the starter FAQ in Milvus Lite; Slack and the language model are stand-ins, and what the
model says is scripted here.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bot.rendering.action_ids import ESCALATE_ACTION, FEEDBACK_ACTION, FORM_REASON, FORM_WORDS, RESOLVE_ACTION
from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.standins.model import ModelStandIn, Reply
from tests.standins.slack import ASKER, BOT_USER, SlackStandIn

if TYPE_CHECKING:
    from tests.standins.slack import Json

DOCUMENT = Path(__file__).parents[1] / "docs" / "transcript.md"
CHANNEL, HELPER = "C0VECTORS", "U0GRACE"
NAMES = {ASKER: "Ada", HELPER: "Grace", BOT_USER: "milvusfaq"}
WORDS_PER_S = 12
HEAD = """\
# What people see
Written by `make transcript` from a run of the real bot, with the starter FAQ in Milvus Lite, against stand-ins for
Slack and for the language model; what the model says is scripted in `benchmarks/transcript.py`. Ada asks, Grace is on
call.
"""


@dataclass
class Scene:
    """What is written down of a run."""

    slack: SlackStandIn
    model: ModelStandIn
    folder: Path
    lines: list[str] = field(default_factory=lambda: [HEAD])

    def title(self, text: str) -> None:
        """Begin a part."""
        self.lines.append(f"\n## {text}\n")

    def note(self, text: str) -> None:
        """Write down what happens beside the messages."""
        self.lines.append(f"*{text}*\n")

    def says(self, who: str, text: str, *, thread_ts: str | None = None) -> str:
        """Let someone write; return the message's ts."""
        self.lines.append(f"**{NAMES[who]}**: {text.replace(f'<@{BOT_USER}>', '@milvusfaq')}\n")
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return self.slack.say(CHANNEL, text, user=who, **more)

    def answered(self, ts: str, thread: str, count: int) -> Json:
        """Wait until a question is done with, and write down what its asker saw; return the answer."""
        self.slack.wait_for(lambda: f"Answered {CHANNEL} {ts}" in log_of(self.folder), "the answer")
        reply = self.slack.wait_for_replies(CHANNEL, thread, count=count)[-1]
        for text in self._statuses(thread):
            self.note(f"milvusfaq {text}")
        self.lines += self._growth(reply)
        self.shows(reply)
        return reply

    def shows(self, message: Json) -> None:
        """Write a message down as it stands."""
        self.lines.append(f"**milvusfaq**:\n\n{quoted(rendered(message['blocks']))}\n")

    def shown_privately(self) -> None:
        """Write down what one person alone was told last."""
        told = self.slack.private[-1]
        self.note(f"Only {NAMES[told['user']]} sees: {told['text']}")

    def press(self, message: Json, action: str, who: str) -> None:
        """Let someone press a button."""
        (button,) = [
            e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"] if e["action_id"] == action
        ]
        self.note(f"{NAMES[who]} presses “{button['text']['text']}”.")
        self.slack.wait_for_ack(self.slack.press(CHANNEL, message, action, button["value"], user=who))

    def _statuses(self, thread: str) -> list[str]:
        shown = [s["status"] for s in self.slack.calls_of("assistant.threads.setStatus") if s["thread_ts"] == thread]
        self.slack.calls = [call for call in self.slack.calls if call.method != "assistant.threads.setStatus"]
        return shown

    def _growth(self, reply: Json) -> list[str]:
        """Return how a streamed answer has grown, as far as it was streamed now."""
        pieces = [
            (call.method, call.arguments.get("markdown_text") or "")
            for call in self.slack.calls
            if call.method in {"chat.startStream", "chat.appendStream", "chat.stopStream"}
            and call.arguments.get("ts", reply["ts"]) == reply["ts"]
        ]
        self.slack.calls = [call for call in self.slack.calls if "Stream" not in call.method]
        if not pieces:
            return []
        steps = "\n".join(f"{method:17}  {text!r}" for method, text in pieces)
        return [f"```text\n{steps}\n```\n"]


def play(scene: Scene) -> None:
    """Let people ask, and write down what they see."""
    thread, first = mention(scene)
    second = follow_up(scene, thread)
    thumb_down(scene, second)
    ask_a_person(scene)
    edit(scene, thread, first)
    mute(scene, thread)
    weak_model(scene)


def mention(scene: Scene) -> tuple[str, Json]:
    """Show a mention; return its ts and its answer."""
    scene.title("A mention, and an answer that is streamed")
    answer = "Inserted data lies in object storage, as an incremental log [1]. Metadata lies in etcd [1]."
    scene.model.play(Reply(answer, words_per_s=WORDS_PER_S))
    thread = scene.says(ASKER, f"<@{BOT_USER}> How is data stored in milvus?")
    first = scene.answered(thread, thread, 1)
    return thread, first


def follow_up(scene: Scene, thread: str) -> Json:
    """Show a follow-up; return its answer."""
    scene.title("A follow-up without a mention")
    scene.model.play(
        Reply("When is inserted data written to object storage in Milvus?"),
        Reply("When its segment is sealed and flushed [1].", words_per_s=WORDS_PER_S),
    )
    ts = scene.says(ASKER, "And when is it written there?", thread_ts=thread)
    return scene.answered(ts, thread, 2)


def thumb_down(scene: Scene, second: Json) -> None:
    """Show a vote with its reason."""
    scene.title("A thumb down, with the reason")
    (thumbs,) = [b["elements"][0] for b in second["blocks"] if b["type"] == "context_actions"]
    scene.note(f"Ada presses “{thumbs['negative_button']['text']['text']}”.")
    value, shown = thumbs["negative_button"]["value"], len(scene.slack.views)
    scene.slack.wait_for_ack(scene.slack.press(CHANNEL, second, FEEDBACK_ACTION, value))
    form = scene.slack.wait_for(lambda: scene.slack.views[shown:], "the form")[0]
    reason = form["blocks"][0]["element"]
    choices = ", ".join(option["text"]["text"] for option in reason["options"])
    labels = [block["label"]["text"] for block in form["blocks"]]
    scene.note(f"A form opens: “{form['title']['text']}”: {labels[0]}: {choices}; {labels[1]}: …")
    chosen = {FORM_REASON: {FORM_REASON: {"selected_option": {"value": "incomplete"}}}}
    told = {FORM_WORDS: {FORM_WORDS: {"value": "It does not say how long that takes."}}}
    scene.slack.wait_for_ack(scene.slack.submit(form, chosen | told))
    scene.note("Ada chooses “incomplete”, writes “It does not say how long that takes.”, and sends it. It is kept.")


def ask_a_person(scene: Scene) -> None:
    """Show an abstention, and a person called."""
    scene.title("A question that the docs do not answer, and a person's help")
    scene.model.play(Reply("NOT_IN_DOCS\nThe passages say nothing of tape."))
    other = scene.says(ASKER, f"<@{BOT_USER}> When will Milvus store data on tape?")
    abstention = scene.answered(other, other, 1)
    scene.press(abstention, ESCALATE_ACTION, ASKER)
    call = scene.slack.wait_for_replies(CHANNEL, other, count=2)[-1]
    scene.shows(call)
    scene.press(call, RESOLVE_ACTION, HELPER)
    scene.slack.wait_for(lambda: call["blocks"][-1]["type"] == "rich_text", "the end of the escalation")
    scene.shows(call)


def edit(scene: Scene, thread: str, first: Json) -> None:
    """Show an edit."""
    scene.title("An edit: the answer is made anew, in its place")
    scene.model.play(Reply("Metadata lies in etcd [1]."))
    ended = log_of(scene.folder).count(f"Answered {CHANNEL} {thread}")
    edited = f"<@{BOT_USER}> Where is metadata stored in milvus?"
    scene.note("Ada edits her first question.")
    scene.lines.append("**Ada**: @milvusfaq Where is metadata stored in milvus? (edited)\n")
    scene.slack.edit(CHANNEL, thread, edited)
    scene.slack.wait_for(lambda: log_of(scene.folder).count(f"Answered {CHANNEL} {thread}") > ended, "the new answer")
    scene.shows(first)


def mute(scene: Scene, thread: str) -> None:
    """Show how a thread is muted."""
    scene.title("Mute")
    told_before = len(scene.slack.private)
    scene.says(ASKER, f"<@{BOT_USER}> mute", thread_ts=thread)
    scene.slack.wait_for(lambda: len(scene.slack.private) > told_before, "a word to Ada")
    scene.shown_privately()
    ts = scene.says(ASKER, "And how is an index of it built?", thread_ts=thread)
    scene.slack.wait_for(lambda: f"Ignored {CHANNEL} {ts}" in log_of(scene.folder), "the decision")
    reason = log_of(scene.folder).rpartition(f"Ignored {CHANNEL} {ts}: ")[2].splitlines()[0]
    scene.note(f"milvusfaq says nothing; its log, at LOG_LEVEL=DEBUG: “{reason}”.")


WEAK_REPLIES = {
    "Where does Milvus keep the data that I insert?": "What you insert is stored persistently in object storage "
    "(passage 1). The metadata is stored in etcd.\n\nSources:\n- [1] Milvus starter FAQ",
    "How many dimensions may a vector have?": "A vector may have at most 65,536 dimensions [9]. It is a list.",
    "How much memory does Milvus need?": "You pay 5 dollars a month for each cluster, and the first year is free.",
    "What does a query node do?": "It holds loaded segments in memory and answers searches [1]. "
    + "Let me know if this helps.\n" * 40,
    "How do I back up Milvus?": "With the tool Milvus Backup, on the command line or by its API [1]. "
    "NOT_IN_DOCS: how long it takes.",
}


def weak_model(scene: Scene) -> None:
    """Show what becomes of replies as weak models write them."""
    scene.title("What a weak model writes, and what is shown of it")
    for question, reply in WEAK_REPLIES.items():
        scene.model.play(Reply(reply, words_per_s=WORDS_PER_S))
        ts = scene.says(ASKER, f"<@{BOT_USER}> {question}")
        scene.lines.append(f"*The model writes:*\n\n```text\n{reply[:300].strip()}\n```\n")
        scene.answered(ts, ts, 1)


def rendered(blocks: list[Json]) -> str:
    """Return a message's blocks as Markdown."""
    return "\n\n".join(map(_rendered, blocks))


def _rendered(block: Json) -> str:
    kind, elements = block["type"], block.get("elements", [])
    if kind == "markdown":
        return str(block["text"])
    if kind == "context":
        return " ".join(f"*{element['text']}*" for element in elements)
    if kind == "actions":
        return " ".join(f"`[{element['text']['text']}]`" for element in elements)
    if kind == "context_actions":
        (thumbs,) = elements
        return f"👍 {thumbs['positive_button']['text']['text']} · 👎 {thumbs['negative_button']['text']['text']}"
    return "\n".join(_rich(element) for element in elements)


def _rich(element: Json) -> str:
    text = "".join(_inline(part) for part in element["elements"])
    return quoted(text) if element["type"] == "rich_text_quote" else text


def _inline(part: Json) -> str:
    if part["type"] == "link":
        return f"[{part['text']}]({part['url']})"
    if part["type"] == "usergroup":
        return "@on-call"
    if part["type"] == "user":
        return f"@{NAMES[part['user_id']]}"
    return f"**{part['text'].strip()}** " if part.get("style") else str(part["text"])


def quoted(text: str) -> str:
    """Return a text as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def main() -> None:
    """Run the bot, and write down what people see."""
    with SlackStandIn() as slack, ModelStandIn() as model, tempfile.TemporaryDirectory() as folder:
        slack.join(CHANNEL)
        slack.people[HELPER] = {"team_id": "T0TEAM"}
        settings = settings_for(slack, model, Path(folder))
        with running_bot(slack, Path(folder), {**settings, "ESCALATION_GROUP": "S0ONCALL", "LOG_LEVEL": "DEBUG"}):
            scene = Scene(slack, model, Path(folder))
            play(scene)
    DOCUMENT.write_text("\n".join(scene.lines), encoding="utf-8")


if __name__ == "__main__":
    main()
