#!/usr/bin/python3
"""The report in a real browser: it draws without an error, no text is cut off or lies on another, and it answers pointer and keys.

Opens the report of the shipped sample, one of 10,000 points with everything a result can hold, and one with next to nothing.
HOLE_SCREENSHOTS, a folder, keeps pictures of them. Skipped where there is no Chromium with its driver, or no Selenium.
"""

import base64
import os
import shutil
import subprocess
import sys

import common
import h5py
import numpy as np
from common import expect, skip
from report_results import add_groups, make_result

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    skip("no Selenium for /usr/bin/python3 (Debian: python3-selenium)")

# Text of every picture with its place; turned text is compared with the frame only.
TEXTS = """
return [...document.querySelectorAll('main svg')].filter(chart => chart.viewBox.baseVal.width && chart.getClientRects().length).map(chart => {
  const frame = chart.getBoundingClientRect(), place = box => [box.left, box.top, box.right, box.bottom];
  return { where: chart.closest('section').id, frame: place(frame), texts: [...chart.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text =>
    ({ words: text.textContent, box: place(text.getBoundingClientRect()), turned: text.hasAttribute('transform') || Boolean(text.closest('g[transform]')) })) };
});"""
EMPTY = """
return [...document.querySelectorAll('main section:not([hidden])')].filter(section => !section.querySelector('.view > *')).map(section => section.id);"""
PAGE_SIZE = (1360, 900)


