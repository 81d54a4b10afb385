"""Outages: times when no replica was connected to Slack, which may have asked and delivered nothing since.

Each replica says every few seconds that it is connected, and until when, by Slack's clock, it has seen all events. One
that starts or comes back and finds nobody else connected notes an outage; one replica claims it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.ledger.storage.processes import is_dead
from bot.ledger.storage.schema import outages, questions, replicas

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.ledger.repositories.questions import Questions
    from bot.ledger.storage.database import Database

CONNECTED_S = 30.0
"""A replica that has said for so long nothing of being connected is not."""
LATEST = 50
"""Questions among which the latest one is: late ones are accepted after newer ones."""
KEPT_S = 7 * 86_400.0
LEASE_S = 180.0
"""How long an outage stays with a replica that gives no sign of life: Slack may want a minute between two calls."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage that this replica catches up on: all events until `since_ts` were seen.

    `noted` counts how often it was noted: an outage that is noted again meanwhile is not over.
    """

    since_ts: float
    noted: int


@dataclass(frozen=True, slots=True)
class Outages:
    """What is known of a workspace's outages, to this process."""

    database: Database
    questions: Questions

    async def note(self, team: str, *, since_ts: float = 0.0) -> float:
        """Note an outage since then, by default since all that any replica has seen; return since when, 0 for never.

        There is none while another replica is connected, nor where none ever was: what was said before the bot came is
        not for it.
        """
        long_ago = self.database.now - 2 * CONNECTED_S  # it may end before it has said anything
        here = self._insert(replicas).values(team=team, owner=self._owner, connected_at=long_ago, seen_until_ts=0.0)
        here = here.on_conflict_do_nothing()

        def work(connection: Connection) -> float:
            since = since_ts or _seen_until(connection, team)
            connection.execute(here)
            if since and not self._others_are_connected(connection, team):
                row = self._insert(outages).values(team=team, since_ts=since, noted=1, owner="", lease_until=0.0)
                earlier = case((outages.c.since_ts < since, outages.c.since_ts), else_=since)
                again = {"noted": outages.c.noted + 1, "since_ts": earlier}
                connection.execute(row.on_conflict_do_update(index_elements=["team"], set_=again))
            return since

        return await self.database.run(work)

    async def record_connected(self, team: str, *, seen_until_ts: float) -> None:
        """Note that this replica is connected, and until when it has seen all events; 0 where it has seen none."""
        values = {"connected_at": self.database.now, "seen_until_ts": seen_until_ts}
        row = self._insert(replicas).values(team=team, owner=self._owner, **values)
        old = replicas.c.connected_at < self.database.now - KEPT_S

        def work(connection: Connection) -> None:
            connection.execute(row.on_conflict_do_update(index_elements=["team", "owner"], set_=values))
            connection.execute(delete(replicas).where(_of(team), old))

        await self.database.run(work)

    async def claim(self, team: str) -> Outage | None:
        """Claim the outage that nobody catches up on; None where there is none."""

        def work(connection: Connection) -> Outage | None:
            row = connection.execute(select(outages).where(outages.c.team == team).with_for_update()).first()
            if row is None:
                return None
            is_free = outages.c.lease_until < self.database.now
            if is_dead(row.owner):
                is_free |= outages.c.owner == row.owner
            claimed = update(outages).where(outages.c.team == team, is_free).values(self._lease())
            found = connection.execute(claimed.returning(outages.c.since_ts, outages.c.noted)).first()
            return Outage(found.since_ts, found.noted) if found else None

        return await self.database.run(work)

    async def renew(self, team: str) -> bool:
        """Keep the outage for another lease; False where it is another replica's now."""
        statement = update(outages).where(outages.c.team == team, outages.c.owner == self._owner)
        return await self.database.changed(statement.values(self._lease())) > 0

    async def end(self, team: str, outage: Outage) -> None:
        """Note that all is caught up on; one that was noted again meanwhile stays, for anyone to claim."""
        mine = (outages.c.team == team) & (outages.c.owner == self._owner)

        def work(connection: Connection) -> None:
            connection.execute(delete(outages).where(mine, outages.c.noted == outage.noted))
            connection.execute(update(outages).where(mine).values(lease_until=0.0))

        await self.database.run(work)

    async def postpone(self, team: str, seconds: float) -> None:
        """Leave the outage for so many seconds, and then to anyone."""
        mine = (outages.c.team == team) & (outages.c.owner == self._owner)
        await self.database.changed(update(outages).where(mine).values(lease_until=self.database.now + seconds))

    def _others_are_connected(self, connection: Connection, team: str) -> bool:
        fresh = replicas.c.connected_at > self.database.now - CONNECTED_S
        others = select(replicas.c.owner).where(_of(team), fresh, replicas.c.owner != self._owner)
        return not all(map(is_dead, connection.execute(others).scalars()))

    def _lease(self) -> dict[str, Any]:
        return {"owner": self._owner, "lease_until": self.database.now + LEASE_S}

    def _insert(self, table: Any) -> Any:
        return (postgresql if self.database.dialect == "postgresql" else sqlite).insert(table)

    @property
    def _owner(self) -> str:
        return self.questions.owner


def _seen_until(connection: Connection, team: str) -> float:
    """Return until when replicas have seen all events; 0 where none was ever connected.

    A message that asked was seen too: whoever took it may have ended before it said so.
    """
    seen = connection.execute(select(func.max(replicas.c.seen_until_ts)).where(_of(team))).scalar()
    if seen is None:
        return 0.0
    latest = select(questions.c.ts).where(questions.c.team == team).order_by(questions.c.id.desc()).limit(LATEST)
    asked = (float(ts) for ts in connection.execute(latest).scalars() if " " not in ts)
    return max(float(seen), *asked, 0.0)


def _of(team: str) -> ColumnElement[bool]:
    return replicas.c.team == team
