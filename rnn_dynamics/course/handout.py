"""A lecture on paper: one page A4 for each stop, with what is asked, a picture and what is said below it, as one PDF.

vl-convert sets the pages, pypdf joins them; both are of the extra "export".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from rnn_dynamics.content import sentences
from rnn_dynamics.pictures.kit.saved import as_pdf, broken, can_export, size_of, with_signs
from rnn_dynamics.pictures.kit.theme import THEMES

if TYPE_CHECKING:
    from pypdf import PdfWriter

#: A page in the pixels of its picture, which is some 950 wide, its margin, and a page of A4 in points.
_WIDE, _HIGH, _MARGIN = 1060, 1499, 55
_A4 = 595.28, 841.89
_ROOM = _WIDE - 2 * _MARGIN
#: How wide a letter is on average, as a share of its size; bold ones are wider.
_LETTER, _BOLD = 0.54, 0.62
_INK = THEMES["light"]
#: Of Markdown: what a list, a heading or a quotation begins with, and what stands around words.
_BEGINS = re.compile(r"^\s*(?:[-*+] +|(#+ +|> +))")
_AROUND = re.compile(r"\*\*(.+?)\*\*|\*(\S|\S.*?\S)\*|`(.+?)`|\[(.+?)\]\(.*?\)")


class Style(NamedTuple):
    """Type of a paragraph, in pixels, and the room above it."""

    size: int
    above: int
    bold: bool = False
    colour: str = _INK.text


HEAD, CAPTION = Style(14, 0, colour=_INK.quiet), Style(14, 6, colour=_INK.quiet)
TITLE, TEXT, ANSWER, NOTE = Style(23, 14, bold=True), Style(18, 8), Style(18, 12, bold=True), Style(16, 8)


class Paragraph(NamedTuple):
    """A text and how it is set."""

    style: Style
    text: str


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """What is on a page of a handout.

    name: of it in the list of pages beside the PDF. above, below: what stands above and below the picture. picture: as
    SVG, "" where there is none. address: which the paragraph that names it opens, "" where none does.
    """

    name: str
    above: Sequence[Paragraph]
    picture: str
    below: Sequence[Paragraph]
    address: str


def can_print() -> bool:
    """Whether vl-convert and pypdf are installed."""
    return can_export() and find_spec("pypdf") is not None


def notes_of(markdown: str) -> list[Paragraph]:
    """Speaker's notes as paragraphs, without the marks of Markdown."""
    lines = (line for line in markdown.splitlines() if line.strip())
    return [Paragraph(NOTE, _AROUND.sub(_inside, _BEGINS.sub(_bullet, line))) for line in lines]


def _bullet(found: re.Match[str]) -> str:
    return "" if found[1] else "• "


def _inside(found: re.Match[str]) -> str:
    return str(next(filter(None, found.groups())))


def as_handout(title: str, language: str, leaves: Iterable[Leaf]) -> bytes:
    """A PDF with a page for each leaf; addresses can be clicked.

    Args:
        title: of the lecture, which a reader's program shows.
        language: of its words.
        leaves: its pages, each of which may be made when it is asked for.
    """
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    font, writer = sentences("export", language)["fonts"], PdfWriter()
    for leaf in leaves:
        page = _Page(font)
        svg = with_signs(page.set(leaf), language)
        writer.add_page(PdfReader(BytesIO(as_pdf(svg))).pages[0])
        writer.add_outline_item(title=leaf.name, page_number=len(writer.pages) - 1)
        _link(writer, leaf.address, page.linked)
    writer.add_metadata({"/Title": title})
    writer.root_object[NameObject("/Lang")] = TextStringObject(language)
    sink = BytesIO()
    writer.write(sink)
    return sink.getvalue()


def _link(writer: "PdfWriter", address: str, place: tuple[float, float] | None) -> None:
    if place:
        from pypdf.generic import RectangleObject

        top, bottom = (_A4[1] * (1 - share) for share in place)
        writer.add_uri(len(writer.pages) - 1, address, RectangleObject((0, bottom, _A4[0], top)), (0, 0, 0))


class _Page:
    """A page that is being set from its top to its bottom; `linked`: between which shares of it the address stands."""

    def __init__(self, font: str) -> None:
        self._font, self._y, self._parts = font, float(_MARGIN), list[str]()
        self.linked: tuple[float, float] | None = None

    def set(self, leaf: Leaf) -> str:
        """All of it as SVG; where a page is too short, all on it is smaller."""
        for paragraph in leaf.above:
            self._set(paragraph)
        if leaf.picture:
            self._set_picture(leaf.picture)
        for paragraph in leaf.below:
            before = self._y
            self._set(paragraph)
            if leaf.address and leaf.address in paragraph.text:
                self.linked = before, self._y
        larger = max(1.0, (self._y + _MARGIN) / _HIGH)
        if self.linked:
            top, bottom = self.linked
            self.linked = top / larger / _HIGH, bottom / larger / _HIGH
        left = (1 - larger) * _WIDE / 2
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
            f'width="{_A4[0]}" height="{_A4[1]}" '
            f'viewBox="{left:g} 0 {_WIDE * larger:g} {_HIGH * larger:g}">{"".join(self._parts)}</svg>'
        )

    def _set(self, paragraph: Paragraph) -> None:
        style = paragraph.style
        self._y += style.above
        letter = style.size * (_BOLD if style.bold else _LETTER)
        weight = "bold" if style.bold else "normal"
        lines = "".join(self._lines(broken(paragraph.text, int(_ROOM / letter)), style.size))
        self._parts.append(
            f'<g font-family="{self._font}" font-size="{style.size}" font-weight="{weight}" fill="{style.colour}">'
            f"{lines}</g>"
        )

    def _lines(self, lines: Iterable[str], size: int) -> Iterator[str]:
        for line in lines:
            self._y += 1.4 * size
            yield f'<text x="{_MARGIN}" y="{self._y - 0.35 * size:g}">{escape(line)}</text>'

    def _set_picture(self, svg: str) -> None:
        wide, high = size_of(svg)
        inside = svg.split(">", 1)[1].removesuffix("</svg>")
        shown = high * _ROOM / wide
        self._parts.append(
            f'<svg x="{_MARGIN}" y="{self._y + 10:g}" width="{_ROOM}" height="{shown:g}" '
            f'viewBox="0 0 {wide:g} {high:g}">{inside}</svg>'
        )
        self._y += shown + 20
