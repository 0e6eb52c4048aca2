"""Golden pictures: what every page draws, kept before a change and compared after it, pixel by pixel.

    python -m tests.golden keep FOLDER       # draw all pictures and keep them
    python -m tests.golden compare FOLDER    # draw them again: exit 1 where one differs, and keep it beside the other

Each page is drawn at its presets, light and dark, on a desk and on a phone, by the Chromium of this machine: a folder
is of use on this machine alone.
"""

import argparse
import base64
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.reader import COMPUTING, FLAGS, PATIENCE, PROGRAMS, Reader, running_app, visit, wait_until
from tests.test_pages import PAGES

WIDTHS = {"desk": (1440, 900), "phone": (390, 844)}
#: A smoothed edge of a line that is drawn over, or drawn anew, may differ by so much.
TOLERANCE = 40
CANVAS = '[data-testid="stVegaLiteChart"] canvas'
_COMPARE = """async ([one, other, tolerance]) => {
    const pixels = async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
        canvas.getContext("2d").drawImage(image, 0, 0);
        return canvas.getContext("2d").getImageData(0, 0, image.width, image.height);
    };
    const [a, b] = [await pixels(one), await pixels(other)];
    if (a.width !== b.width || a.height !== b.height) return -1;
    return a.data.reduce((count, value, place) => count + (Math.abs(value - b.data[place]) > tolerance), 0);
}"""


def pictures(reader: Reader, address: str, page: str) -> Iterator[tuple[str, str]]:
    """Name and data address of every picture of a page."""
    reader.page.emulate_media(color_scheme="light")
    reader.page.set_viewport_size({"width": 1440, "height": 900})
    reader.open(f"{address}/{page}")
    buttons = reader.page.locator(".st-key-presets button")
    for preset in range(buttons.count() - 2):  # without Reset and New seed
        if preset:
            before = _here(reader)
            buttons.nth(preset).click()
            wait_until(lambda before=before: _here(reader) != before, "the preset is not taken")  # type: ignore[misc]
        wait_until(lambda: reader.page.locator(COMPUTING).count() == 0, "the picture does not become whole")
        for scheme in ("light", "dark"):
            reader.page.emulate_media(color_scheme=scheme)
            if scheme == "dark":
                reader.page.reload()  # a picture follows the scheme with the next run of its page
            for name, (width, height) in WIDTHS.items():
                reader.page.set_viewport_size({"width": width, "height": height})
                reader.page.mouse.move(1, 1)
                reader.rest()
                for number, canvas in enumerate(reader.page.locator(CANVAS).all()):
                    url = str(canvas.evaluate("canvas => canvas.toDataURL()"))
                    yield f"{page}-{preset}-{scheme}-{name}-{number}.png", url
        reader.page.emulate_media(color_scheme="light")
        reader.page.set_viewport_size({"width": 1440, "height": 900})


def _here(reader: Reader) -> str:
    return str(reader.page.evaluate("location.href"))


def drawn(pages: list[str]) -> Iterator[tuple[Reader, str, str]]:
    with sync_playwright() as playwright, TemporaryDirectory() as profile, running_app(quiet=True) as address:
        program = next(filter(None, map(shutil.which, PROGRAMS)))
        desk = playwright.chromium.launch_persistent_context(profile, executable_path=program, args=FLAGS)
        desk.set_default_timeout(PATIENCE * 1000)
        with visit(desk) as reader:
            for page in pages:
                for name, url in pictures(reader, address, page):
                    yield reader, name, url
        desk.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("keep", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("pages", nargs="*", default=PAGES)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    differ = []
    for reader, name, url in drawn(asked.pages):
        file = asked.folder / name
        if asked.what == "compare":
            then = f"data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}"
            count = reader.page.evaluate(_COMPARE, [then, url, TOLERANCE]) if then != url else 0
            if count:
                differ.append(name)
                print(f"{name}: {'another size' if count < 0 else f'{count} values differ'}")
                file = file.with_suffix(".now.png")
            else:
                continue
        file.write_bytes(base64.b64decode(url.partition(",")[2]))
    print(f"{len(differ)} pictures differ" if asked.what == "compare" else f"kept in {asked.folder}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
