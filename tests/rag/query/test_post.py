"""Posts as people paste them, read into parts."""

from __future__ import annotations

import pytest

from rag.query.post import LONGEST_QUESTION, PLAIN_CHARACTERS, read_post, shorten_post

FORM = """\
[Bug]: Query node refuses a segment

### Is there an existing issue for this?
- [x] I have searched the existing issues

### Environment
- Milvus version: 2.4.1
- Deployment mode (standalone or cluster): cluster

### Current Behavior
Since the last rollout one replica stays behind.

```
[2026/03/02 10:11:12.345 +00:00] [INFO] [querynodev2/server.go:101] ["node started"]
[2026/03/02 10:11:13.345 +00:00] [ERROR] [segments/loader.go:77] ["segment load failed"] [segmentID=449123456789012345]\
[error="no space left on /data/milvus/cache/segments/77"]
```
"""


def test_a_plain_question_has_no_parts() -> None:
    assert read_post("How do I release a collection?") is None
    assert read_post("a" * PLAIN_CHARACTERS) is None
    assert read_post("a" * (PLAIN_CHARACTERS + 1)) is not None


def test_a_form_is_read_into_headline_prose_and_errors() -> None:
    post = read_post(FORM)
    assert post
    assert post.headline == "Query node refuses a segment"
    assert post.prose == "Query node refuses a segment\nSince the last rollout one replica stays behind."
    (error,) = post.errors
    assert "segment load failed" in error
    assert "no space left on" in error
    assert not {"2026/03/02", "449123456789012345", "loader.go"} & set(error.split())


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("Hi all,\n\nmy index never finishes\nand I waited a day", "my index never finishes"),
        ("大家好\n索引一直建不完\n等了一天", "索引一直建不完"),
        ("**Question**: \nhow is a shard split\n", "how is a shard split"),
        (f"{'We have a cluster. ' * 12}Loading fails since noon. Nothing helped.", "Loading fails since noon."),
        ("```\npanic: index out of range\n```\n", ""),
    ],
)
def test_the_headline_says_what_it_is_about(text: str, headline: str) -> None:
    post = read_post(text)
    assert post
    assert post.headline == headline


def test_a_trace_is_told_by_its_last_errors_each_once() -> None:
    lines = ["Traceback (most recent call last):", '  File "app.py", line 3, in <module>']
    raised = ["ValueError: dim 8 is not supported"] * 2 + [f"MilvusException: (code={code}, failed)" for code in (1, 2)]
    post = read_post("\n".join(["it fails at once:", *lines, *raised]))
    assert post
    assert post.errors == (
        "ValueError: dim 8 is not supported",
        "MilvusException: (code=1, failed)",
        "MilvusException: (code=2, failed)",
    )


def test_a_long_post_is_shortened_to_what_it_asks_and_what_went_wrong() -> None:
    log = "\n".join(f"I0303 13:{number:02}:01 datanode-0 sync task done" for number in range(60))
    text = f"Our import stops.\n```\n{log}\nE0303 14:00:01 upload failed: StorageFull\n{log}\n```\nHow do we go on?"
    assert len(text) > LONGEST_QUESTION
    said = shorten_post(text)
    assert said.startswith("Our import stops.")
    assert "How do we go on?" in said
    assert "StorageFull" in said
    assert "sync task done" not in said


def test_of_much_prose_the_beginning_and_the_questions_stay() -> None:
    text = f"Loading fails.\n{'We have many nodes. ' * 300}\nIs there a limit?\n{'It is odd. ' * 300}"
    said = shorten_post(text)
    assert len(said) <= LONGEST_QUESTION
    assert said.startswith("Loading fails.")
    assert said.endswith("Is there a limit?")


def test_what_has_no_parts_is_cut_and_what_is_short_stays() -> None:
    assert 2_000 < len(shorten_post("x" * 4_000)) <= LONGEST_QUESTION
    assert shorten_post(FORM) == FORM
