"""`milvusfaq check`: whether passages hold statements, as the bot checks what a language model writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import RagError
from rag.backends.embedding import open_bundled
from rag.checking.checker import Checker
from rag.checking.evidence import Evidence, evidence
from rag.checking.grounding import means_nothing
from rag.checking.marks import split_marks
from rag.checking.settling import Settler
from rag.checking.values import looked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from rich.console import Console

    from rag.checking.settling import Statement

Row = Mapping[str, Any]


def check_rows(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield what is found of each row's `statement`: `hard`, `soft` and `cited`; raise RagError for an odd row."""
    for row in rows:
        try:
            passages = [evidence(str(one.get("heading") or ""), str(one["text"])) for one in row["passages"]]
            statement, said = str(row["statement"]), "\n".join([str(row.get("question") or ""), *_turns(row)])
        except (KeyError, TypeError, AttributeError) as error:
            named = row.get("id", "?") if isinstance(row, Mapping) else "?"
            message = f"Row {named} has no statement with passages, each with a text ({error})."
            raise RagError(message) from error
        settler = Settler(checker=Checker(passages=passages, said=looked(said)), known=frozenset(), most=len(passages))
        settler.finish(statement)
        for one in settler.open():
            settler.decide(one, is_unsupported=_means_nothing(one, passages))
        yield {
            "id": row.get("id"),
            "hard": [piece for one in settler.statements for piece in one.verdict.missing],
            "soft": any(one.verdict.is_unsupported for one in settler.statements),
            "cited": [number - 1 for number in dict.fromkeys(split_marks(settler.text())[1])],
        }


def print_checked(console: Console, row: Row, found: Row) -> None:
    """Print a line for a person."""
    parts = [f"not held: {', '.join(found['hard'])}"] if found["hard"] else []
    parts += ["no passage seems to hold it"] if found["soft"] else []
    parts += [f"passage {', '.join(str(number + 1) for number in found['cited'])}"] if found["cited"] else []
    console.print(f"{found['id']}  {'; '.join(parts) or 'nothing to check'}  {row['statement']}", markup=False)


def _turns(row: Row) -> list[str]:
    turns = row.get("history") or []
    return [str(turn.get("text") or "") if isinstance(turn, dict) else str(turn) for turn in turns]


def _means_nothing(statement: Statement, passages: Sequence[Evidence]) -> bool:
    (vector,) = open_bundled().encode_queries([statement.words])
    return means_nothing(statement, vector, [_sentence_vectors(passage.sentences) for passage in passages])


@lru_cache(maxsize=64)
def _sentence_vectors(sentences: tuple[str, ...]) -> npt.NDArray[np.float32]:
    return np.array(open_bundled().encode_documents(list(sentences)))
