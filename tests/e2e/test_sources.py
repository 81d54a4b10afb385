"""Sources on the command line: what is in the collection, under which name, and what is left out of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.e2e.test_command_line import milvusfaq

if TYPE_CHECKING:
    from pathlib import Path


def write_docs(folder: Path, **pages: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text)
    return folder


def listed(folder: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(milvusfaq(folder, "sources", "--json").stdout)}


def test_a_name_that_came_from_elsewhere_is_not_taken_over_silently(tmp_path: Path) -> None:
    billing = write_docs(tmp_path / "billing" / "docs", index="# Billing\n\nInvoices leave on Monday.")
    network = write_docs(tmp_path / "network" / "docs", index="# Network\n\nThe router is in rack nine.")
    assert milvusfaq(tmp_path, "ingest", str(billing)).returncode == 0
    refused = milvusfaq(tmp_path, "ingest", str(network))
    assert refused.returncode == 1
    assert f"A source 'docs' is here already, and came from {billing}." in refused.stderr
    assert milvusfaq(tmp_path, "ingest", str(network), "--name", "network").returncode == 0
    found = listed(tmp_path)
    assert {name: row["location"] for name, row in found.items()} == {"docs": str(billing), "network": str(network)}
    assert milvusfaq(tmp_path, "ingest", str(network), "--replace").returncode == 0
    assert listed(tmp_path)["docs"]["location"] == str(network)


def test_the_same_tree_in_another_place_is_the_same_source(tmp_path: Path) -> None:
    first = write_docs(tmp_path / "build-1" / "docs", a="# A\n\nOne.", b="# B\n\nTwo.", c="# C\n\nThree.")
    milvusfaq(tmp_path, "ingest", str(first))
    second = shutil.copytree(first, tmp_path / "build-2" / "docs")
    (second / "c.md").write_text("# C, anew\n\nFour.")
    assert "1 new, 2 unchanged, 1 removed" in milvusfaq(tmp_path, "ingest", str(second)).stdout


def test_a_source_can_be_taken_out(tmp_path: Path) -> None:
    for name in ("one", "two"):
        milvusfaq(tmp_path, "ingest", str(write_docs(tmp_path / name, page=f"# {name}\n\nText of {name}.")))
    assert milvusfaq(tmp_path, "ingest", "--remove", "three").returncode == 1
    assert "one is gone: 1 passage removed." in milvusfaq(tmp_path, "ingest", "--remove", "one").stdout
    assert list(listed(tmp_path)) == ["two"]
    assert "is the only source" in milvusfaq(tmp_path, "ingest", "--remove", "two").stderr
    assert "two" in milvusfaq(tmp_path, "sources").stdout


def test_what_is_left_out_is_told_and_strict_makes_it_a_failure(tmp_path: Path) -> None:
    docs = write_docs(tmp_path / "docs", good="# Good\n\nText.", bare="# Only a heading")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (docs / "picture.png").write_bytes(b"\x89PNG")
    done = milvusfaq(tmp_path, "ingest", str(docs))
    assert done.returncode == 0
    assert "broken.pdf is left out: it is not a PDF that can be read" in done.stderr
    assert "bare.md is left out: it holds no text below its headings" in done.stderr
    assert "Left out: 2 files" in done.stdout
    assert "Passed over, since they are no documents: 1 .png." in done.stdout
    assert milvusfaq(tmp_path, "ingest", str(docs), "--strict").returncode == 1


def test_a_check_shows_what_would_be_stored_and_writes_nothing(tmp_path: Path) -> None:
    docs = write_docs(tmp_path / "docs", page="# Page\n\nSome *text* with [a link](other.md) and more words.")
    checked = milvusfaq(tmp_path, "ingest", "--check", str(docs), "--base-url", "https://docs.example.com/{path}/")
    assert "1.0000 kept, 0.0000 of what is stored added" in checked.stdout
    assert "An address: https://docs.example.com/page/" in checked.stdout
    assert not (tmp_path / "milvus_faq.db").exists()
    assert not (tmp_path / "milvus.db").exists()


def test_pages_have_addresses_below_the_one_that_is_given(tmp_path: Path) -> None:
    docs = write_docs(tmp_path / "docs", page="# Page\n\n## Set it up\n\nTurn the handle.")
    milvusfaq(tmp_path, "ingest", str(docs), "--base-url", "https://docs.example.com/")
    (docs / "page.md").write_text("# Page\n\n## Set it up\n\nTurn the handle twice.")
    milvusfaq(tmp_path, "ingest", str(docs))  # the address is known from before
    (found,) = json.loads(milvusfaq(tmp_path, "search", "handle", "--limit", "1", "--json").stdout)
    assert found["url"] == "https://docs.example.com/page#set-it-up"
