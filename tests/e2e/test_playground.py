"""The playground's page in a real browser, with the real bot behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bot.playground.page.server import BEN, GENERAL, GUEST
from tests.e2e.browsing import CHROMIUM, open_browser, open_page, running_playground
from tests.standins.model import Reply, long_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.e2e.browsing import WatchedPlayground
    from tests.standins.model import ModelStandIn

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: make browser")

ANSWER = "What you insert is stored persistently in object storage [1]."
QUESTION = "How is data stored in Milvus?"
GROWING = Reply(long_text(30), words_per_s=40)
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def slack(model: ModelStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedPlayground]:
    model.choose = lambda: Reply(ANSWER)
    with running_playground(tmp_path_factory.mktemp("playground"), model) as playground:
        yield playground


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, slack: WatchedPlayground, model: ModelStandIn) -> Iterator[Page]:
    model.script.clear()
    with open_page(browser, slack) as page:
        yield page


def ask(page: Page, text: str = QUESTION) -> None:
    """Ask by a mention, and wait until the whole answer stands in the thread."""
    page.get_by_label("Message", exact=True).fill(f"@milvusfaq {text}")
    page.get_by_label("Message", exact=True).press("Enter")
    answer = page.locator("#thread .message.bot").last
    expect(answer).to_contain_text(ANSWER.partition(" [")[0])
    expect(answer.locator("[data-kind=feedback_buttons]").first).to_be_visible()


def test_an_answer_grows_and_shows_its_sources(page: Page, model: ModelStandIn) -> None:
    model.play(GROWING)
    page.get_by_label("Message", exact=True).fill(f"@milvusfaq {QUESTION}")
    page.get_by_label("Message", exact=True).press("Enter")
    streaming = page.locator("#thread .message.streaming .text")
    streaming.wait_for()
    before = len(streaming.inner_text())
    expect(streaming).not_to_have_text(streaming.inner_text())
    assert len(page.locator("#thread .message.bot .text").last.inner_text()) > before
    expect(page.locator("#thread .streaming")).to_have_count(0)
    source = page.locator("#thread .rich a").first
    assert source.get_attribute("href").startswith("https://milvus.io/docs/")  # type: ignore[union-attr]
    assert source.get_attribute("rel") == "noopener noreferrer"


def test_the_stop_button_ends_an_answer(page: Page, model: ModelStandIn) -> None:
    model.play(Reply(long_text(200), words_per_s=40))
    page.get_by_label("Message", exact=True).fill(f"@milvusfaq {QUESTION}")
    page.get_by_label("Message", exact=True).press("Enter")
    page.locator("#thread .message.streaming").wait_for()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#thread")).to_contain_text("Stopped")


def test_a_thumb_down_asks_why_and_says_thanks(page: Page) -> None:
    ask(page)
    page.locator("#thread [data-kind=feedback_buttons]").nth(1).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("outdated", exact=False).first.click()
    dialog.get_by_role("textbox").fill("It names the old path.")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_be_hidden()


def test_a_follow_up_needs_no_mention(page: Page) -> None:
    ask(page)
    page.get_by_label("Reply", exact=True).fill("and how is it read again?")
    page.get_by_label("Reply", exact=True).press("Enter")
    expect(page.locator("#thread .message.bot")).to_have_count(2)


def test_a_thread_can_be_muted(page: Page) -> None:
    ask(page)
    page.get_by_role("button", name="Stay quiet in this thread").click()
    expect(page.locator("#thread .private, #timeline .private").last).to_contain_text("quiet")


def test_the_command_is_answered_below_its_question(page: Page) -> None:
    page.get_by_label("Message", exact=True).fill("/milvusfaq what is a segment?")
    page.get_by_label("Message", exact=True).press("Enter")
    asked = page.locator("#timeline .message.bot", has_text="what is a segment?").last
    expect(asked.locator(".replies")).to_have_text("1 reply")


def test_an_edited_question_is_answered_again_and_a_deleted_one_takes_its_answer_along(page: Page) -> None:
    ask(page, "How is data sotred?")
    mine = page.locator("#thread .message").first
    mine.hover()
    mine.get_by_label("Edit the message").first.click()
    page.locator("#thread textarea").first.fill("@milvusfaq How is metadata stored?")
    page.locator("#thread textarea").first.press("Enter")
    expect(page.locator("#thread")).to_contain_text("edited")
    expect(page.locator("#thread .message.bot .text")).to_contain_text("was edited")
    mine.hover()
    mine.get_by_label("Delete the message").click()
    expect(page.locator("#thread .message.bot")).to_have_count(0)


def test_the_home_tab_shows_what_the_bot_can_do(page: Page) -> None:
    page.get_by_role("button", name="milvusfaq: Home").click()
    expect(page.locator(".home")).to_contain_text("Milvus 2.4")
    page.locator(".home .actions button").first.click()
    expect(page.locator(".home")).to_contain_text("the answer comes in Messages")


def test_the_shortcut_asks_about_any_message_and_wants_words(page: Page, slack: WatchedPlayground) -> None:
    slack.say(GENERAL, "our queries are slow since the upgrade", user=BEN)
    page.get_by_role("button", name="# general").click()
    message = page.locator("#timeline .message", has_text="queries are slow").last
    message.hover()
    message.get_by_label("Ask milvusfaq about this message").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.locator(".error")).to_have_text("Please complete this required field.")
    dialog.get_by_role("textbox").fill("Why are queries slow?")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_be_hidden()
    expect(message.locator(".replies")).to_have_text("1 reply")


def test_a_guest_is_told_alone_that_they_may_not_ask(page: Page) -> None:
    page.get_by_label("You are").select_option(GUEST)
    page.get_by_label("Message", exact=True).fill(f"@milvusfaq {QUESTION}")
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator("#thread .private, #timeline .private").last).to_contain_text("guest")


def test_what_a_message_holds_does_not_run(page: Page, slack: WatchedPlayground, model: ModelStandIn) -> None:
    model.play(Reply(f"{ANSWER} <img src=x onerror=alert(1)> <script>alert(2)</script> [x](javascript:alert(3))"))
    slack.say(GENERAL, "<img src=x onerror=alert(1)> <script>alert(2)</script>", user=BEN)
    ask(page)
    page.get_by_role("button", name="# general").click()
    page.get_by_label("Message", exact=True).fill("<script>alert(2)</script> & more")
    page.get_by_label("Message", exact=True).press("Enter")
    expect(page.locator("#timeline")).to_contain_text("<script>alert(2)</script>")
    assert page.locator(":is(#timeline, #thread) :is(img, script, a[href^=javascript])").count() == 0


@pytest.mark.parametrize("kind", ["A log file", "A forwarded message", "An app's alert", "A workflow's form"])
def test_what_is_no_plain_words_can_be_sent_and_is_answered(page: Page, kind: str) -> None:
    page.get_by_label("Send something that is no plain words").select_option(label=kind)
    expect(page.locator("#thread .message.bot").last).to_contain_text("object storage")


def test_two_windows_see_the_same_and_a_reload_loses_nothing(
    browser: Browser, page: Page, slack: WatchedPlayground
) -> None:
    with open_page(browser, slack) as other:
        ask(page, "What is a collection in Milvus?")
        expect(other.locator("#timeline")).to_contain_text("What is a collection in Milvus?")
        page.reload()
        expect(page.locator("#thread .message.bot").last).to_contain_text("object storage")


def test_by_keyboard_alone_a_question_is_asked_and_its_thread_closed(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type(f"@milvusfaq {QUESTION}")
    page.keyboard.press("Enter")
    expect(page.locator("#thread .message.bot").last).to_contain_text("object storage")
    page.get_by_label("Close the thread").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#side")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "composer-text"


def test_the_events_show_every_envelope_and_call(page: Page) -> None:
    ask(page)
    page.get_by_role("button", name="Events").click()
    expect(page.locator("#traffic")).to_contain_text("chat.stopStream")
    expect(page.locator("#traffic .envelope", has_text="app_mention").last).to_contain_text("ack after")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_serious_stands_in_the_way_of_anyone(
    browser: Browser, slack: WatchedPlayground, colours: str, width: int
) -> None:
    with open_page(browser, slack, color_scheme=colours, viewport={"width": width, "height": 800}) as page:
        assert_accessible(page)
        ask(page)
        assert_accessible(page)
        page.locator("#thread [data-kind=feedback_buttons]").nth(1).click()
        page.get_by_role("dialog").wait_for()
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def assert_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in violations if one["impact"] in SERIOUS] == []


def test_sockets_that_are_made_anew_lose_nothing(page: Page, slack: WatchedPlayground) -> None:
    before = slack.opened
    slack.refresh_connections()
    slack.wait_for(lambda: slack.opened > before and slack.connected(), "the sockets made anew")
    ask(page, "What is a partition?")


def test_nobody_else_gets_in(page: Page, slack: WatchedPlayground) -> None:
    base = f"http://127.0.0.1:{slack.port}"
    strange = page.context.browser.new_context()  # type: ignore[union-attr]
    try:
        assert strange.request.get(f"{base}/").status == 403
        assert strange.request.get(f"{base}/?key=wrong").status == 403
        assert strange.request.get(f"{base}/window").status == 403
        assert strange.request.get(f"{base}/", headers={"Host": "evil.example"}).status == 403
    finally:
        strange.close()
