"""Admission: who may ask, where and how often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.answering.admission import AccessPolicy, QuestionLimits
from bot.ledger import open_ledger
from tests.bot.fakes import WORDS, FakeUsers
from tests.builders import A_QUESTION, BOT

if TYPE_CHECKING:
    from pathlib import Path

    from bot.slack.users import Users

USERS = FakeUsers(
    {
        "U0MEMBER": {"team_id": "T0TEAM"},
        "U0GUEST": {"team_id": "T0TEAM", "is_restricted": True},
        "U0SINGLE": {"team_id": "T0TEAM", "is_ultra_restricted": True},
        "U0OTHER": {"team_id": "T0OTHER"},
        "U0STRANGER": {"team_id": "T0TEAM", "is_stranger": True},
        "U0SISTER": {"team_id": "T0SISTER", "enterprise_user": {"enterprise_id": "E0US"}},
    }
)


def refusal(user: str, *, channel: str = "C1", **settings: Any) -> str:
    policy = AccessPolicy(users=cast("Users", USERS), identity=BOT, **settings)
    return asyncio.run(policy.refusal(user, channel=channel))


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("U0MEMBER", ""),
        ("U0SISTER", ""),
        ("U0GUEST", WORDS.not_guests),
        ("U0SINGLE", WORDS.not_guests),
        ("U0OTHER", WORDS.not_other_organisations),
        ("U0STRANGER", WORDS.not_other_organisations),
        ("U0UNKNOWN", WORDS.not_other_organisations),
    ],
)
def test_members_may_ask_and_others_may_where_a_setting_says_so(user: str, told: str) -> None:
    assert refusal(user) == told
    assert refusal(user, guests=True, external=True) == ""


def test_where_channels_are_named_only_those_and_direct_messages_are_answered_in() -> None:
    allowed = {"allowed_channels": ("C1",)}
    assert refusal("U0MEMBER", channel="C1", **allowed) == refusal("U0MEMBER", channel="D9", **allowed) == ""
    assert refusal("U0MEMBER", channel="C2", **allowed) == WORDS.not_in_this_channel


def test_where_people_are_named_only_they_may_ask() -> None:
    assert refusal("U0MEMBER", allowed_users=("U0MEMBER",)) == ""
    assert refusal("U0SISTER", allowed_users=("U0MEMBER",)) == WORDS.not_this_person


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"per_user": 2, "per_channel": 0}, WORDS.too_many_of_yours.format(most=2)),
        ({"per_user": 0, "per_channel": 2}, WORDS.too_many_here.format(most=2)),
        ({"per_user": 3, "per_channel": 3}, ""),
        ({"per_user": 0, "per_channel": 0}, ""),
    ],
)
def test_who_asks_more_in_a_minute_than_is_answered_is_told_so(
    tmp_path: Path, settings: dict[str, int], told: str
) -> None:
    async def scenario() -> str:
        async with open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}") as ledger:
            entries = [await ledger.questions.accept(replace(A_QUESTION, ts=f"1.{number}")) for number in range(3)]
            limits = QuestionLimits(ledger=ledger, users=cast("Users", USERS), **settings)
            last = entries[-1]
            assert last
            assert await limits.refusal(replace(last, tries=2)) == "", "who was let in once stays in"
            return await limits.refusal(last)

    assert asyncio.run(scenario()) == told


@pytest.mark.parametrize("user", ["W0UNKNOWN", "U0OTHER"])
def test_people_whom_slack_does_not_know_here_may_ask_where_others_may(user: str) -> None:
    assert refusal(user) != ""
    assert refusal(user, external=True) == ""


def test_an_app_that_asks_for_nobody_is_allowed_by_its_id() -> None:
    assert refusal("", allowed_users=("U0MEMBER",)) == ""
    assert refusal("", allowed_channels=("C2",)) != ""
