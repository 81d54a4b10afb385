"""Redaction: keys and tokens are taken out of what people write, before anything keeps or forwards it.

Only what has the form of a secret, or stands behind a word that announces one: a question that asks about passwords
stays as it is. Every pattern is linear in the text's length: anybody may send 40,000 characters of anything.
"""

from __future__ import annotations

import re

REDACTED = "[redacted]"

_FORMS = re.compile(
    r"""
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY(?:\ BLOCK)?-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | \bxox[a-z](?:\.xox[a-z])?-[\w.-]{8,}                   # Slack
    | \bxapp-[\w-]{8,}
    | (?<=ticket=)[\w-]{8,}                                  # a Socket Mode address
    | https://hooks\.slack\.com/(?:services|commands|workflows|actions)/\S+
    | \b(?:sk|pk|rk)[-_](?:[a-z]+[-_])*[A-Za-z0-9_-]{16,}    # OpenAI, Anthropic, Stripe
    | \bnvapi-[\w-]{16,}
    | \bhf_[A-Za-z0-9]{16,}
    | \bgh[a-z]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,}
    | \bglpat-[\w-]{16,}
    | \b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b                # AWS
    | \bAIza[\w-]{30,}                                       # Google
    | (?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]*         # a JSON web token
    | \b(?:npm|pypi|dop_v1|shpat|xai|gsk|r8)[-_][\w-]{20,}
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMES = r"(?:passwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?token|(?<!max_)token)"
_WORDS = "(?:password|passphrase)"
_VALUE = r"(?!\[redacted\])[^\s\"'`,;<>()]{6,}"
_QUOTED = re.compile(
    rf"""
    (?P<kept>(?:{_NAMES}|{_WORDS}|pwd)["'`]?\s*(?:=>?|:)\s*(?P<quote>["'`]))
    (?P<secret>(?!\[redacted\])(?:(?!(?P=quote))[^\n]){{4,300}})(?=(?P=quote))
    """,
    re.VERBOSE | re.IGNORECASE,
)  # to the quote that ends it: a password may hold anything else
_ANNOUNCED = re.compile(
    rf"""
    (?P<kept>
        {_NAMES}["'`]?\s*(?:=>?|:\s*(?=["'`]?\S*\d)|:\s*(?=["'`]))\s*["'`]?
        | {_WORDS}["'`]?\s*(?:=>?|[:\uff1a])\s*["'`]?
        | \bpwd\s*=\s*
        | (?<!\S)--?(?:[\w-]{{0,20}}-)?(?:{_NAMES}|{_WORDS})(?:=|\s+(?!-)(?=\S*\d|\S{{16}}))
        | \bx-[\w-]{{0,20}}(?:key|token)\s*:\s*
        | \bAuthorization["'`]?\s*[:=]\s*["'`]?(?:Bearer|Basic)\s+
        | \b(?:Bearer|Basic)\s+(?=\S*\d)
    )
    (?P<secret>{_VALUE})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IN_ADDRESS = re.compile(
    r"(?P<kept>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,200}:)(?!\d{2,5}[/?#])(?P<secret>\S{1,300})(?=@)", re.IGNORECASE
)  # up to the last @: a password may hold one


def storable(text: str) -> str:
    """Return a text as UTF-8 and a database can hold it: no NUL, and a lone half of a UTF-16 pair is replaced."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def redact(text: str) -> str:
    """Return the text with every key, token and password in it replaced by `[redacted]`."""
    text = _FORMS.sub(REDACTED, text)
    for announced in (_QUOTED, _ANNOUNCED, _IN_ADDRESS):
        text = announced.sub(lambda match: match["kept"] + REDACTED, text)
    return text
