"""The page in a real browser, as a reader has it. Needs Chromium on the machine."""

import re
import shutil
import threading
import zlib
from contextlib import contextmanager, suppress

import pytest

from results.report.figures.theme import PALETTES
from results.report.live import LivePage, LiveServer
from results.report.page import render_page
from tests.results.factories import score_row, small_sweep, trial_row, write_store
from tests.results.report.evidence_factory import LARGE, make_evidence

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
TEXT_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const low = [], fine = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length) continue;
    if (["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const text = element.closest("svg") ? style.fill : style.color;
    if (!text.startsWith("rgb") || style.opacity === "0") continue;
    const [a, b] = [luminance(parse(text)), luminance(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const words = walker.currentNode.textContent.trim();
    (ratio < 4.5 ? low : fine).push({ svg: element.closest("svg"), words, ratio, text });
  }
  // Behind a label in a chart there may be the same text in the colour of the background, as a halo.
  return low.filter((one) => !one.svg || !fine.some((other) => other.svg === one.svg && other.words === one.words))
    .map((one) => `${one.ratio.toFixed(2)} ${one.text} ${one.words.slice(0, 40)}`);
}"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_page(make_evidence()), encoding="utf-8")
    return path


def colours_of(pdf):
    """Colours that a PDF fills with."""
    colours = set()
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL):
        with suppress(zlib.error):  # a font, a picture
            fills = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg", zlib.decompress(stream))
            colours |= {"#" + "".join(f"{round(float(part) * 255):02x}" for part in fill) for fill in fills}
    return colours


@contextmanager
def opened(browser, url, **options):
    """A tab on the page that may load nothing but it, and the errors and requests that there were."""
    context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | options)
    tab = context.new_page()
    tab.faults, tab.requests = [], []
    tab.on("console", lambda message: tab.faults.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: tab.faults.append(str(error)))
    tab.on("request", lambda request: tab.requests.append(request.url))
    tab.goto(url)
    yield tab
    assert tab.faults == []
    context.close()


def draw_all(tab):
    """Scroll through the page until every chart that is to be seen is drawn."""
    for _ in range(3):
        for chart in tab.locator("figure .chart, section.language:not([hidden]) .chart:not(.empty)").all():
            chart.scroll_into_view_if_needed()
            chart.locator("svg.marks").first.wait_for(timeout=20_000)
    tab.wait_for_timeout(100)


def shown_languages(tab):
    return tab.locator("section.language:not([hidden])").evaluate_all("all => all.map((one) => one.dataset.code)")


def test_the_page_loads_without_an_error_and_asks_nobody_for_anything(browser, path):
    with opened(browser, path.as_uri()) as tab:
        draw_all(tab)
        assert tab.requests == [path.as_uri()]
        assert tab.locator("figure").count() >= 8
        assert tab.locator(".chart.failed").count() == 0


def test_the_heatmap_is_drawn_with_a_mark_a_language_and_cell(browser, path):
    evidence = make_evidence()
    with opened(browser, path.as_uri()) as tab:
        draw_all(tab)
        num_cells = evidence.trials.loc[~evidence.trials["is_baseline"], "cell_id"].nunique()
        marks = tab.locator("#chart-heatmap svg .mark-symbol path").count()
        assert marks >= num_cells * (len(evidence.languages) - 1)


def test_charts_are_drawn_only_when_they_come_near(browser, path):
    with opened(browser, path.as_uri()) as tab:
        tab.wait_for_timeout(500)
        before = tab.locator(".chart svg.marks").count()
        draw_all(tab)
        assert before < tab.locator(".chart svg.marks").count()


def test_a_click_on_a_mark_of_the_heatmap_shows_its_language(browser, path):
    with opened(browser, path.as_uri()) as tab:
        draw_all(tab)
        assert shown_languages(tab) == ["macro"]
        marks = tab.locator("#chart-heatmap svg .mark-symbol path")
        for place in range(marks.count() - 1, 0, -1):  # legends and dots are marks, too
            marks.nth(place).dispatch_event("click")
            if shown_languages(tab) != ["macro"]:
                break
        (code,) = shown_languages(tab)
        assert code in set(make_evidence().languages["language"])
        assert tab.locator("#language").input_value() == code


