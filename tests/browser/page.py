"""Opens pages from disk in headless Chromium and uses them: report.html compare.html hostile.html differs.html. Screenshots go
to TBFT_SCREENSHOTS, where that is set."""
import os
import pathlib
import re
import sys

from selenium.webdriver.common.by import By

import layout
from chromium import chromium, set_size, set_theme

report, compare, hostile, differs = (pathlib.Path(p).resolve() for p in sys.argv[1:5])
shots = os.environ.get("TBFT_SCREENSHOTS")


def shot(browser, name):
    if shots:
        browser.save_screenshot(str(pathlib.Path(shots) / f"{name}.png"))


def background(browser):
    rgb = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    return sum(int(x) for x in rgb[rgb.index("(") + 1:-1].split(",")[:3]) / 3


def numbers(browser, table, column):
    texts = browser.execute_script(
        "return [...arguments[0].tBodies[0].rows].map((row) => row.cells[arguments[1]].textContent)", table, column)
    return [float(text.split()[0]) for text in texts if text not in ("", "-")]


def quiet(browser):
    log = browser.get_log("browser")
    assert not log, f"the console says: {log}"
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert not fetched, f"the page fetched {fetched}"


def check_tables(browser):
    table = browser.find_element(By.XPATH, "//table[contains(@class, 'live')][.//th[. = 'accuracy %']]")
    header = table.find_elements(By.CSS_SELECTOR, "th button")
    names = [button.text for button in header]
    column = names.index("accuracy %")
    for direction in (1, -1):
        header[column].click()
        found = numbers(browser, table, column)
        assert len(found) >= 5 and found == sorted(found)[::direction], (direction, found)
    header[0].click()
    first = browser.execute_script("return arguments[0].tBodies[0].rows[0].cells[0].textContent", table)
    assert first == "block-avg" or first == "block1", first


def check_filter(browser):
    """A table of many rows has a filter; here in a fold, which a link of the contents opens."""
    fold = browser.find_element(By.ID, "provenance-1")
    assert fold.get_attribute("open") is None, "the provenance is not folded"
    browser.find_element(By.CSS_SELECTOR, "#contents a[href='#provenance-1']").click()
    assert fold.get_attribute("open") is not None, "the link does not open the fold"
    fold.find_element(By.TAG_NAME, "input").send_keys("sweep.repetitions")
    shown = [row for row in fold.find_elements(By.CSS_SELECTOR, "tbody tr") if row.is_displayed()]
    assert [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in shown] == [["sweep.repetitions", "3"]]
    aligned = browser.execute_script(
        "return [...arguments[0].querySelectorAll('td, th')].map((cell) => getComputedStyle(cell).textAlign)", fold)
    assert set(aligned) == {"left"}, set(aligned)


def check_text(browser):
    """Cells of normal weight, four significant digits, one sign for plus or minus."""
    weights = browser.execute_script(
        "return [...document.querySelectorAll('#cell-table td')].map((cell) => getComputedStyle(cell).fontWeight)")
    assert set(weights) == {"400"}, set(weights)
    texts = browser.execute_script(
        "return [...document.querySelectorAll('main section:not(#provenance) td')].map((td) => td.textContent)")
    assert any("\u00b1" in text for text in texts) and not any("+-" in text for text in texts)
    names = browser.execute_script("return [...document.querySelectorAll('#cell-table thead th')].map((th) => th.textContent)")
    for name in ("accuracy_pct", "gross_J", "train_s"):
        column = browser.execute_script(
            "return [...document.querySelectorAll('#cell-table tbody tr')].map((row) => row.cells[arguments[0]].textContent)",
            names.index(name))
        digits = [len(re.sub(r"\D", "", text).lstrip("0")) for text in column if "e" not in text]
        assert digits and max(digits) == 4, (name, column)


def check_instants(browser, table):
    """Instants of one year are sorted, too. They are among the columns that are not shown at first."""
    every = browser.find_element(By.CSS_SELECTOR, "#cell-list input[type=checkbox]")
    browser.execute_script("arguments[0].click()", every)
    column = browser.execute_script("return [...arguments[0].tHead.rows[0].cells].map((th) => th.textContent)", table).index("started_utc")
    for direction in (1, -1):
        browser.execute_script("arguments[0].click()", table.find_elements(By.CSS_SELECTOR, "th button")[column])
        found = browser.execute_script(
            "return [...arguments[0].tBodies[0].rows].map((row) => row.cells[arguments[1]].textContent)", table, column)
        assert len(set(found)) > 1 and found == sorted(found)[::direction], (direction, found)
    browser.execute_script("arguments[0].click()", every)