def start_browser():
    driver, browser = shutil.which("chromedriver"), next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not driver or not browser:
        skip("no Chromium with its driver (Debian: chromium, chromium-driver)")
    options = Options()
    options.binary_location = browser
    words = ["--headless=new", "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-gpu", "--no-first-run", f"--user-data-dir={os.getcwd()}/browser"]
    for word in words + ["--no-sandbox"] * (os.geteuid() == 0):  # root has no sandbox
        options.add_argument(word)
    options.add_argument(f"--window-size={PAGE_SIZE[0]},{PAGE_SIZE[1]}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(driver), options=options)


def report(result, page, *options):
    command = [sys.executable, os.path.join(os.environ["HOLE_SOURCE_DIR"], "scripts", "report"), result, "-o", page, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    expect(done.returncode == 0, f"{page}: exit code {done.returncode}: {done.stdout}")
    return os.path.abspath(page)


class Page:
    """One report, open."""

    def __init__(self, driver, path):
        self.driver, self.name = driver, os.path.basename(path)
        driver.get(f"file://{path}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def expect(self, condition, message):
        return expect(condition, f"{self.name}: {message}")

    def tip(self):
        return self.run("const tip = document.getElementById('tip'); return tip.hidden ? '' : tip.innerText")

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def click(self, element):
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)  # not below the bar that stays on top
        element.click()

    def check_quiet(self):
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        self.expect(not said, f"the console says {said[:3]}")

    def check_texts(self, theme):
        """No text leaves its picture; upright ones do not lie on each other."""
        for chart in self.run(TEXTS):
            left, top, right, bottom = chart["frame"]
            for text in chart["texts"]:
                box = text["box"]
                inside = box[0] >= left - 2 and box[1] >= top - 2 and box[2] <= right + 2 and box[3] <= bottom + 2
                self.expect(inside, f"{theme}, {chart['where']}: {text['words']!r} is cut off: {[round(x) for x in box]} in {[round(x) for x in chart['frame']]}")
            upright = [text for text in chart["texts"] if not text["turned"]]
            for k, one in enumerate(upright):
                for other in upright[k + 1 :]:
                    a, b = one["box"], other["box"]
                    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                    self.expect(wide <= 1 or tall <= 4, f"{theme}, {chart['where']}: {one['words']!r} lies on {other['words']!r}")

    def check_all(self):
        self.expect(not self.run(EMPTY), f"sections without anything: {self.run(EMPTY)}")
        for theme in ("light", "dark"):
            if self.run("return document.documentElement.dataset.theme") != theme:
                self.find("#theme").click()
            self.expect(self.run("return document.documentElement.dataset.theme") == theme, f"no {theme} theme")
            self.check_texts(theme)
            self.keep(theme)
        wide = self.run("return document.documentElement.scrollWidth")
        self.expect(wide <= PAGE_SIZE[0], f"the page is {wide} pixels wide in a window of {PAGE_SIZE[0]}")
        self.check_quiet()

    def keep(self, theme):
        if "HOLE_SCREENSHOTS" not in os.environ:
            return
        height = self.run("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": PAGE_SIZE[0], "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        path = os.path.join(os.environ["HOLE_SCREENSHOTS"], f"{self.name.removesuffix('.html')}_{theme}.png")
        with open(path, "wb") as out:
            out.write(base64.b64decode(shot["data"]))

    def choose(self, select, value):
        Select(self.find(f"#{select}")).select_by_value(str(value))


def check_layers(page, file, metric):
    """Every layer can be chosen, and its numbers are those of the file."""
    names = [name.decode() for name in file["layer_names"][()]]
    for index, name in enumerate(names):
        page.choose("layer", index)
        count = len(file[f"layers/{name}/{metric}/diagrams/dim1"])
        title = page.find("#flow .which").text
        page.expect(title == f"{name}, {metric}", f"the flow is said to be of {title!r}, chosen is {name}")
        button = page.find('#brush button[data-key="1"]').text
        page.expect(button == f"H1: {count:,}", f"{name}: {button!r}, the file has {count} intervals")
    row = page.all("#overview tbody button")[0]
    page.click(row)
    page.expect(page.find("#flow .which").text.startswith(names[0]), "a click in the table does not choose the layer")
    page.check_quiet()


def check_sankey(page, section="flow"):
    """Hovering tells the classes of a node, a click lights up its paths, keys do the same."""
    page.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", f"#{section} .view svg")
    nodes = page.all(f"#{section} .view .node")
    places = [(node.location["x"], node.location["y"]) for node in nodes]
    columns = sorted({x for x, _ in places})
    node = max((node for node, place in zip(nodes, places) if place[0] == columns[1]), key=lambda found: found.size["height"])
    ActionChains(page.driver).move_to_element(node).perform()
    tip = page.tip()
    page.expect("points" in tip and "%" in tip, f"{section}: the tooltip of a node is {tip!r}")
    shares = page.run("return [...document.querySelectorAll('#tip .share b')].map(item => Number(item.textContent.split('·')[0].replaceAll(',', '')))")
    size = page.run("return Number(document.querySelector('#tip .tip-title').textContent.match(/([\\d,]+) point/)[1].replaceAll(',', ''))")
    page.expect(sum(shares) == size, f"{section}: shares {shares} of {size} points")
    lit = f"return document.querySelectorAll('#{section} .ribbon.lit').length"
    page.expect(page.run(lit) == 0, f"{section}: lit before a click")
    node.click()
    n_lit, n_all = page.run(lit), len(page.all(f"#{section} .ribbon"))
    page.expect(node.get_attribute("aria-pressed") == "true" and 0 < n_lit < n_all, f"{section}: a click lights {n_lit} of {n_all} ribbons")
    page.keys(Keys.ESCAPE)
    page.expect(page.run(lit) == 0, f"{section}: Escape does not put the light out")
    page.run("document.querySelector(arguments[0]).focus()", f"#{section} .node[tabindex='0']")
    before = page.run("return document.activeElement.getBoundingClientRect().left")
    page.keys(Keys.ARROW_RIGHT)
    after = page.run("return document.activeElement.getBoundingClientRect().left")
    page.expect(abs(abs(after - before) - (columns[1] - columns[0])) < 3, f"{section}: the right arrow goes from {before} to {after}")
    page.keys(Keys.ENTER)
    page.expect(page.run("return document.activeElement.getAttribute('aria-pressed')") == "true", f"{section}: Enter does not light the paths")
    page.expect("point" in page.run("return document.activeElement.getAttribute('aria-label')"), f"{section}: a node without words")
    page.keys(Keys.ESCAPE)
    page.check_quiet()


def bars(page):
    return page.run("return document.querySelectorAll('#barcode .view g[fill] rect').length")


def check_brush(page, file, layer, metric):
    """Moving the lower handle leaves out short intervals, in the words, the diagram and the barcode."""
    page.choose("bars", 160)
    before = bars(page)
    page.run("document.querySelector('#brush .handle').focus()")
    page.keys(Keys.END)  # as far as the other handle: only the longest is left
    page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    left, words = bars(page), page.find("#brush .note").text
    essential = sum(int(np.isinf(file[f"layers/{layer}/{metric}/diagrams/dim{dim}"][:, 1]).sum()) for dim in (0, 1))
    page.expect(before > 20 and essential <= left <= essential + 2, f"{left} of {before} bars are left above the longest length, {essential} are essential")
    page.expect("or more" in words, f"the filter says {words!r}")
    low = float(page.find("#brush .handle").get_attribute("aria-valuenow"))
    page.keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    page.expect(float(page.find("#brush .handle").get_attribute("aria-valuenow")) < low, "an arrow key does not move the handle")
    page.click(page.find("#brush-all"))
    page.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    page.expect(bars(page) == before, "the button does not bring all lengths back")
    page.check_quiet()


def check_hover(page, selector, *words):
    page.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
    ActionChains(page.driver).move_to_element(page.find(selector)).perform()
    tip = page.tip()
    page.expect(all(word in tip for word in words), f"{selector}: the tooltip is {tip!r}, expected {words}")


def check_alignment(page):
    """Tree, class band and heatmap share their rows."""
    place = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); return [box.top, box.bottom]"
    image = page.run(place, "#heatmap .view image")
    bands = page.run(
        "const tops = [...document.querySelectorAll('#heatmap .view > svg > rect')].map(bar => bar.getBoundingClientRect());"
        "return [Math.min(...tops.map(box => box.top)), Math.max(...tops.map(box => box.bottom))]"
    )
    page.expect(np.allclose(image, bands, atol=1.5), f"the class band is at {bands}, the heatmap at {image}")
    tree = page.run(
        "const boxes = [...document.querySelectorAll('#heatmap .view g > path[stroke-width=\"1.5\"]')].map(line => line.getBoundingClientRect());"
        "return [Math.min(...boxes.map(box => box.top)), Math.max(...boxes.map(box => box.bottom))]"
    )
    page.expect(tree[0] >= image[0] - 2 and tree[1] <= image[1] + 2, f"the tree is at {tree}, the heatmap at {image}")
    page.expect(tree[1] - tree[0] > 0.6 * (image[1] - image[0]), f"the tree covers {tree} of {image}")


def check_choices(page):
    """Each choice of each select draws without an error."""
    for select in [item.get_attribute("id") for item in page.all("main select")]:
        for value in page.run("return [...document.getElementById(arguments[0]).options].map(option => option.value)", select):
            if page.find(f"#{select}").is_displayed():
                page.choose(select, value)
        page.check_quiet()
    for index in range(len(page.all("#plane-layers button"))):
        page.click(page.all("#plane-layers button")[index])
    page.check_quiet()
    page.check_texts("after every choice")


def check_print(page):
    printed = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})["data"])
    pages = printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ")
    page.expect(printed.startswith(b"%PDF") and pages > 3, f"printed on {pages} pages")


