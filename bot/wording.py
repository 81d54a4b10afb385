"""This file is where every sentence stands that the bot itself says in Slack."""

from __future__ import annotations

MAX_QUESTION_CHARACTERS = 3_000

STATUS = "is reading the Milvus docs…"
ASKED = " asked: "
SOURCES = "From the docs"
NEAREST_PAGES = "The nearest pages"
NOTHING_FOUND = "The docs do not hold an answer to this."

HELP = """\
I answer questions about Milvus from the Milvus docs, and show which passages an answer rests on.

- *Mention me* in a channel that I am in, with your question: I answer in its thread.
- *Write to me directly*: I answer in the thread of your message.
- `/milvusfaq How is data stored in Milvus?` asks from anywhere but a thread.
- In a thread, mention me again to ask on: I know what was said there before."""

EMPTY_QUESTION = (
    "You mentioned me without a question. Ask me something about Milvus, for instance: _How is data stored in Milvus?_"
)

APOLOGY = (
    "Sorry, I could not answer this: something I depend on is not working right now. "
    "Please ask again in a few minutes; whoever runs me finds the reason in my log."
)

NOT_A_MEMBER = (
    "I am not in this channel, so only you can see this. To have me answer here for everyone, "
    "invite me first: `/invite @{name}`"
)


def too_long(characters: int) -> str:
    """Say how much too long a question is."""
    return (
        f"Your question has {characters:,} characters, and I read at most {MAX_QUESTION_CHARACTERS:,}. "
        "Please ask it with less: the error message and the setting it is about are usually enough."
    )
