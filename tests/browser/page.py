"""Opens pages from disk in headless Chromium and uses them: report.html compare.html hostile.html. Screenshots go to
TBFT_SCREENSHOTS, where that is set."""
import os
import pathlib
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1000"]
report, compare, hostile = (pathlib.Path(p).resolve() for p in sys.argv[1:4])
shots = os.environ.get("TBFT_SCREENSHOTS")


def open_browser(profile):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS + [f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def shot(browser, name):
    if shots:
        browser.save_screenshot(str(pathlib.Path(shots) / f"{name}.png"))


def colours(browser, scheme):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


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
    table = browser.find_element(By.CSS_SELECTOR, "table.live")
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
    search = table.find_element(By.XPATH, "../preceding-sibling::div[1]//input")
    search.send_keys("full")
    shown = [row for row in table.find_elements(By.CSS_SELECTOR, "tbody tr") if row.is_displayed()]
    assert [row.find_element(By.TAG_NAME, "td").text for row in shown] == ["full"]
    search.clear()
    search.send_keys(" ")


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


def check_trace(browser):
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, "#cell-table td button"))
    trace = browser.find_element(By.ID, "trace")
    mean = trace.find_element(By.CSS_SELECTOR, "path.mean").get_attribute("d")
    assert mean.count("L") > 5, mean[:200]
    assert trace.find_elements(By.CSS_SELECTOR, "rect.train"), "no phase is shaded"
    axis = [text.text for text in trace.find_elements(By.TAG_NAME, "text")]
    assert "power / W" in axis and {"0", "2", "4"} <= set(axis), axis  # a constant 5 W
    browser.execute_script("arguments[0].click()", trace.find_element(By.XPATH, ".//button[text() = 'Zoom in']"))
    assert [text.text for text in trace.find_elements(By.TAG_NAME, "text")] != axis, "the time axis stays when zoomed"
    browser.execute_script("arguments[0].scrollIntoView()", trace)
    shot(browser, "trace")


def check_width(browser, name):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True})
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= 400, f"{name} is {wide} px wide in a window of 400"
    shot(browser, name + "-400px")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def wait(browser, condition, what):
    for _ in range(200):
        if condition():
            return
        browser.execute_async_script("setTimeout(arguments[0], 50)")
    raise AssertionError(what)


def check_report(browser):
    colours(browser, "light")
    browser.get(report.as_uri())
    assert "REPLAY" in browser.find_element(By.CSS_SELECTOR, ".warning").text
    assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg")) >= 6
    assert background(browser) > 200
    shot(browser, "light")
    check_tables(browser)
    check_cells(browser)
    check_trace(browser)
    colours(browser, "dark")
    assert background(browser) < 60, "dark is not dark"
    browser.execute_script("window.scrollTo(0, 0)")
    shot(browser, "dark")
    browser.find_element(By.ID, "theme").click()
    assert background(browser) > 200, "the button does not go back to light"
    check_width(browser, "report")
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
    check_width(browser, "compare")
    shot(browser, "compare")
    quiet(browser)


with tempfile.TemporaryDirectory() as profile:
    chromium = open_browser(profile)
    try:
        check_report(chromium)
        check_hostile(chromium)
        check_compare(chromium)
    finally:
        chromium.quit()
print("the pages hold")
