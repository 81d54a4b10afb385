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
_NAMES = r"""(?:
    passwd | (?<!existing)(?<!pull)secret | (?<!max_)token
    | (?:secret|access|account|api|private|storage|shared|master|signing|encryption)
      (?:[_-]?access)?[_ -]?key(?:[_-]?id)?
    )"""
_WORDS = "(?:password|passphrase)"
_ANY = rf"(?:{_NAMES}|{_WORDS}|pwd)"
_VALUE = r"(?!\[redacted\])[^\s\"'`,;<>()]{6,}"
_QUOTED = re.compile(
    rf"""
    (?P<kept>{_ANY}["'`]?\s*(?:=>?|:)\s*(?P<quote>["'`]))
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
        | ^[ \t]{{0,80}}(?:-[ \t]+)?["']?[\w.-]{{0,60}}{_NAMES}["']?[ \t]*:[ \t]*(?=\S{{8,300}}[ \t]*$)  # YAML
        | \bname["']?[ ]*:[ ]*["']?[\w.-]{{0,60}}{_ANY}["']?,?\s{{1,40}}["']?value["']?[ ]*:[ ]*["']?  # Kubernetes
    )
    (?P<secret>{_VALUE})
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_IN_ADDRESS = re.compile(
    r"(?P<kept>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,200}:)(?!\d{2,5}[/?#])(?P<secret>\S{1,300})(?=@)", re.IGNORECASE
)  # up to the last @: a password may hold one


_HARMLESS = re.compile(
    r"""
    root:milvus | milvus | minioadmin(?::minioadmin)? | admin | root | password | changeme        # public defaults
    | true | false | null | none | nil | required | optional | enabled | disabled | string | str | bytes | unset | empty
    | [*x.\u2022\u2026_-]+ | redacted                                                              # masks
    | (?-i:\$[A-Z_][A-Z0-9_]*) | \$[({].* | \{\{.* | %\w+%                                          # variables
    | .{0,20}(?:\$\{ | \{[a-z_]\w*\} | %\(\w+\)s).*                                              # templates
    | <.*> | \[?your?[_ -].* | my[_-](?:token|password|secret|api[_-]?key|key)                     # placeholders
    | (?:/(?:run|var|etc|home|opt|mnt|tmp|usr|secrets?)|~|\.{1,2})/.*                              # files
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""Values that are nobody's secret."""
_LOOKED_UP = re.compile(
    r"""
    [a-z_]\w*(?:\.[a-z_]\w*)+(?:\[.*)?                                  # settings.password, os.environ[
    | [a-z_]\w*\[.*
    | (?:\w{1,40}_)?(?:password|passwd|pwd|token|secret|key|credentials)     # named after what it holds
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Code that names where a value comes from."""


def storable(text: str) -> str:
    """Return a text as UTF-8 and a database can hold it: no NUL, and a lone half of a UTF-16 pair is replaced."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")


def redact(text: str) -> str:
    """Return the text with every key, token and password in it replaced by `[redacted]`.

    Public defaults, variables and look-ups stay: they tell nothing, and a question may be about them.
    """
    text = _FORMS.sub(REDACTED, text)
    text = _QUOTED.sub(lambda match: _replaced(match, is_quoted=True), text)
    text = _ANNOUNCED.sub(lambda match: _replaced(match, is_quoted=match["kept"][-1] in "\"'`"), text)
    return _IN_ADDRESS.sub(lambda match: _replaced(match, is_quoted=True), text)


def _replaced(match: re.Match[str], *, is_quoted: bool) -> str:
    """Return what a match is replaced by: itself where its value is no secret."""
    value, after = match["secret"], match.string[match.end() : match.end() + 1]
    is_call = not is_quoted and after in {"(", "["}
    is_code = not is_quoted and _LOOKED_UP.fullmatch(value)
    if is_call or is_code or _HARMLESS.fullmatch(value.rstrip(".?!:")):
        return match[0]
    return match["kept"] + REDACTED
