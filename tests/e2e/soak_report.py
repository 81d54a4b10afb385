"""The report of a soak: what became of the questions, and how long each fault was felt."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.standins.slack import BOT_USER, is_growing

if TYPE_CHECKING:
    from bot.playground.sockets import Envelope
    from tests.e2e.soaking import Soak
    from tests.standins.slack import Call


@dataclass(frozen=True)
class Asked:
    """A question: where and when; `key` is its ts, or its command's key."""

    channel: str
    key: str
    at: float
    envelope: Envelope | None = None


@dataclass(frozen=True)
class Fault:
    """Something that was done to the bots; `lasts_s` as far as whoever did it can say."""

    kind: str
    at: float
    lasts_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of a soak. `heal_s` is the time from each fault until all asked before its end were answered."""

    ledger: str
    took_s: float
    asked: int
    not_taken: int
    unheard: int
    answered_once: int
    by_passages: int
    apologies: int
    doubled: int
    lost: int
    left_hanging: int
    streamed: int
    orphaned: int
    states: dict[str, int]
    answer_s: list[float]
    heal_s: dict[str, list[float]]
    taken_over: int


def was_taken(asked: Asked) -> bool:
    """Tell a question from a command that Slack's sender was told to have failed: Slack delivers those only once."""
    return asked.envelope is None or asked.envelope.acked_at is not None


def _is_heard(envelope: Envelope) -> bool:
    return envelope.type == "events_api" and envelope.acked_at is not None


def answers_in(soak: Soak) -> defaultdict[str, list[dict[str, object]]]:
    """Return the messages that stand as answers, by question."""
    found: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for channel in soak.slack.channels.values():
        for message in list(channel.messages):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == "milvusfaq_answer" and metadata["event_payload"]["part"] == 0:
                found[metadata["event_payload"]["question"]].append(message)
    return found


def make_report(soak: Soak, *, ledger: str, took_s: float, states: dict[str, int], taken_over: int) -> Report:
    answers, taken = answers_in(soak), [asked for asked in soak.asked if was_taken(asked)]
    heard = {envelope.payload["event"]["ts"] for envelope in soak.slack.envelopes if _is_heard(envelope)}
    unheard = [asked.key for asked in taken if not asked.envelope and asked.key not in heard]
    counts = Counter(len(answers[asked.key]) for asked in taken)
    posted = _answer_times(soak.slack.calls)
    texts = [str(messages[0]["blocks"]) for messages in answers.values() if messages]
    notices = sum(
        (message.get("metadata") or {}).get("event_type") == "milvusfaq_notice"
        for channel in soak.slack.channels.values()
        for message in channel.messages
    )
    return Report(
        ledger=ledger,
        took_s=took_s,
        asked=len(soak.asked),
        not_taken=len(soak.asked) - len(taken),
        unheard=len(unheard),
        answered_once=counts[1],
        by_passages=sum("the passages themselves" in text for text in texts),
        apologies=sum("Sorry, I could not" in text or "more questions to answer" in text for text in texts),
        doubled=sum(number for times, number in counts.items() if times > 1),
        lost=counts[0],
        left_hanging=notices + states.get("accepted", 0) + states.get("answering", 0),
        streamed=sum(call.method == "chat.startStream" for call in soak.slack.calls),
        orphaned=_orphans(soak),
        states=states,
        answer_s=sorted(posted[asked.key] - asked.at for asked in taken if asked.key in posted),
        heal_s=_times_to_heal(soak, posted),
        taken_over=taken_over,
    )


def _answer_times(calls: list[Call]) -> dict[str, float]:
    """Return when each question's answer stood in Slack, by its key."""
    times: dict[str, float] = {}
    for call in calls:
        metadata = call.arguments.get("metadata") or {}
        if metadata.get("event_type") == "milvusfaq_answer":
            times.setdefault(metadata["event_payload"]["question"], call.at)
    return times


def _orphans(soak: Soak) -> int:
    """Return how many of the bots' messages are streams that were not completed, open or cut short."""
    messages = [message for channel in soak.slack.channels.values() for message in channel.messages]
    return sum(message["user"] == BOT_USER and is_growing(message) for message in messages)


def _times_to_heal(soak: Soak, posted: dict[str, float]) -> dict[str, list[float]]:
    healed: defaultdict[str, list[float]] = defaultdict(list)
    for fault in soak.faults:
        touched = [posted[a.key] for a in soak.asked if a.key in posted and a.at <= fault.at + fault.lasts_s]
        healed[fault.kind].append(max([fault.at, *(at for at in touched if at > fault.at)]) - fault.at)
    return dict(healed)
