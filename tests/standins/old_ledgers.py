"""Ledgers as older releases made them: their tables, word for word, and a row or two of each."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

TYPES = {
    "sqlite": {"serial": "INTEGER", "double": "DOUBLE"},
    "postgresql": {"serial": "SERIAL", "double": "DOUBLE PRECISION"},
}
"""What SQLAlchemy wrote where the databases differ."""

SCHEMA = "CREATE TABLE ledger_schema (version INTEGER NOT NULL)"
QUESTIONS_1 = """
CREATE TABLE questions (id {serial} NOT NULL, team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL,
ts VARCHAR(128) NOT NULL, thread_ts VARCHAR(64) NOT NULL, "user" VARCHAR(64) NOT NULL, text TEXT, reply_url TEXT,
state VARCHAR(16) NOT NULL, reason VARCHAR(200) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL,
attempts INTEGER NOT NULL, tries INTEGER NOT NULL, accepted_at {double} NOT NULL, begun_at {double}, ended_at {double},
notice_ts VARCHAR(64), messages JSON, posted JSON NOT NULL, kind VARCHAR(16), passages JSON, versions JSON,
times JSON, tokens JSON, PRIMARY KEY (id), CONSTRAINT one_question UNIQUE (team, channel, ts))
"""
QUESTIONS_3 = """
CREATE TABLE questions (id {serial} NOT NULL, team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL,
ts VARCHAR(128) NOT NULL, thread_ts VARCHAR(64) NOT NULL, "user" VARCHAR(64) NOT NULL,
way VARCHAR(16) DEFAULT 'mention' NOT NULL, text TEXT, reply_url TEXT,
state VARCHAR(16) NOT NULL, reason VARCHAR(200) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL,
attempts INTEGER NOT NULL, tries INTEGER NOT NULL, accepted_at {double} NOT NULL, begun_at {double}, ended_at {double},
notice_ts VARCHAR(64), messages JSON, posted JSON NOT NULL, kind VARCHAR(16), passages JSON, versions JSON,
times JSON, tokens JSON, PRIMARY KEY (id), CONSTRAINT one_question UNIQUE (team, channel, ts))
"""
QUESTIONS_4 = """
CREATE TABLE questions (id {serial} NOT NULL, team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL,
ts VARCHAR(128) NOT NULL, thread_ts VARCHAR(64) NOT NULL, "user" VARCHAR(64) NOT NULL,
way VARCHAR(16) DEFAULT 'mention' NOT NULL, text TEXT, reply_url TEXT,
state VARCHAR(16) NOT NULL, reason VARCHAR(200) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL,
attempts INTEGER NOT NULL, tries INTEGER NOT NULL, accepted_at {double} NOT NULL, begun_at {double}, ended_at {double},
notice_ts VARCHAR(64), messages JSON, posted JSON NOT NULL, standing JSON DEFAULT '[]' NOT NULL,
revision INTEGER DEFAULT '0' NOT NULL, style VARCHAR(16) DEFAULT '' NOT NULL,
stopped_by VARCHAR(64) DEFAULT '' NOT NULL,
kind VARCHAR(16), passages JSON, versions JSON, times JSON, tokens JSON, PRIMARY KEY (id),
CONSTRAINT one_question UNIQUE (team, channel, ts))
"""
QUESTIONS_5 = """
CREATE TABLE questions (id {serial} NOT NULL, team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL,
ts VARCHAR(128) NOT NULL, thread_ts VARCHAR(64) NOT NULL, "user" VARCHAR(64) NOT NULL,
way VARCHAR(16) DEFAULT 'mention' NOT NULL, text TEXT, reply_url TEXT,
state VARCHAR(16) NOT NULL, reason VARCHAR(200) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL,
attempts INTEGER NOT NULL, tries INTEGER NOT NULL, accepted_at {double} NOT NULL, begun_at {double}, ended_at {double},
notice_ts VARCHAR(64), messages JSON, posted JSON NOT NULL, standing JSON DEFAULT '[]' NOT NULL,
revision INTEGER DEFAULT '0' NOT NULL, style VARCHAR(16) DEFAULT '' NOT NULL,
stopped_by VARCHAR(64) DEFAULT '' NOT NULL,
edited_ts VARCHAR(64) DEFAULT '' NOT NULL, untidied INTEGER DEFAULT '0' NOT NULL,
kind VARCHAR(16), passages JSON, versions JSON, times JSON, tokens JSON, PRIMARY KEY (id),
CONSTRAINT one_question UNIQUE (team, channel, ts))
"""
QUESTIONS_6 = """
CREATE TABLE questions (id {serial} NOT NULL, team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL,
ts VARCHAR(128) NOT NULL, thread_ts VARCHAR(64) NOT NULL, "user" VARCHAR(64) NOT NULL,
way VARCHAR(16) DEFAULT 'mention' NOT NULL, text TEXT,
user_team VARCHAR(64) DEFAULT '' NOT NULL, files JSON DEFAULT '[]' NOT NULL, late INTEGER DEFAULT '0' NOT NULL,
reply_url TEXT,
state VARCHAR(16) NOT NULL, reason VARCHAR(200) NOT NULL, owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL,
attempts INTEGER NOT NULL, tries INTEGER NOT NULL, accepted_at {double} NOT NULL, begun_at {double}, ended_at {double},
notice_ts VARCHAR(64), messages JSON, posted JSON NOT NULL, standing JSON DEFAULT '[]' NOT NULL,
revision INTEGER DEFAULT '0' NOT NULL, style VARCHAR(16) DEFAULT '' NOT NULL,
stopped_by VARCHAR(64) DEFAULT '' NOT NULL,
edited_ts VARCHAR(64) DEFAULT '' NOT NULL, untidied INTEGER DEFAULT '0' NOT NULL,
kind VARCHAR(16), passages JSON, versions JSON, times JSON, tokens JSON, PRIMARY KEY (id),
CONSTRAINT one_question UNIQUE (team, channel, ts))
"""
INDEXES_1 = (
    "CREATE INDEX open_questions ON questions (state, lease_until)",
    'CREATE INDEX questions_by_user ON questions ("user")',
)
INDEXES_3 = (*INDEXES_1, "CREATE INDEX questions_by_thread ON questions (channel, thread_ts)")
INDEXES_7 = (
    *INDEXES_3,
    """CREATE INDEX remembered_questions ON questions (accepted_at) WHERE (text IS NOT NULL OR "user" <> '')""",
)
FEEDBACK_2 = """
CREATE TABLE feedback (id {serial} NOT NULL, question_id INTEGER NOT NULL, "user" VARCHAR(64), liked INTEGER NOT NULL,
reason TEXT, at {double} NOT NULL, PRIMARY KEY (id), CONSTRAINT one_opinion UNIQUE (question_id, "user"),
FOREIGN KEY(question_id) REFERENCES questions (id))
"""
FEEDBACK_4 = """
CREATE TABLE feedback (id {serial} NOT NULL, question_id INTEGER NOT NULL, "user" VARCHAR(64), liked INTEGER NOT NULL,
revision INTEGER DEFAULT '0' NOT NULL, reason TEXT, at {double} NOT NULL, PRIMARY KEY (id),
CONSTRAINT one_opinion UNIQUE (question_id, "user"), FOREIGN KEY(question_id) REFERENCES questions (id))
"""
ESCALATIONS_2 = """
CREATE TABLE escalations (question_id INTEGER NOT NULL, "user" VARCHAR(64) NOT NULL, at {double} NOT NULL,
taken_by VARCHAR(64), taken_at {double}, PRIMARY KEY (question_id),
FOREIGN KEY(question_id) REFERENCES questions (id))
"""
ESCALATIONS_5 = """
CREATE TABLE escalations (question_id INTEGER NOT NULL, "user" VARCHAR(64) NOT NULL, at {double} NOT NULL,
taken_by VARCHAR(64), taken_at {double}, channel VARCHAR(64) DEFAULT '' NOT NULL,
posted_ts VARCHAR(64) DEFAULT '' NOT NULL, PRIMARY KEY (question_id),
FOREIGN KEY(question_id) REFERENCES questions (id))
"""
ESCALATIONS_6 = """
CREATE TABLE escalations (question_id INTEGER NOT NULL, "user" VARCHAR(64) NOT NULL, at {double} NOT NULL,
taken_by VARCHAR(64), taken_at {double}, channel VARCHAR(64) DEFAULT '' NOT NULL,
posted_ts VARCHAR(64) DEFAULT '-' NOT NULL, PRIMARY KEY (question_id),
FOREIGN KEY(question_id) REFERENCES questions (id))
"""
MUTED_THREADS_3 = """
CREATE TABLE muted_threads (team VARCHAR(64) NOT NULL, channel VARCHAR(64) NOT NULL, thread_ts VARCHAR(64) NOT NULL,
"user" VARCHAR(64) NOT NULL, at {double} NOT NULL, PRIMARY KEY (team, channel, thread_ts))
"""
PAST_ANSWERS_4 = """
CREATE TABLE past_answers (question_id INTEGER NOT NULL, revision INTEGER NOT NULL, text TEXT, kind VARCHAR(16),
messages JSON, passages JSON, versions JSON, times JSON, tokens JSON, PRIMARY KEY (question_id, revision),
FOREIGN KEY(question_id) REFERENCES questions (id))
"""
REPLICAS_6 = """
CREATE TABLE replicas (team VARCHAR(64) NOT NULL, owner VARCHAR(200) NOT NULL, connected_at {double} NOT NULL,
seen_until_ts {double} NOT NULL, PRIMARY KEY (team, owner))
"""
OUTAGES_6 = """
CREATE TABLE outages (team VARCHAR(64) NOT NULL, since_ts {double} NOT NULL, noted INTEGER NOT NULL,
owner VARCHAR(200) NOT NULL, lease_until {double} NOT NULL, PRIMARY KEY (team))
"""
LEDGERS = {
    1: (SCHEMA, QUESTIONS_1, *INDEXES_1),
    2: (SCHEMA, QUESTIONS_1, *INDEXES_1, FEEDBACK_2, ESCALATIONS_2),
    3: (SCHEMA, QUESTIONS_3, *INDEXES_3, MUTED_THREADS_3, FEEDBACK_2, ESCALATIONS_2),
    4: (SCHEMA, QUESTIONS_4, *INDEXES_3, PAST_ANSWERS_4, MUTED_THREADS_3, FEEDBACK_4, ESCALATIONS_2),
    5: (SCHEMA, QUESTIONS_5, *INDEXES_3, PAST_ANSWERS_4, MUTED_THREADS_3, FEEDBACK_4, ESCALATIONS_5),
    6: (
        *(SCHEMA, QUESTIONS_6, *INDEXES_3, PAST_ANSWERS_4, MUTED_THREADS_3, FEEDBACK_4, ESCALATIONS_6),
        *(REPLICAS_6, OUTAGES_6),
    ),
    7: (
        *(SCHEMA, QUESTIONS_6, *INDEXES_7, PAST_ANSWERS_4, MUTED_THREADS_3, FEEDBACK_4, ESCALATIONS_6),
        *(REPLICAS_6, OUTAGES_6),
    ),
}
"""What each version made of an empty database. Nothing is left of version 1: this is what 2 took for it."""

NEWEST_ROWS: dict[str, tuple[Row, ...]] = {
    "questions": (
        {
            "team": "T1",
            "channel": "C1",
            "ts": "1.1",
            "thread_ts": "1.1",
            "user": "U1",
            "way": "direct",
            "text": "why?",
            "user_team": "T2",
            "files": '[{"id": "F1", "name": "a.log", "url": "", "begun": true}]',
            "late": 1,
            "reply_url": None,
            "state": "answered",
            "reason": "",
            "owner": "m/1/x",
            "lease_until": 15.5,
            "attempts": 2,
            "tries": 1,
            "accepted_at": 0.5,
            "begun_at": 1.5,
            "ended_at": 2.5,
            "notice_ts": "1.2",
            "messages": '[{"text": "so"}]',
            "posted": '{"0": "1.3"}',
            "standing": '["1.3"]',
            "revision": 1,
            "style": "longer",
            "stopped_by": "U2",
            "edited_ts": "1.4",
            "untidied": 1,
            "kind": "grounded",
            "passages": '[["p1", 0.8, "2.4"]]',
            "versions": '{"model": "m"}',
            "times": '{"search": 0.02}',
            "tokens": "[900, 120]",
        },
        {
            "team": "T1",
            "channel": "C1",
            "ts": "1.5",
            "thread_ts": "1.1",
            "user": "U1",
            "state": "accepted",
            "reason": "",
            "owner": "m/1/x",
            "lease_until": 15.5,
            "attempts": 1,
            "tries": 0,
            "accepted_at": 0.5,
            "posted": "{}",
        },
    ),
    "past_answers": (
        {
            "question_id": 1,
            "revision": 0,
            "text": "why?",
            "kind": "grounded",
            "messages": "[]",
            "passages": "[]",
            "versions": "{}",
            "times": "{}",
            "tokens": "[1, 2]",
        },
    ),
    "muted_threads": ({"team": "T1", "channel": "C1", "thread_ts": "1.1", "user": "U1", "at": 6.5},),
    "feedback": ({"question_id": 1, "user": "U1", "liked": 0, "revision": 1, "reason": "no", "at": 3.5},),
    "escalations": (
        {
            "question_id": 1,
            "user": "U1",
            "at": 4.5,
            "taken_by": "U2",
            "taken_at": 5.5,
            "channel": "C2",
            "posted_ts": "1.6",
        },
    ),
    "replicas": ({"team": "T1", "owner": "m/1/x", "connected_at": 7.5, "seen_until_ts": 1.5},),
    "outages": ({"team": "T1", "since_ts": 1.5, "noted": 1, "owner": "m/1/x", "lease_until": 8.5},),
}
SINCE = {
    "questions": 1,
    "feedback": 2,
    "escalations": 2,
    "muted_threads": 3,
    "past_answers": 4,
    "replicas": 6,
    "outages": 6,
}
"""The version that brought each table."""
NEWER: dict[str, dict[str, tuple[int, object]]] = {
    "questions": {
        "way": (3, "mention"),
        "standing": (4, "[]"),
        "revision": (4, 0),
        "style": (4, ""),
        "stopped_by": (4, ""),
        "edited_ts": (5, ""),
        "untidied": (5, 0),
        "user_team": (6, ""),
        "files": (6, "[]"),
        "late": (6, 0),
    },
    "feedback": {"revision": (4, 0)},
    "escalations": {"channel": (5, ""), "posted_ts": (5, "-")},
}
"""The columns that came after their table: in which version, and what older rows have there."""


def rows_of(version: int) -> dict[str, list[Row]]:
    """Return what is put into a ledger of this version."""
    return {
        table: [{name: value for name, value in row.items() if _since(table, name) <= version} for row in rows]
        for table, rows in NEWEST_ROWS.items()
        if SINCE[table] <= version
    }


def rows_once_migrated(version: int) -> dict[str, list[Row]]:
    """Return the same rows as they are to be found later."""
    newer = {table: {name: value for name, (_, value) in columns.items()} for table, columns in NEWER.items()}
    return {table: [{**newer.get(table, {}), **row} for row in rows] for table, rows in rows_of(version).items()}


def _since(table: str, column: str) -> int:
    return NEWER.get(table, {}).get(column, (SINCE[table],))[0]
