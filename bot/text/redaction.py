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
    | \b(?:sk|pk|rk)[-_](?:proj|ant|live|test|svcacct|admin|or)[-_][\w-]{12,300}    # OpenAI, Anthropic, Stripe
    | \b(?:sk|pk|rk)[-_](?=[\w-]{0,80}\d[\w-]{0,80}\d)[\w-]{16,300}
    | \bnvapi-[\w-]{16,}
    | \bhf_[A-Za-z0-9]{16,}
    | \bgh[a-z]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,}
    | \bglpat-[\w-]{16,}
    | \b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b                # AWS
    | \bAIza[\w-]{30,}                                       # Google
    | (?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]*         # a JSON web token
    | \b(?:npm|pypi|dop_v1|shpat|xai|gsk|r8)[-_](?=[\w-]{0,80}\d)[\w-]{20,300}
    | \bhvs\.[\w-]{16,}                                      # Vault
    | \bSG\.[\w-]{16,}\.[\w-]{16,}                           # SendGrid
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYS = r"""(?:
    (?:secret|access|account|api|private|storage|shared|master|signing|encryption)
    (?:[_-]?access)?[_ -]?key(?:[_-]?id)?
    )"""
_NAMES = rf"(?:passwd | (?<!existing)(?<!pull)secret | (?<!max_)token | {_KEYS})"
_COMPOUND = r"(?<=\w)(?<!existing)(?<!pull)secret"
_WORDS = "(?:password|passphrase)"
_ANY = rf"(?:{_NAMES}|{_WORDS}|pwd)"
_VALUE = r"(?!\[redacted\])[^\s\"'`,;<>\\]{5,300}[^\s\"'`,;<>()\[\]\\]"
_Q = r"(?:\\?[\"'`])?"
"""A quote, perhaps behind a backslash: JSON within a string."""
_DIGIT = r"(?=[\"'`\\]{0,2}\S{0,300}?\d)"
_QUOTED = re.compile(
    rf"""
    (?P<kept>
        {_ANY}{_Q}\s{{0,20}}(?:=>?|:)\s{{0,20}}(?P<quote>\\?["'`])
        | (?P<pair>["'`])(?:root|admin|milvus):                                  # "root:…", user and password in one
    )
    (?P<secret>(?!\[redacted\])(?:(?!(?P=quote)|(?P=pair))[^\n]){{4,300}})(?=(?P=quote)|(?P=pair))
    """,
    re.VERBOSE | re.IGNORECASE,
)  # to the quote that ends it: a password may hold anything else
_ANNOUNCED = re.compile(
    rf"""
    (?P<kept>
        {_NAMES}{_Q}\s{{0,20}}(?:=>?|:\s{{0,20}}{_DIGIT}|:\s{{0,20}}(?=["'`]))\s{{0,20}}{_Q}
        | {_WORDS}{_Q}\s{{0,20}}(?:=>?|[:\uff1a])\s{{0,20}}{_Q}
        | (?:\b|_)(?:pwd|pass)\s{{0,20}}=\s{{0,20}}
        | (?<!\S)--?(?:[\w-]{{0,20}}-)?(?:{_NAMES}|{_WORDS})(?:=|\s{{1,20}}(?!-)(?={_DIGIT}|\S{{16}}))
        | (?<!\S)(?:-u|--user)\s{{1,20}}["']?[\w.@-]{{1,60}}:
        | \bx-[\w-]{{0,20}}(?:key|token)\s{{0,20}}:\s{{0,20}}
        | \bAuthorization{_Q}\s{{0,20}}[:=]\s{{0,20}}{_Q}[a-z]{{2,20}}\s{{1,20}}
        | \b(?:Bearer|Basic)\s{{1,20}}{_DIGIT}
        | ^[ \t]{{0,80}}(?:-[ \t]{{1,20}})?["']?[\w.-]{{0,60}}(?:{_KEYS}|passwd|{_COMPOUND})["']?[ \t]{{0,20}}:
          [ \t]{{0,20}}(?=\S{{8,300}}[ \t]{{0,80}}$)  # a line of YAML
        | \bname["']?[ ]{{0,20}}:[ ]{{0,20}}["']?[\w.-]{{0,60}}{_ANY}["']?,?\s{{1,40}}
          ["']?value["']?[ ]{{0,20}}:[ ]{{0,20}}["']?                                          # Kubernetes
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
    | (?:[\w:@/.-]{0,6}(?:\$\{\w+\} | \{[a-z_]\w*\} | %\(\w+\)s)){1,6}[\w:@/.-]{0,6}                   # templates
    | <.*> | \[?your?[_ -].* | my[_-](?:token|password|secret|api[_-]?key|key)                     # placeholders
    | (?:/(?:run|var|etc|home|opt|mnt|tmp|usr|secrets?)|~|\.{1,2})/.*                              # files
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""Values that are nobody's secret."""
_LOOKED_UP = re.compile(
    r"""
    (?:[a-z_]{1,24}|[A-Z_]{1,24}|[A-Z]?[a-z]{1,16}(?:[A-Z][a-z]{1,16}){0,3})            # settings.password, os.environ
    (?:\.(?:[a-z_]{1,24}|[A-Z_]{1,24}|[A-Z]?[a-z]{1,16}(?:[A-Z][a-z]{1,16}){0,3})){1,5}
    | (?:[A-Za-z]{1,24}_){0,5}(?i:password|passwd|pwd|token|secret|key|credentials)     # named after what it holds
    """,
    re.VERBOSE,
)
"""Code that names where a value comes from: words, and no digit among them."""
_CALLED = re.compile(r"(?:[A-Za-z_]{1,24}\.){0,5}[A-Za-z_]{1,24}")


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
    name, bracket, _ = re.split(r"([(\[]|\Z)", value + after, maxsplit=1)
    is_call = not is_quoted and bracket and _CALLED.fullmatch(name)
    is_code = not is_quoted and _LOOKED_UP.fullmatch(value)
    if is_call or is_code or _HARMLESS.fullmatch(value.rstrip(".?!:")):
        return match[0]
    return match["kept"] + REDACTED