def main():
    driver = start_browser()
    try:
        driver.set_script_timeout(10)
        result = common.analyze(0, common.sample_path(), "demo.h5")
        page = Page(driver, report(result, "demo.html"))
        with h5py.File(result) as file:
            check_layers(page, file, "euclidean")
            check_sankey(page)
            check_sankey(page, "across")
            check_brush(page, file, file["layer_names"][0].decode(), "euclidean")
        page.check_all()
        check_print(page)

        make_result("full.h5", n=10_000, layers=2, classes=8, loops=4000, line=True)
        add_groups("full.h5", blocks=1024)
        page = Page(driver, report("full.h5", "full.html"))
        with h5py.File("full.h5") as file:
            check_layers(page, file, "euclidean")
        page.choose("layer", 1)
        check_sankey(page)
        check_alignment(page)
        check_hover(page, "#heatmap .view image", "mean distance", "Klaße")
        page.click(page.find('#plane-layers [data-key="points"]'))  # a point on top of the hull would speak first
        check_hover(page, "#plane .hull", "points", "Klaße")
        check_hover(page, "#similarity .view rect", "layer.0 and layer.0")
        page.check_all()
        check_choices(page)

        make_result("bare.h5", n=5, layers=1, classes=0, loops=0)
        page = Page(driver, report("bare.h5", "bare.html"))
        page.check_all()
        page.expect(page.find("#missing").is_displayed() and not page.find("#heatmap").is_displayed(), "what is missing is not said")
    finally:
        driver.quit()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
