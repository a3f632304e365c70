"""Pictures of pages: screenshots.py FOLDER PAGE... writes NAME-WIDTH-THEME.png, with the anchor of PAGE#ANCHOR in its name."""
import io
import pathlib
import sys

from PIL import Image

from chromium import chromium, set_size, set_theme

SIZES = ((1280, 900), (390, 844))
COLOURS = 200  # also the rare ones, of points in figures

folder = pathlib.Path(sys.argv[1])


def settle(browser):
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


with chromium() as browser:
    for name in sys.argv[2:]:
        path, _, anchor = name.partition("#")
        page = pathlib.Path(path).resolve()
        stem = "-".join(part for part in (page.stem, anchor) if part)
        for width, height in SIZES:
            set_size(browser, width, height)
            for theme in ("light", "dark"):
                set_theme(browser, theme)
                browser.get("about:blank")
                browser.get(page.as_uri() + (f"#{anchor}" if anchor else ""))
                settle(browser)
                picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
                picture = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
                picture.save(folder / f"{stem}-{width}-{theme}.png", optimize=True)
