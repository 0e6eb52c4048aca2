"""A picture as a file of its own, with a caption below it; vl-convert, of the extra "export", draws it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any
from xml.sax.saxutils import escape

import altair as alt

from rnn_dynamics.content import sentences
from rnn_dynamics.pictures.kit.theme import THEMES, Background, is_wide, width_of

#: What a picture can be taken along as.
SUFFIXES = ("svg", "png", "pdf")
#: Type of the caption, the distance of its lines, and the margin around it, in pixels.
_SIZE, _LINE, _MARGIN = 14, 20, 12
#: Of a picture whose page decides how high it is, in pixels.
_HIGH = 420
#: Pixels of a PNG for each of the picture's.
_SCALE = 2.0
#: How wide a letter is at most on average, as a share of its size; those of East Asia count twice.
_LETTER = 0.62
#: What stands before the end of a tag of text, the letters of it, and runs of signs.
_TEXT, _WHOLE = re.compile(r">[^<]+(?=</t(ext|span)>)"), re.compile(r"[^<>]+")
_SIGNS = re.compile("[\u00b2\u00b3\u00b7\u00b9\u2016\u2070-\u209f\u2190-\u22ff]+")
#: What never begins a line.
_CLOSING = "，。；：、？！）》”’…"


class NoExport(RuntimeError):  # noqa: N818  # what it is
    """There is nothing that draws: a sentence that says how to get it."""


def can_export() -> bool:
    """Whether vl-convert is installed."""
    return find_spec("vl_convert") is not None


def as_file(
    chart: alt.LayerChart, caption: Sequence[str], suffix: str, background: Background = "light", language: str = "en"
) -> bytes:
    """A chart with its data inside, with paragraphs of a caption below it.

    Args:
        chart: as `pictures.draw` makes it.
        caption: its paragraphs, broken into lines where the picture ends.
        suffix: one of SUFFIXES.
        background: what the chart is drawn on.
        language: of the sentence where nothing can draw.

    Raises:
        NoExport: vl-convert is not installed.
    """
    theme, font = THEMES[background], sentences("export", language)["fonts"]
    svg = with_signs(_with_caption(as_svg(chart, background, language), caption, font, theme.text), language)
    if suffix == "svg":
        return svg.encode()
    return as_pdf(svg) if suffix == "pdf" else _as_png(svg)


def as_pdf(svg: str) -> bytes:
    """What is drawn as a PDF of one page, whose texts can be copied; needs vl-convert."""
    import vl_convert

    made: bytes = vl_convert.svg_to_pdf(svg)
    return made


def _as_png(svg: str) -> bytes:
    import vl_convert

    made: bytes = vl_convert.svg_to_png(svg, scale=_SCALE)
    return made


def as_svg(chart: alt.LayerChart, background: Background = "light", language: str = "en") -> str:
    """The same as SVG, without a caption.

    Raises:
        NoExport: vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise NoExport(sentences("export", language)["missing"]) from error
    spec: dict[str, Any] = {"height": _HIGH, **chart.to_dict(validate=False)}
    theme, font = THEMES[background], sentences("export", language)["fonts"]
    spec |= {"background": theme.panel, "padding": {"left": 8, "right": 8, "top": 28, **spec.get("padding", {})}}
    spec["config"] = {**spec["config"], "font": font}
    svg: str = vl_convert.vegalite_to_svg(json.dumps(spec))
    return svg


def with_signs(svg: str, language: str) -> str:
    """The same with raised numbers and signs of mathematics in a font that has them, and what has no other letters too.

    What draws takes any font, with serifs or not, for a letter that one lacks, and for all of a text that it has.
    """
    words = sentences("export", language)
    if words["signs"] == words["fonts"]:
        return svg
    marked = f'<tspan font-family="{words["signs"]}">\\g<0></tspan>'
    return _TEXT.sub(lambda found: (_SIGNS if _has_wide(found[0]) else _WHOLE).sub(marked, found[0]), svg)


def _has_wide(text: str) -> bool:
    """Whether a text has East Asian letters."""
    return any(map(is_wide, text))


def size_of(svg: str) -> tuple[float, float]:
    """How wide and how high a picture is that `as_svg` has made, in pixels."""
    wide, high = (float(svg.split(f' {side}="', 1)[1].split('"', 1)[0]) for side in ("width", "height"))
    return wide, high


def _with_caption(svg: str, caption: Sequence[str], font: str, colour: str) -> str:
    """The same picture, higher, with lines of text below."""
    rest = svg.split(">", 1)[1]
    wide, high = size_of(svg)
    lines = [line for paragraph in caption for line in broken(paragraph, int((wide - 2 * _MARGIN) / _SIZE / _LETTER))]
    whole = high + _LINE * len(lines) + 2 * _MARGIN
    attributes = f'width="{wide:g}" height="{whole:g}" viewBox="0 0 {wide:g} {whole:g}"'
    ground = rest.split('fill="', 1)[1].split('"', 1)[0]
    texts = "".join(
        f'<text x="{_MARGIN}" y="{high + _MARGIN + _LINE * (place + 0.7):g}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
        f'class="marks" {attributes}><rect width="{wide:g}" height="{whole:g}" fill="{ground}"/>'
        f"{rest.removesuffix('</svg>')}"
        f'<g font-family="{font}" font-size="{_SIZE}" fill="{colour}">{texts}</g></svg>'
    )


def broken(text: str, wide: int) -> Iterator[str]:
    """Lines of a text, none wider than so many letters, of which East Asian ones count twice."""
    line, room = "", 0
    for word in _pieces(text, wide):
        takes = width_of(word)
        if line and room + width_of(word.rstrip()) > wide:
            yield line.rstrip()
            line, room = "", 0
        line, room = line + word, room + takes
    if line:
        yield line.rstrip()


def _pieces(text: str, wide: int) -> Iterator[str]:
    """Words with the blank behind them; East Asian letters, and parts of what is wider than a line, by themselves."""
    piece = ""
    for letter, follows in zip(text, f"{text[1:]} ", strict=False):
        piece += letter
        if follows not in _CLOSING and (letter in " &" or width_of(letter) == 2 or width_of(piece) >= wide):
            yield piece
            piece = ""
    if piece:
        yield piece


def title_of(name: str, language: str) -> str:
    """What a picture is called; one that stands below another on a page is named among the words of files."""
    return str(sentences("export", language)["titles"].get(name) or sentences(name, language)["title"])


def settings_caption(words: Mapping[str, str], title: str, settings: Mapping[str, str], address: str) -> list[str]:
    """The paragraphs of a caption: what the picture is, what is set, and where it opens, if it does anywhere."""
    pairs = (words["setting"].format(label=label, value=value) for label, value in settings.items() if value)
    said = words["between"].join(pairs)
    opens = [words["address"].format(address=address)] if address else []
    return [words["caption"].format(title=title, settings=said), *opens]
