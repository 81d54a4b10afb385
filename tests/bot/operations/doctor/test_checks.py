"""The doctor's checks, each by itself."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

from bot.operations.doctor.finding import exit_code, fail, ok, warn
from bot.operations.doctor.settings_checks import WrittenSettings, check_file, check_names
from bot.operations.doctor.slack_checks import check_clock, check_events


def grades(found: object) -> list[str]:
    return [one.grade for one in found]  # type: ignore[attr-defined]


def test_the_worst_finding_is_the_exit_code() -> None:
    assert exit_code([]) == 0
    assert exit_code([ok("a", "b"), warn("c", "d", "e")]) == 1
    assert exit_code([fail("a", "b", "c"), ok("a", "b")]) == 2


def test_a_clock_that_is_off_by_minutes_is_told() -> None:
    assert grades(check_clock({"Date": formatdate(time.time(), usegmt=True)})) == ["ok"]
    (found,) = check_clock({"Date": formatdate(time.time() - 300, usegmt=True)})
    assert found.grade == "warn"
    assert found.told.startswith("+30")
    assert grades(check_clock({})) == []


def test_events_are_told_as_seen_or_not() -> None:
    told = check_events({"app_mention": 3, "message.im": 1}, started_at=time.time() - 7_200).told
    assert told.startswith("in 2.0 hours seen: app_mention, message.im; not seen: message.channels, ")


def written(file: dict[str, str | None], environment: dict[str, str]) -> WrittenSettings:
    known = frozenset({"MILVUS_URI", "SUPPORT_CHANNELS"})
    return WrittenSettings(known=known, environment=environment, file=file, path=Path(".env"))


def test_in_the_file_each_unknown_name_is_told_in_the_environment_what_is_like_ours() -> None:
    found = list(check_names(written({"FOO": "1", "milvus_uri": "a", "OTEL_SERVICE_NAME": "x"}, {"PATH": "/bin"})))
    assert [(one.what, one.do.partition(".")[0]) for one in found] == [(".env: FOO", "Take it out, or see ")]
    (found_one,) = check_names(written({}, {"PATH": "/bin", "MILVUS_URL": "x"}))
    assert (found_one.what, found_one.do) == ("MILVUS_URL", "Did you mean MILVUS_URI?")
    assert grades(check_names(written({"MILVUS_URI": "a"}, {"HOME": "/"}))) == ["ok"]


def test_a_file_with_tokens_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert grades(check_file(path)) == []
    path.touch(mode=0o644)
    assert grades(check_file(path)) == ["warn"]
    path.chmod(0o600)
    assert grades(check_file(path)) == ["ok"]