def check_cells(browser):
    table = browser.find_element(By.ID, "cell-table")
    rows = table.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 15, len(rows)
    names = [th.text for th in table.find_elements(By.TAG_NAME, "th")]
    button = table.find_elements(By.CSS_SELECTOR, "th button")[names.index("gross_J")]
    browser.execute_script("arguments[0].click()", button)
    found = numbers(browser, table, names.index("gross_J"))
    assert found == sorted(found) and len(found) == 15, found
    # A number of the tables leads to the rows that it was made from.
    link = browser.find_element(By.XPATH, "//table[contains(@class, 'live')]//a[text() = 'fc']")
    browser.execute_script("arguments[0].click()", link)
    wait(browser, lambda: len(table.find_elements(By.CSS_SELECTOR, "tbody tr")) == 3, "the filter of a link")
    column = [th.text for th in table.find_elements(By.TAG_NAME, "th")].index("strategy")
    assert {row.find_elements(By.TAG_NAME, "td")[column].text for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")} == {"fc"}
    # A link may write a number in another way than the page.
    size = float(table.find_elements(By.CSS_SELECTOR, "tbody tr:first-child td")[names.index("train_size")].text)
    browser.execute_script("location.hash = arguments[0]", f"cells?strategy=fc&strategy=full&train_size={size:e}")
    wait(browser, lambda: len(table.find_elements(By.CSS_SELECTOR, "tbody tr")) == 6, "the filter of a number")
    check_instants(browser, table)


def check_trace(browser):
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, "#cell-table td button"))
    trace = browser.find_element(By.ID, "trace")
    mean = trace.find_element(By.CSS_SELECTOR, "path.mean").get_attribute("d")
    assert mean.count("L") > 5, mean[:200]
    assert trace.find_elements(By.CSS_SELECTOR, "rect.train"), "no phase is shaded"
    axis = [text.text for text in trace.find_elements(By.TAG_NAME, "text")]
    assert "replayed power / W" in axis and {"0", "2", "4"} <= set(axis), axis  # a constant 5 W, by a meter that replays
    browser.execute_script("arguments[0].click()", trace.find_element(By.XPATH, ".//button[text() = 'Zoom in']"))
    assert [text.text for text in trace.find_elements(By.TAG_NAME, "text")] != axis, "the time axis stays when zoomed"
    browser.execute_script("arguments[0].scrollIntoView()", trace)
    shot(browser, "trace")


def check_layout(browser, name):
    for size in (layout.PHONE, layout.DESKTOP):
        layout.check_one_click(browser, size)
        layout.check_no_text_cut(browser, size)
    layout.check_no_sideways_scrolling(browser)
    browser.execute_script("scrollTo(0, 0)")
    shot(browser, name + "-phone")
    set_size(browser, *layout.DESKTOP)


def wait(browser, condition, what):
    for _ in range(200):
        if condition():
            return
        browser.execute_async_script("setTimeout(arguments[0], 50)")
    raise AssertionError(what)


def check_report(browser):
    set_theme(browser, "light")
    browser.get(report.as_uri())
    assert "REPLAY" in browser.find_element(By.CSS_SELECTOR, ".warning").text
    assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg")) >= 6
    assert background(browser) > 200
    shot(browser, "light")
    check_tables(browser)
    check_filter(browser)
    check_text(browser)
    check_cells(browser)
    check_trace(browser)
    set_theme(browser, "dark")
    assert background(browser) < 60, "dark is not dark"
    browser.execute_script("window.scrollTo(0, 0)")
    shot(browser, "dark")
    browser.find_element(By.ID, "theme").click()
    assert background(browser) > 200, "the button does not go back to light"
    quiet(browser)
    browser.execute_script("try { localStorage.clear() } catch (e) { }")
    browser.get(report.as_uri())
    layout.check_figures_follow_theme(browser)
    layout.check_frozen(browser, ".live:has(td.frozen)")
    layout.check_frozen(browser, "#cell-table")
    check_layout(browser, "report")
    quiet(browser)


def check_hostile(browser):
    browser.get(hostile.as_uri())
    assert not browser.execute_script("return [...document.scripts].some((s) => s.textContent.startsWith('alert'))")
    texts = browser.execute_script("return [...document.querySelectorAll('td')].map((td) => td.textContent)")
    assert "<script>alert(1)</script>" in texts, "the hostile name is not shown as text"
    assert "</script><script>alert(2)</script>" in texts
    browser.execute_script("arguments[0].click()", browser.find_element(By.XPATH, "//a[contains(text(), 'alert(1)')]"))
    wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#cell-table tbody tr")) == 3, "the filter of a hostile link")
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, "#cell-table td button"))
    assert "<script>alert(1)</script>" in browser.find_element(By.CSS_SELECTOR, "#trace .caption").text
    shot(browser, "hostile")
    quiet(browser)


def check_compare(browser):
    browser.get(compare.as_uri())
    assert browser.find_element(By.CSS_SELECTOR, ".answer").text.endswith("no difference")
    assert not browser.find_elements(By.CSS_SELECTOR, ".bar .lower, .bar .higher"), "a bar without a difference is coloured"
    check_layout(browser, "compare")
    quiet(browser)


def check_bars(browser):
    """0.8 times the joules: the bar ends at the line of 1, left of it, in each theme in a colour of its own."""
    browser.get(differs.as_uri())
    first = browser.find_element(By.CSS_SELECTOR, "main td")
    assert first.text == "all cells", f"differences do not come first but {first.text}"
    bar = browser.find_element(By.CSS_SELECTOR, ".bars tr:first-child .lower")
    line = browser.find_element(By.CSS_SELECTOR, ".bars tr:first-child .line")
    assert "0.800" in bar.find_element(By.XPATH, "ancestor::tr").text
    right, at = browser.execute_script(
        "return [arguments[0].getBoundingClientRect().right, arguments[1].getBoundingClientRect().left]", bar, line)
    assert bar.size["width"] > 50 and abs(right - at) <= 1.5, (bar.size, right, at)
    colours = set()
    for theme in ("light", "dark"):
        set_theme(browser, theme)
        colours.add(browser.execute_script("return getComputedStyle(arguments[0]).backgroundColor", bar))
    assert len(colours) == 2, f"the bar has the colour {colours} in both themes"
    check_layout(browser, "differs")
    quiet(browser)


with chromium() as opened:
    check_report(opened)
    check_hostile(opened)
    check_compare(opened)
    check_bars(opened)
print("the pages hold")
