"""What a picture has written, and where: the browser's canvas keeps no text, so each piece is noted as it is drawn.

So are its lines, for those who ask whether a text lies on one.
"""

from itertools import combinations, pairwise
from typing import NamedTuple

from playwright.sync_api import Page

#: Notes every text with its corners in the canvas, which have a halo, and every line but thin ones, until the part of
#: the canvas in which any of it lies is cleared: where little has changed, Vega draws that part alone anew.
_NOTE = """
(() => {
  const canvas = CanvasRenderingContext2D.prototype;
  const fillText = canvas.fillText, clearRect = canvas.clearRect;
  canvas.clearRect = function (x, y, width, height) {
    const to = this.getTransform(), scale = this.canvas.width / this.canvas.clientWidth;
    const { x: left, y: top } = to.transformPoint({ x, y });
    const { x: right, y: bottom } = to.transformPoint({ x: x + width, y: y + height });
    const outside = (xs, ys) => Math.max(...xs) * scale < left || Math.min(...xs) * scale > right
      || Math.max(...ys) * scale < top || Math.min(...ys) * scale > bottom;
    const size = `${this.canvas.width} ${this.canvas.height}`;
    if (this.canvas.noted !== size)  // another size clears it, too
      Object.assign(this.canvas, { noted: size, written: [], haloed: [], lines: [] });
    const { written, lines } = this.canvas;
    this.canvas.written = written.filter(([, left, right, top, bottom]) => outside([left, right], [top, bottom]));
    this.canvas.lines = lines.filter((line) => outside(line.map(([x]) => x), line.map(([, y]) => y)));
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
  const { beginPath, moveTo, lineTo, stroke, strokeText } = canvas;
  canvas.beginPath = function () {
    this.path = [];
    return beginPath.apply(this, arguments);
  };
  const pass = (through, begins) => function (x, y) {
    const to = this.getTransform().transformPoint({ x, y }), scale = this.canvas.width / this.canvas.clientWidth;
    if (begins || !this.path?.length) (this.path ??= []).push([]);
    this.path.at(-1).push([to.x / scale, to.y / scale]);
    return through.apply(this, arguments);
  };
  canvas.moveTo = pass(moveTo, true);
  canvas.lineTo = pass(lineTo, false);
  canvas.stroke = function () {
    if (this.lineWidth > 1) (this.canvas.lines ??= []).push(...(this.path ?? []));
    return stroke.apply(this, arguments);
  };
  canvas.strokeText = function (text) {
    (this.canvas.haloed ??= []).push(text);
    return strokeText.apply(this, arguments);
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

    def is_crossed(self, line: list[tuple[float, float]]) -> bool:
        """Whether a line passes through its letters, which fill the middle of its box."""
        high = 0.25 * (self.bottom - self.top)
        return any(self._crossed(one, other, self.top + high, self.bottom - high) for one, other in pairwise(line))

    def _crossed(self, one: tuple[float, float], other: tuple[float, float], top: float, bottom: float) -> bool:
        within = [0.0, 1.0]
        for start, end, low, high in zip(one, other, (self.left, top), (self.right, bottom), strict=True):
            if start == end and not low < start < high:
                return False
            if start != end:
                ends = sorted(((low - start) / (end - start), (high - start) / (end - start)))
                within = [max(within[0], ends[0]), min(within[1], ends[1])]
        return within[0] < within[1]


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


def texts_on_lines(page: Page) -> list[str]:
    """Names of curves through which a line passes: texts with a halo, by which it is still read."""
    found = set()
    for canvas in page.locator('[data-testid="stVegaLiteChart"] canvas').all():
        written, haloed, lines = canvas.evaluate("e => [e.written ?? [], e.haloed ?? [], e.lines ?? []]")
        texts = [Written(text, *places) for text, *places in written if text in haloed]
        found |= {one.text for one in texts if any(one.is_crossed(line) for line in lines)}
    return sorted(found)
