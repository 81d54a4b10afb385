"""This file is where every sentence stands that the bot itself says in Slack."""

from __future__ import annotations

MAX_QUESTION_CHARACTERS = 3_000

SEARCHING = "is searching the Milvus docs…"
READING = "is reading {page}…"
STOPPED = "Stopped, as you asked."
STOPPED_HERE = "Stopped here, as asked for."
EDITED = "Answered again: the question was edited."
ANSWERED_ANEW = {"anew": "Answered anew.", "longer": "Answered in more detail.", "shorter": "Answered shorter."}
AGAIN = {"again_longer": "More detail", "again_shorter": "Shorter", "again_anew": "Try again"}
NOT_THE_LATEST = "There is a later answer in this thread, or one is on its way: ask on below it."
ASKED = " asked: "
SOURCES = "From the docs"
NEAREST_PAGES = "The nearest pages"
NOTHING_FOUND = "The docs do not hold an answer to this."

ASK_A_PERSON = "Ask a person"
ASKS_A_PERSON = " asks for a person's help with: "
ANSWERED_FROM_DOCS = "I have answered from these pages of the docs, which may not be enough: "
NOT_IN_THE_DOCS = "The docs do not hold it; the nearest pages are: "
NOTHING_NEAR = "I found nothing in the docs."
RESOLVED = "Resolved"
RESOLVED_BY = "Resolved by "
ASKED_A_PERSON_BEFORE = "Someone has asked for a person's help in this thread already."
CAN_NOT_ASK_A_PERSON = "I can't call anyone at this moment. Please press the button again in a few minutes."

NOT_NOW = "That does not work at this moment. Please try again in a few minutes."

MUTE = "Stay quiet in this thread"
MUTED = "I stay quiet in this thread, until someone mentions me in it again."

LIKED = "Good answer"
DISLIKED = "Bad answer"
FEEDBACK_TITLE = "What was wrong?"
FEEDBACK_REASON = "The answer is"
FEEDBACK_REASONS = {
    "wrong": "wrong",
    "outdated": "outdated",
    "incomplete": "incomplete",
    "not understood": "not what I asked",
}
FEEDBACK_WORDS = "In your own words"
FEEDBACK_SEND = "Send"
FEEDBACK_CANCEL = "Cancel"
FEEDBACK_NOT_KEPT = "I can't keep your opinion at this moment. Please press the button again in a few minutes."

HELP = """\
I answer questions about Milvus from the Milvus docs, and show which passages an answer rests on.

- *Mention me* in a channel that I am in, with your question: I answer in its thread.
- *Write to me directly*: I answer in the thread of your message.
- `/milvusfaq How is data stored in Milvus?` asks from anywhere but a thread.
- In a thread that I have answered in, just ask on. When a person answers instead, or after `@milvusfaq mute`, I stay
  quiet until I am mentioned again."""

EMPTY_QUESTION = (
    "You mentioned me without a question. Ask me something about Milvus, for instance: _How is data stored in Milvus?_"
)

APOLOGY = (
    "Sorry, I could not answer this: something I depend on is not working right now. "
    "Please ask again in a few minutes; whoever runs me finds the reason in my log."
)

DOCS_ARE_AWAY = (
    "I can't search the Milvus docs at this moment. I keep your question, and answer here as soon as they are back."
)

SOMETHING_IS_AWAY = (
    "Something that I depend on is not working at this moment. "
    "I keep your question, and answer here as soon as it works again."
)

CAN_NOT_NOTE = (
    "I can't take questions down at this moment. Slack brings me yours again during the next minutes; "
    "if there is no answer by then, please ask again."
)

CAN_NOT_NOTE_COMMAND = "I can't take questions down at this moment. Please ask again in a few minutes."

BUSY = "I have more questions to answer than I can promise to. Please ask again in a few minutes."

NOT_IN_THIS_CHANNEL = "I have not been set up to answer in this channel. You can write to me directly."
NOT_THIS_PERSON = "I have not been set up to answer you; whoever runs me can change that."
NOT_GUESTS = "I answer members of this workspace, not its guests; whoever runs me can change that."
NOT_OTHER_ORGANISATIONS = "I answer members of this workspace, not people of other organisations."

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


def waiting(before: int) -> str:
    """Say in a status that other questions come first."""
    return f"has {before} other question{'s' if before > 1 else ''} to answer first…"
