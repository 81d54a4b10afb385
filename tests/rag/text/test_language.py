"""English and other languages."""

from __future__ import annotations

import pytest

from rag.text.language import is_foreign


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("How is data stored?", False),
        ("nlist 4*sqrt(n) nprobe IVF_SQ8", False),
        ("wich paramters afect recal", False),
        ("runtime error server client version compatibility", False),
        ("Wie groß darf ein Vektor sein?", True),
        ("¿Cuánto cuesta Milvus?", True),
        ("如何限制内存", True),
        ("هل يعمل بدون إنترنت", True),
        ("queryNode.enableDisk", False),
        ("docker ps three containers healthy", False),
        ("一次写入就报 grpc: received message larger than max (1 vs. 2)", True),
        ("the server said 超时 and then it went on as if nothing had happened", False),
    ],
)
def test_another_language_is_told_from_keywords_and_slips(text: str, *, foreign: bool) -> None:
    assert is_foreign(text) == foreign
