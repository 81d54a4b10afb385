"""The report's figures: counted over everything, quoted only of what everybody could read anyway."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bot.ledger import State
from bot.operations.report.grouping import group_alike
from bot.rendering.escalation import cited_sections
from bot.rendering.permalinks import question_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.domain import SlackQuestion
    from bot.ledger.repositories.reporting import AskedQuestion, Reporting, Vote
    from bot.operations.report.grouping import Encode

NOT_IN_DOCS = "not in the docs"
"""The reason of a question whose asker alone was told that the docs lack it."""
MOST_GROUPS, MOST_PAGES, MOST_LINKS = 15, 10, 5
ENOUGH_FOR_P95 = 2


class QuotingRule(Protocol):
    """What tells whether a question may be quoted: bot.slack.channels."""

    @property
    def trouble(self) -> str:
        """Why it can't be told of all channels; "" where it can."""
        ...

    async def may_quote(self, question: SlackQuestion, *, in_channel: str) -> bool:
        """Tell whether everybody who reads a channel could read it, and its answer, where it was asked."""
        ...


class Page(NamedTuple):
    """A page of the docs, and how often."""

    title: str
    url: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A question that may be quoted, with where it was asked and what was said of its answer."""

    text: str
    link: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Questions that are alike: the one in their middle first."""

    questions: tuple[Quoted, ...]

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.questions)

    @property
    def links(self) -> tuple[str, ...]:
        """Where some of them were asked."""
        return tuple(question.link for question in self.questions[:MOST_LINKS] if question.link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is counted in a time. Seconds are those until an answer stood there; None where none did."""

    questions: int = 0
    askers: int = 0
    answered: int = 0
    abstained: int = 0
    escalated: int = 0
    liked: int = 0
    disliked: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A time's report: `before` counts the time of the same length before it.

    `unanswered` and `disliked` hold what may be quoted; `unquoted` tells how many more of each there are, and
    `unquoted_why` what keeps more from being quoted, "" where it is privacy alone.
    """

    since: float
    until: float
    counts: Counts
    before: Counts
    unanswered: tuple[Group, ...]
    disliked: tuple[Group, ...]
    unquoted_unanswered: int
    unquoted_disliked: int
    unquoted_why: str
    cited: tuple[Page, ...]
    nearest: tuple[Page, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Makes reports. `report_channel` may read what was asked in it, public or not.

    `workspace` is the address below which messages are linked, `encode` gives the vectors of questions.
    """

    reporting: Reporting
    rule: QuotingRule
    encode: Encode
    workspace: str
    report_channel: str = ""

    async def report(self, *, since: float, until: float) -> Report:
        """Return the report of a time, in seconds since 1970."""
        cited, nearest = PageCounts(), PageCounts()
        asked = []
        async for one in self.reporting.asked(since, until):
            (nearest if is_unanswered(one) else cited).add(one)
            asked.append(replace(one, messages=()))
        votes = await self.reporting.votes(since, until)
        earlier = 2 * since - until
        before = [one async for one in self.reporting.asked(earlier, since, with_messages=False)]
        unanswered = [one for one in asked if is_unanswered(one)]
        disliked = await self._disliked(votes)
        quoted, quoted_disliked = await self._quoted(unanswered), await self._quoted(disliked, votes)
        return Report(
            since=since,
            until=until,
            counts=await self._counts(asked, votes, since, until),
            before=await self._counts(before, await self.reporting.votes(earlier, since), earlier, since),
            unanswered=await asyncio.to_thread(self._groups, quoted),
            disliked=await asyncio.to_thread(self._groups, quoted_disliked),
            unquoted_unanswered=len(unanswered) - len(quoted),
            unquoted_disliked=len(disliked) - len(quoted_disliked),
            unquoted_why=self.rule.trouble,
            cited=cited.pages(),
            nearest=nearest.pages(),
        )

    async def _counts(
        self, asked: Sequence[AskedQuestion], votes: Sequence[Vote], since: float, until: float
    ) -> Counts:
        counted = count(asked, votes)
        escalated, tokens = await self.reporting.escalated(since, until), await self.reporting.tokens(since, until)
        return replace(counted, escalated=escalated, tokens=tokens)

    async def _disliked(self, votes: Sequence[Vote]) -> list[AskedQuestion]:
        ids = dict.fromkeys(vote.question_id for vote in votes if not vote.liked)
        return await self.reporting.questions(list(ids))

    async def _quoted(self, asked: Iterable[AskedQuestion], votes: Sequence[Vote] = ()) -> list[Quoted]:
        said = {vote.question_id: vote.reason for vote in votes if not vote.liked and vote.reason}
        return [
            Quoted(
                text=one.question.text, link=question_address(self.workspace, one.question), said=said.get(one.id, "")
            )
            for one in asked
            if one.state is not State.QUIET  # its asker alone was told
            and await self.rule.may_quote(one.question, in_channel=self.report_channel)
        ]

    def _groups(self, quoted: Sequence[Quoted]) -> tuple[Group, ...]:
        groups = group_alike([one.text for one in quoted], self.encode)
        made = [Group(questions=tuple(quoted[place] for place in places)) for places in groups]
        return tuple(made[:MOST_GROUPS])


def is_unanswered(asked: AskedQuestion) -> bool:
    """Tell whether the docs did not hold it."""
    return asked.state is State.ABSTAINED or (asked.state is State.QUIET and asked.reason == NOT_IN_DOCS)


def count(asked: Sequence[AskedQuestion], votes: Sequence[Vote]) -> Counts:
    """Return what is counted of questions and votes."""
    took = sorted(one.took_s for one in asked if one.took_s is not None and one.state is State.ANSWERED)
    parts = quantiles(took, n=20, method="inclusive") if len(took) >= ENOUGH_FOR_P95 else [*took * 19]
    return Counts(
        questions=len(asked),
        askers=len({one.question.user for one in asked if one.question.user}),
        answered=_number(asked, lambda one: one.state is State.ANSWERED),
        abstained=_number(asked, is_unanswered),
        liked=sum(vote.liked for vote in votes),
        disliked=sum(not vote.liked for vote in votes),
        p50_s=parts[9] if parts else None,
        p95_s=parts[18] if parts else None,
    )


def _number(asked: Iterable[AskedQuestion], is_one: Callable[[AskedQuestion], bool]) -> int:
    return sum(map(is_one, asked))


class PageCounts:
    """How often answers name each page; each counts once an answer."""

    def __init__(self) -> None:
        self.times: Counter[tuple[str, str]] = Counter()

    def add(self, asked: AskedQuestion) -> None:
        """Count the pages of an answer."""
        cited = cited_sections(asked.messages)
        self.times.update({(label.partition(" > ")[0], url.partition("#")[0]) for label, url in cited})

    def pages(self) -> tuple[Page, ...]:
        """Return the most frequent ones; where titles are the same, with their file's name."""
        found = self.times.most_common(MOST_PAGES)
        titles = Counter(title for (title, _), _ in found)
        return tuple(
            Page(f"{title} ({url.rpartition('/')[2]})" if titles[title] > 1 else title, url, number)
            for (title, url), number in found
        )
