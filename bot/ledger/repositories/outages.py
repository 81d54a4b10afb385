"""Outages: times when no replica was connected to Slack, which may have asked and delivered nothing since.

Each replica says every few seconds that it is connected, and which event it has seen last. One that starts or comes
back and finds nobody else connected notes an outage since the last event that anyone has seen; one replica claims it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
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
KEPT_S = 86_400.0
LEASE_S = 180.0
"""How long an outage stays with a replica that gives no sign of life: Slack may want a minute between two calls."""


@dataclass(frozen=True, slots=True)
class Outages:
    """What is known of a workspace's outages, to this process."""

    database: Database
    questions: Questions

    async def note(self, team: str) -> None:
        """Note an outage since the last event that any replica has seen, unless another one is connected now.

        Where no event was ever seen there is none: what was said before the bot came is not for it.
        """
        insert = postgresql.insert if self.database.dialect == "postgresql" else sqlite.insert

        def work(connection: Connection) -> None:
            since = max(_last_event_ts(connection, team), _last_question_ts(connection, team))
            fresh = replicas.c.connected_at > self.database.now - CONNECTED_S
            others = select(replicas.c.owner).where(_of(team), fresh, replicas.c.owner != self._owner)
            is_alone = all(map(is_dead, connection.execute(others).scalars()))
            if not since or not is_alone:
                return
            values = {"team": team, "since_ts": since, "owner": "", "lease_until": 0.0}
            connection.execute(insert(outages).values(values).on_conflict_do_nothing())  # one from before began earlier

        await self.database.run(work)

    async def record_connected(self, team: str, *, last_event_ts: float) -> None:
        """Note that this replica is connected, and which event it has seen last; 0 for none."""
        insert = postgresql.insert if self.database.dialect == "postgresql" else sqlite.insert

        def work(connection: Connection) -> None:
            latest = max(last_event_ts, _last_event_ts(connection, team))
            values = {"connected_at": self.database.now, "last_event_ts": latest}
            row = insert(replicas).values(team=team, owner=self._owner, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["team", "owner"], set_=values))
            old = replicas.c.connected_at < self.database.now - KEPT_S
            connection.execute(delete(replicas).where(_of(team), old))

        await self.database.run(work)

    async def claim(self, team: str) -> float | None:
        """Claim the outage that nobody catches up on; return the ts of the last event before it, None for no outage."""

        def work(connection: Connection) -> float | None:
            row = connection.execute(select(outages).where(outages.c.team == team).with_for_update()).first()
            if row is None:
                return None
            expired = outages.c.lease_until < self.database.now
            is_free = expired | (outages.c.owner == row.owner if is_dead(row.owner) else outages.c.owner == "")
            claimed = update(outages).where(outages.c.team == team, is_free).values(self._lease())
            since: float | None = connection.execute(claimed.returning(outages.c.since_ts)).scalar()
            return since

        return await self.database.run(work)

    async def renew(self, team: str) -> bool:
        """Keep the outage for another lease; False where it is another replica's now."""
        statement = update(outages).where(outages.c.team == team, outages.c.owner == self._owner)
        return await self.database.changed(statement.values(self._lease())) > 0

    async def end(self, team: str) -> None:
        """Note that all is caught up on."""
        await self.database.changed(delete(outages).where(outages.c.team == team, outages.c.owner == self._owner))

    def _lease(self) -> dict[str, Any]:
        return {"owner": self._owner, "lease_until": self.database.now + LEASE_S}

    @property
    def _owner(self) -> str:
        return self.questions.owner


def _last_event_ts(connection: Connection, team: str) -> float:
    return connection.execute(select(func.max(replicas.c.last_event_ts)).where(_of(team))).scalar() or 0.0


def _last_question_ts(connection: Connection, team: str) -> float:
    """Return the ts of the latest message that asked: whoever took it may have ended before it said so."""
    statement = select(questions.c.ts).where(questions.c.team == team).order_by(questions.c.id.desc()).limit(LATEST)
    return max((float(ts) for ts in connection.execute(statement).scalars() if " " not in ts), default=0.0)


def _of(team: str) -> ColumnElement[bool]:
    return replicas.c.team == team
