"""Weekly times: a moment of each week, as an operator writes it."""

from __future__ import annotations

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class WeeklyTime(NamedTuple):
    """A moment of each week: `weekday` is 0 for Monday."""

    weekday: int
    hour: int
    minute: int
    zone: ZoneInfo


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)\s+([01]?\d|2[0-3]):([0-5]\d)(?:\s+(\S+))?", re.IGNORECASE)


def read_weekly_time(text: str) -> WeeklyTime:
    """Return what `Mon 09:00 Europe/Berlin` says, UTC where no zone is named; raise ValueError for something else."""
    found = _WEEKLY.fullmatch(text.strip())
    if not found:
        message = f"{text!r} is not a time like Mon 09:00 Europe/Berlin"
        raise ValueError(message)
    day, hour, minute, zone = found.groups()
    try:
        return WeeklyTime(WEEKDAYS.index(day.lower()), int(hour), int(minute), ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{zone} is no time zone like Europe/Berlin"
        raise ValueError(message) from error