def test_a_language_is_chosen_by_keyboard_alone(browser, path):
    with opened(browser, path.as_uri()) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        for _ in range(200):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.id") == "language":
                break
        tab.keyboard.press("ArrowDown")
        (code,) = shown_languages(tab)
        assert code != "macro"
        detail = tab.locator("section.language:not([hidden])")
        detail.locator("svg.marks").first.wait_for()
        for _ in range(20):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.tagName") == "SUMMARY":
                break
        tab.keyboard.press("Enter")
        assert detail.locator("details").get_attribute("open") is not None
        assert detail.locator("tbody tr").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(browser, path, scheme):
    with opened(browser, path.as_uri(), color_scheme=scheme) as tab:
        tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        draw_all(tab)
        assert tab.evaluate(TEXT_CONTRAST) == []


def test_charts_follow_when_the_readers_system_turns_dark(browser, path):
    with opened(browser, path.as_uri(), color_scheme="light") as tab:
        draw_all(tab)
        light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        tab.emulate_media(color_scheme="dark")
        tab.locator("#chart-heatmap[data-drawn=dark]").wait_for(timeout=20_000)
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_a_theme_that_was_asked_for_stays_whatever_the_system_has(browser, tmp_path):
    path = tmp_path / "dark.html"
    path.write_text(render_page(make_evidence(), theme="dark"), encoding="utf-8")
    with opened(browser, path.as_uri(), color_scheme="light") as tab:
        draw_all(tab)
        assert tab.locator("#chart-heatmap").get_attribute("data-drawn") == "dark"
        assert tab.evaluate(TEXT_CONTRAST) == []


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_the_body_never_scrolls_sideways(browser, path, viewport):
    with opened(browser, path.as_uri(), viewport=viewport) as tab:
        tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        draw_all(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_print_shows_everything_light_and_leaves_the_page_as_it_was(browser, path, tmp_path):
    with opened(browser, path.as_uri(), color_scheme="dark") as tab:
        draw_all(tab)
        num_open = tab.locator("details[open]").count()
        tab.evaluate("addEventListener('beforeprint', () => { window.opened = document.querySelectorAll("
                     "'details:not([open])').length; })")  # fmt: skip
        document = tab.pdf(path=tmp_path / "report.pdf", format="A4")
        colours = colours_of(document)
        assert PALETTES["print"].text in colours
        assert PALETTES["dark"].muted not in colours
        assert len(colours & set(PALETTES["print"].diverging)) > 1  # of the heatmap
        assert tab.evaluate("window.opened") <= tab.locator("section.language[hidden] details").count()
        tab.locator("#chart-heatmap[data-drawn=dark]").wait_for(timeout=20_000)
        assert tab.locator("details[open]").count() == num_open
        tab.emulate_media(media="print")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_scripts_every_language_and_table_is_there(browser, path):
    with opened(browser, path.as_uri(), java_script_enabled=False) as tab:
        assert tab.locator("section.language").count() == len(make_evidence().languages) + 1
        assert all(one.is_visible() for one in tab.locator("section.language").all())
        assert "need JavaScript" in tab.locator("noscript").inner_text()


def test_fifty_languages_by_a_hundred_cells_are_shown_while_charts_are_still_to_come(browser, tmp_path):
    path = tmp_path / "large.html"
    path.write_text(render_page(make_evidence(LARGE)), encoding="utf-8")
    with opened(browser, path.as_uri()) as tab:
        assert tab.locator("#claims").is_visible()
        draw_all(tab)
        assert tab.locator("#chart-heatmap svg .mark-symbol path").count() >= 49 * 99


def test_a_new_trial_appears_without_losing_the_place(browser, tmp_path):
    store = write_store(tmp_path / "sweep", small_sweep())
    page = LivePage(str(store.folder))
    server = LiveServer(page, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server, opened(browser, server.url) as tab:
        tab.locator("#provenance").scroll_into_view_if_needed()
        tab.locator("#trials-table summary").click()
        tab.locator("#language").select_option("de")
        tab.locator("#trials-table summary").scroll_into_view_if_needed()
        place = tab.evaluate("scrollY")
        assert "1 pending" in tab.locator("#state").inner_text()
        scores = [score_row("late-0", language, 70.0) for language in ("en", "de", "sw")]
        store.publish_trial(trial_row("late-0"), scores)
        page.renew()
        playwright.expect(tab.locator("#state")).not_to_contain_text(re.compile("pending"), timeout=20_000)
        assert tab.locator("#trials-table").get_attribute("open") is not None
        assert tab.locator("#language").input_value() == "de"
        assert abs(tab.evaluate("scrollY") - place) < 300
        server.shutdown()
        server.server_close()
        tab.get_by_text("Not live").wait_for(timeout=20_000)
        tab.faults.clear()  # the browser says, too, that nobody answers
