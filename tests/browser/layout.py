"""What a page must look like on a desktop and on a phone, measured in the browser."""
from selenium.webdriver.common.by import By

from chromium import set_size, set_theme

DESKTOP, PHONE = (1280, 1000), (390, 844)


def check_no_sideways_scrolling(browser):
    set_size(browser, *PHONE)
    wide, window = browser.execute_script("return [document.scrollingElement.scrollWidth, innerWidth]")
    assert window == PHONE[0] and wide <= window, f"the page is {wide} px wide in a window of {window}"


# The link in the contents to the innermost part of the page around a table and no other.
LINK_OF_TABLE = """
const links = [...document.querySelectorAll("#contents a")];
for (let node = arguments[0]; node.querySelectorAll("table:not(.bars)").length < 2; node = node.parentElement) {
  const link = node.id && links.find((link) => link.getAttribute("href") === "#" + node.id);
  if (link) return link;
}
return null;"""


def check_one_click(browser, size):
    """Each table is in view after one click on a link that is in view at the top of the page."""
    set_size(browser, *size)
    tables = browser.find_elements(By.CSS_SELECTOR, "main table:not(.bars)")
    assert tables, "no table"
    used = set()
    for table in tables:
        browser.execute_script("scrollTo(0, 0)")
        link = browser.execute_script(LINK_OF_TABLE, table)
        assert link is not None, "no link leads to the table " + table.get_attribute("textContent")[:80]
        target = link.get_attribute("hash")
        assert target not in used, f"two tables share the link {target}"
        used.add(target)
        assert browser.execute_script("return scrollY") == 0
        link.click()
        top, height, window = browser.execute_script(
            "const box = arguments[0].getBoundingClientRect(); return [box.top, box.height, innerHeight]", table)
        assert height > 0 and -1 <= top < window, f"{target} leads to {top} px in a window of {window}, {height} px high"
        current = browser.execute_script(
            "return document.querySelector('#contents').getBoundingClientRect().top")
        assert -1 <= current < window, "the contents do not stay in view"


# Texts whose boxes are not inside what shows them: their cell, the nearest box that cuts, the picture, or the window.
CUT_TEXTS = """
const cut = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const parent = node.parentElement;
  if (!node.data.trim() || parent.closest("script, style, noscript") || !parent.checkVisibility()) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  const text = range.getBoundingClientRect(), cell = parent.closest("td, th"), bounds = [];
  if (text.width === 0) continue;
  if (cell) bounds.push(["its cell", cell.getBoundingClientRect()]);
  const svg = parent.closest("svg");
  if (svg) bounds.push(["its picture", svg.getBoundingClientRect(), true]);
  let free = true;
  for (let box = parent; box !== document.documentElement; box = box.parentElement) {
    const flow = getComputedStyle(box).overflowX;
    if (flow === "visible" || box.closest("svg")) continue;
    const rect = box.getBoundingClientRect(), left = rect.left - box.scrollLeft;
    const reach = flow === "hidden" || flow === "clip" ? box.clientWidth : box.scrollWidth;
    bounds.push(["its box", { left, right: left + reach }]);
    free = false;
    break;
  }
  if (free) bounds.push(["the window", { left: 0, right: innerWidth }]);
  for (const [name, box, high] of bounds) {
    const outside = text.left < box.left - 1 || text.right > box.right + 1 ||
      (high && (text.top < box.top - 1 || text.bottom > box.bottom + 1));
    if (outside) cut.push(`${node.data.trim().slice(0, 60)}: outside of ${name}`);
  }
}
return cut;"""


def check_no_text_cut(browser, size):
    set_size(browser, *size)
    browser.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true; scrollTo(0, 0)")
    cut = browser.execute_script(CUT_TEXTS)
    assert not cut, f"{len(cut)} texts are cut at {size[0]} px: {cut[:5]}"


# Left edges of the box, the first cell and the accuracy; right edge of the first cell; whether both lie on top of what moves.
FROZEN = """
const box = arguments[0].parentNode, row = arguments[0].tBodies[0].rows[0];
const first = row.cells[0], accuracy = row.querySelector(".frozen");
const last = row.cells[row.cells.length - 1], before = last.getBoundingClientRect().left;
const middle = (cell) => {
  const r = cell.getBoundingClientRect();
  return document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
};
box.scrollIntoView({ block: "center" });
box.scrollLeft = box.scrollWidth;
const at = (cell) => cell.getBoundingClientRect();
return { moved: before - at(last).left, box: at(box).left, first: at(first).left, end: at(first).right,
  accuracy: at(accuracy).left, top: first.contains(middle(first)) && accuracy.contains(middle(accuracy)) };"""


def check_frozen(browser, selector):
    """The first column and the accuracy stay at the left while the rest of a wide table moves."""
    set_size(browser, *PHONE)
    table = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    found = browser.execute_script(FROZEN, table)
    assert found["moved"] > 50, f"{selector} does not scroll: {found}"
    assert abs(found["first"] - found["box"]) <= 1, f"the first column of {selector} moved: {found}"
    assert abs(found["accuracy"] - found["end"]) <= 1, f"the accuracy of {selector} is not beside the first column: {found}"
    assert found["top"], f"the frozen columns of {selector} are covered"


# The contrast of each text of a figure with the page behind it.
FIGURE_CONTRASTS = """
const luminance = (colour) => {
  const linear = (x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((x) => linear(x / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = luminance(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll(".figures svg text")].map((text) => {
  const ink = luminance(getComputedStyle(text).fill);
  return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
});"""
# Pictures whose first rectangle covers them with a colour other than the page's.
FIGURE_PAPERS = """
const paper = getComputedStyle(document.body).backgroundColor;
return [...document.querySelectorAll(".figures svg")].filter((svg) => {
  const whole = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("rect")].some((rect) => {
    const box = rect.getBoundingClientRect(), fill = getComputedStyle(rect).fill;
    const whole_size = box.width > 0.98 * whole.width && box.height > 0.98 * whole.height;
    return whole_size && fill !== "none" && fill !== paper && !/, 0\\)$/.test(fill);
  });
}).length;"""


def check_figures_follow_theme(browser):
    for theme in ("light", "dark"):
        set_theme(browser, theme)
        contrasts = browser.execute_script(FIGURE_CONTRASTS)
        assert contrasts and min(contrasts) >= 3, f"a figure has text of contrast {min(contrasts):.1f} in the {theme} theme"
        opaque = browser.execute_script(FIGURE_PAPERS)
        assert opaque == 0, f"{opaque} figures have a background of their own in the {theme} theme"
    set_theme(browser, "light")
