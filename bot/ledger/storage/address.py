"""The ledger's address: DATABASE_URL as people and hosters write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.ledger.errors import LedgerError

WHAT_IT_IS = "DATABASE_URL is neither sqlite:///PATH nor postgresql://USER:PASSWORD@HOST/DATABASE."
UNDERSTOOD = {
    "application_name",
    "database",
    "dbname",
    "host",
    "options",
    "passfile",
    "password",
    "port",
    "search_path",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "statement_timeout",
    "target_session_attrs",
    "user",
}
"""What asyncpg takes of libpq's parameters, or hands to the server."""
LEFT_OUT = {
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "connection_limit",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "pgbouncer",
    "pool_timeout",
    "sslnegotiation",
    "sslsni",
    "tcp_user_timeout",
}
"""What hosters write for libpq and other clients, and what means nothing to asyncpg, or is ours to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the ledger is: SQLite's `path`, or PostgreSQL's `dsn` as asyncpg reads it; `shown` is without secrets."""

    dialect: Literal["sqlite", "postgresql"]
    shown: str
    path: Path = Path()
    dsn: str = ""


def read_address(url: str) -> Address:
    """Return what DATABASE_URL says; raise LedgerError where it says nothing that works."""
    scheme, separator, rest = url.partition("://")
    dialect = scheme.lower().partition("+")[0]
    if separator and dialect == "sqlite":
        return _sqlite(f"sqlite://{rest}")
    if separator and dialect in {"postgresql", "postgres"}:
        return _postgresql(f"postgresql://{rest}")
    raise LedgerError(WHAT_IT_IS)


def _sqlite(url: str) -> Address:
    try:
        path = make_url(url).database
    except ArgumentError as error:
        raise LedgerError(WHAT_IT_IS) from error
    if path == ":memory:":
        message = "A ledger in memory would forget its questions with the process."
        raise LedgerError(message, hint="Give DATABASE_URL a file: sqlite:///PATH.")
    folder = Path(path or "").parent
    if not path or not folder.is_dir():
        message = f"The folder of DATABASE_URL's file does not exist: {folder}."
        raise LedgerError(message, hint="Make it, or give another path.")
    return Address(dialect="sqlite", shown=url, path=Path(path))


def _postgresql(url: str) -> Address:
    try:
        parts = urlsplit(url)
        said = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise LedgerError(WHAT_IT_IS) from error
    said = [("sslmode" if name == "ssl" else name, value) for name, value in said]
    if unknown := sorted({name for name, _ in said} - UNDERSTOOD - LEFT_OUT):
        message = f"DATABASE_URL has parameters that PostgreSQL's clients do not know: {', '.join(unknown)}."
        raise LedgerError(message, hint="Leave them out.")
    query = urlencode([(name, value) for name, value in said if name in UNDERSTOOD])
    host = parts.netloc.rpartition("@")[2]
    return Address(
        dialect="postgresql",
        shown=f"postgresql://{host}{parts.path}",
        dsn=parts._replace(query=query, fragment="").geturl(),
    )
