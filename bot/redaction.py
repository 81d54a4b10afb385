"""This file is where keys and tokens are taken out of what people write, before anything keeps or forwards it.

Only what has the form of a secret, or stands behind a word that announces one: a question that asks about passwords
stays as it is.
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
    | \beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*                   # a JSON web token
    | \b(?:npm|pypi|dop_v1|shpat|xai|gsk|r8)[-_][\w-]{20,}
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMES = r"(?:passwd|secret|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?token|(?<!max_)token)"
_VALUE = r"(?!\[redacted\])[^\s\"'`,;<>()]{6,}"
_ANNOUNCED = re.compile(
    rf"""
    (?P<kept>
        \b[\w.-]{{0,40}}{_NAMES}["'`]?\s*(?:=>?|:\s*(?=["'`]?\S*\d)|:\s*(?=["'`]))\s*["'`]?
        | \b[\w.-]{{0,40}}password["'`]?\s*(?:=>?|:)\s*["'`]?
        | \b(?:Bearer|Basic)\s+(?=\S*\d)
    )
    (?P<secret>{_VALUE})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IN_ADDRESS = re.compile(
    r"(?P<kept>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?!\d{2,5}[/?#])(?P<secret>\S+)(?=@)", re.IGNORECASE
)  # up to the last @: a password may hold one


def redact(text: str) -> str:
    """Return the text with every key, token and password in it replaced by `[redacted]`."""
    text = _FORMS.sub(REDACTED, text)
    for announced in (_ANNOUNCED, _IN_ADDRESS):
        text = announced.sub(lambda match: match["kept"] + REDACTED, text)
    return text
