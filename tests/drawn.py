"""What a picture has written, and where: the browser's canvas keeps no text, so each piece is noted as it is drawn."""

from itertools import combinations
from typing import NamedTuple

from playwright.sync_api import Page

#: Notes every text with its corners in the canvas, until the canvas is cleared.
_NOTE = """
(() => {
  const canvas = CanvasRenderingContext2D.prototype;
  const fillText = canvas.fillText, clearRect = canvas.clearRect;
  canvas.clearRect = function (x, y, width, height) {
    if (width * height > 0.9 * this.canvas.clientWidth * this.canvas.clientHeight) this.canvas.written = [];
    return clearRect.apply(this, arguments);
  };
  canvas.fillText = function (text, x, y) {
    const size = this.measureText(text), to = this.getTransform(), scale = this.canvas.width / this.canvas.clientWidth;
    const across = [x - size.actualBoundingBoxLeft, x + size.actualBoundingBoxRight];
    const down = [y - size.actualBoundingBoxAscent, y + size.actualBoundingBoxDescent];
    const corners = across.flatMap((x) => down.map((y) => to.transformPoint({ x, y })));
    const xs = corners.map((corner) => corner.x / scale), ys = corners.map((corner) => corner.y / scale);
    (this.canvas.written ??= []).push([text, Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]);
    return fillText.apply(this, arguments);
  };
})();
"""
#: Pixels by which two texts may reach into each other: letters do not fill their boxes.
_TOUCH = 2.0


class Written(NamedTuple):
    """A text, and its place in its canvas in pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def overlaps(self, other: "Written") -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _TOUCH and down > _TOUCH


def note_texts(page: Page) -> None:
    """From the next page that is opened on, note what its canvases write."""
    page.add_init_script(_NOTE)


def texts_on_each_other(page: Page) -> list[str]:
    """Pairs of texts that overlap in one picture, and texts that its edge cuts."""
    found = []
    for canvas in page.locator('[data-testid="stVegaLiteChart"] canvas').all():
        width, height, written = canvas.evaluate("e => [e.clientWidth, e.clientHeight, e.written ?? []]")
        # A text with a halo is written twice in the same place.
        texts = sorted({Written(text, *(round(place) for place in places)) for text, *places in written})
        found += [f"{one.text} | {two.text}" for one, two in combinations(texts, 2) if one.overlaps(two)]
        found += [
            f"{one.text} | edge"
            for one in texts
            if min(one.left, one.top) < -_TOUCH or one.right > width + _TOUCH or one.bottom > height + _TOUCH
        ]
    return found
