"""docs/images: the page of `milvusfaq demo` in its main states, taken in a headless browser.

make pictures
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

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


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, ModelStandIn() as model, open_browser() as browser:
        model.choose = lambda: REPLY
        with running_playground(Path(name), model) as slack:
            slack.say(GENERAL, "our queries are slow since the upgrade", user=BEN)
            for colours in ("light", "dark"):
                take(browser, slack, colours)


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
