"""What stands around the pages of a site."""

from __future__ import annotations

from rag.ingest.formats.site_frame import MIN_PAGES, Framed, without_site_frame

MENU, FOOT = "- Home\n- About\n- Search", "Small. Fast. Reliable."


def pages(count: int) -> dict[str, str]:
    head = '---\ntitle: "T"\n---\n'
    return {f"{n}.html": f"{head}\n{MENU}\n\n# Page {n}\n\n{FOOT}\n\ntext {n}\n\n{FOOT}" for n in range(count)}


def test_what_nearly_every_page_begins_and_ends_with_is_left_out() -> None:
    site = {**pages(MIN_PAGES), "other.html": "# Other\n\ntext"}
    found = without_site_frame(site)
    assert found["3.html"] == Framed(
        text=f'---\ntitle: "T"\n---\n\n\n# Page 3\n\n{FOOT}\n\ntext 3', top=MENU, bottom=FOOT
    )
    assert found["other.html"].text.strip() == site["other.html"]


def test_a_few_pages_share_nothing_and_a_page_of_the_frame_alone_stays() -> None:
    few = without_site_frame(pages(MIN_PAGES - 1))
    assert few["3.html"].text.endswith(f"text 3\n\n{FOOT}")
    assert not any(page.top or page.bottom for page in few.values())
    bare = without_site_frame({**pages(MIN_PAGES), "bare.html": MENU})
    assert bare["bare.html"].text.strip() == MENU


def test_code_at_the_end_of_each_page_is_no_frame() -> None:
    site = {f"{n}.html": f"# Page {n}\n\n```\nrun\n```" for n in range(MIN_PAGES)}
    assert without_site_frame(site)["1.html"].text.endswith("```\nrun\n```")
