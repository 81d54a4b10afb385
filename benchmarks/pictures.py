"""docs/images: the page of `milvusfaq demo` in its main states, and a report, taken in a headless browser.

make pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from bot.operations.report.figures import Counts, Group, Quoted, Report
from bot.operations.report.figures import Page as DocsPage
from bot.operations.report.rendering import as_html
from bot.playground.page.server import BEN, GENERAL
from tests.e2e.browsing import open_browser, open_page, running_playground
from tests.standins.model import ModelStandIn, Reply

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.e2e.browsing import WatchedPlayground

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDE, NARROW = {"width": 1440, "height": 860}, {"width": 390, "height": 844}
QUESTION = "How is data stored in Milvus?"
REPLY = Reply(
    """Milvus keeps two kinds of data in two places [1]:

- **What you insert** is stored persistently in object storage: MinIO by default, or S3, Azure Blob [1].
- **The metadata** is stored in etcd [1].

```python
client.flush("books")  # seals what was inserted
```
""",
    words_per_s=60,
)


REPORT, PAPER = {"width": 1_000, "height": 800}, {"width": 794, "height": 1_123}


def _group(*texts: str, said: str = "") -> Group:
    link = "https://example.slack.com/archives/C0123456789/p1700000000000100"
    return Group(questions=tuple(Quoted(text=text, link=link, said=said) for text in texts))


MADE_UP = Report(
    since=1_795_000_000,
    until=1_795_604_800,
    counts=Counts(
        questions=214, askers=61, answered=171, abstained=29, escalated=6, liked=48, disliked=9, p50_s=3.4, p95_s=9.8,
        tokens=412_345,
    ),
    before=Counts(
        questions=180, askers=55, answered=150, abstained=21, escalated=6, liked=31, disliked=11, p50_s=3.6,
        p95_s=12.1, tokens=371_900,
    ),
    unanswered=(
        _group(
            "Can the backup tool write to an SFTP server?",
            "Does the backup tool support SFTP?",
            "How do I back up over SFTP?",
            "backups to sftp, possible?",
        ),
        _group("Which CPU flags does the ARM image need?", "Does the ARM image need SVE?"),
        _group("How do I see who dropped a collection?"),
    ),
    disliked=(
        _group(
            "How do I change the replica number of a loaded collection?",
            said="outdated: that call has another name since 2.5",
        ),
        _group("Why is my hybrid search slow?", said="incomplete: nothing about the reranker"),
    ),
    unquoted_unanswered=7,
    unquoted_disliked=2,
    unquoted_why="",
    cited=(
        DocsPage("In-memory Index", "https://milvus.io/docs/index.md", 34),
        DocsPage("Load a Collection", "https://milvus.io/docs/load_collection.md", 21),
        DocsPage("Product FAQ", "https://milvus.io/docs/product_faq.md", 17),
    ),
    nearest=(
        DocsPage("Milvus Backup", "https://milvus.io/docs/milvus_backup_overview.md", 5),
        DocsPage("Requirements for Installing Milvus", "https://milvus.io/docs/prerequisite-docker.md", 3),
    ),
)  # fmt: skip


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, ModelStandIn() as model, open_browser() as browser:
        model.choose = lambda: REPLY
        with running_playground(Path(name), model) as slack:
            slack.say(GENERAL, "our queries are slow since the upgrade", user=BEN)
            for colours in ("light", "dark"):
                take(browser, slack, colours)
        take_report(browser)


def take_report(browser: Browser) -> None:
    """Take the pictures of a report's page: on a screen in light and dark, and on paper."""
    for name, colours, media in (("light", "light", "screen"), ("dark", "dark", "screen"), ("print", "light", "print")):
        width = PAPER if media == "print" else REPORT
        page = browser.new_page(color_scheme=colours, viewport=width)  # type: ignore[arg-type]
        page.emulate_media(media=media, color_scheme=colours)  # type: ignore[arg-type]
        page.set_content(as_html(MADE_UP))
        page.screenshot(path=IMAGES / f"report-{name}.png", full_page=True)
        page.close()


def take(browser: Browser, slack: WatchedPlayground, colours: str) -> None:
    """Take the pictures in one set of colours."""
    with open_page(browser, slack, color_scheme=colours, viewport=WIDE) as page:
        ask(page)
        page.locator("#thread .streaming").wait_for()
        page.screenshot(path=IMAGES / f"growing-{colours}.png")
        expect(page.locator("#thread [data-kind=feedback_buttons]").first).to_be_visible()
        page.screenshot(path=IMAGES / f"answer-{colours}.png")
        page.get_by_role("button", name="Events").click()
        page.locator("#traffic details", has_text="chat.stopStream").last.wait_for()
        page.screenshot(path=IMAGES / f"events-{colours}.png")
        page.locator("#close-drawer").click()
        page.locator("#thread [data-kind=feedback_buttons]").nth(1).click()
        page.get_by_role("dialog").wait_for()
        page.screenshot(path=IMAGES / f"form-{colours}.png")
        page.locator("#dialog [data-close]").click()
        page.get_by_role("button", name="milvusfaq: Home").click()
        page.locator(".home h3").first.wait_for()
        page.screenshot(path=IMAGES / f"home-{colours}.png")
    with open_page(browser, slack, color_scheme=colours, viewport=NARROW) as page:
        ask(page)
        expect(page.locator("#thread [data-kind=feedback_buttons]").first).to_be_visible()
        page.screenshot(path=IMAGES / f"narrow-{colours}.png")


def ask(page: Page) -> None:
    """Ask the question of the pictures."""
    page.get_by_label("Message", exact=True).fill(f"@milvusfaq {QUESTION}")
    page.get_by_label("Message", exact=True).press("Enter")


if __name__ == "__main__":
    main()
