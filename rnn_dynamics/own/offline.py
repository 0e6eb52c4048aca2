"""What was found of networks as one HTML file that opens without a network: its data and what draws them are inside."""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import Any

import numpy as np

from rnn_dynamics.own.carried import state_norms
from rnn_dynamics.own.examined import Examined, heading
from rnn_dynamics.own.report import advice_notes, advice_rows, label, summary, verdict_rows

Words = Mapping[str, Any]

_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
td:first-child {{ white-space: nowrap; }}
th, td {{ border-bottom: 1px solid #bbb; padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; vertical-align: top; }}
</style>
<script>{bundle}</script>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
<script>
{scripts}
</script>
</body>
</html>
"""


def can_draw() -> bool:
    """Whether there is what draws: vl-convert-python, the extra "report"."""
    return find_spec("vl_convert") is not None


def as_html(words: Words, examined: Sequence[Examined], title: str, language: str) -> str:
    """The file, with a picture and tables for each network."""
    import vl_convert

    specs = [json.dumps(_chart(words, one)).replace("<", "\\u003c") for one in examined]  # ends no script
    options = '{"mode": "vega-lite", "actions": false, "renderer": "svg"}'
    return _PAGE.format(
        language=language,
        title=escape(title),
        bundle=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed"),
        body="\n".join(line for place, one in enumerate(examined) for line in _section(words, one, place)),
        scripts="\n".join(f'vegaEmbed("#chart{place}", {spec}, {options});' for place, spec in enumerate(specs)),
    )


def _section(words: Words, one: Examined, place: int) -> Iterator[str]:
    name, *lines = heading(words, one)
    yield f"<h2>{escape(name)}</h2>"
    yield f"<p>{'<br>'.join(map(escape, lines))}</p>"
    yield f'<div id="chart{place}"></div>'
    for finding in one.findings:
        yield f"<h3>{escape(summary(words, finding))}</h3>"
        yield from _table(verdict_rows(words, finding))
    if one.tried:
        yield from _table(advice_rows(words, one.tried), tuple(words["advice"]["head"].values()))
    yield from (f"<p>{escape(note)}</p>" for note in advice_notes(words, one.tried))


def _table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> Iterator[str]:
    yield "<table>"
    if head:
        yield "<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
    yield from ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    yield "</table>"


def _chart(words: Words, one: Examined) -> dict[str, Any]:
    """log10 of the gradient by lag, a line for each layer and direction, as Vega-Lite."""
    shown = words["command"]["chart"]
    rows = [row for place in range(len(one.findings)) for row in _rows(words, one, place)]
    x = {"field": "lag", "type": "quantitative", "title": shown["lag"]}
    y = {"field": "norm", "type": "quantitative", "title": shown["norm"].format(state=one.findings[0].state)}
    color = {"field": "level", "type": "nominal", "title": None, "sort": None}
    lines = {"type": "line", "tooltip": True, "invalid": "break-paths-show-domains"}
    encoding = {"x": x, "y": y, "color": color, "strokeDash": color}
    return {"width": 720, "height": 320, "data": {"values": rows}, "mark": lines, "encoding": encoding}


def _rows(words: Words, one: Examined, place: int) -> Iterator[dict[str, Any]]:
    """Lag, log10 norm of the state's gradient and layer; a norm of zero is a gap."""
    layer, name = one.trace.layers[place], label(words, one.findings[place])
    norms = state_norms(layer.log10_norms)[:: 1 if layer.reverse else -1]
    for lag, norm in enumerate(norms.tolist()):
        yield {"lag": lag, "norm": norm if np.isfinite(norm) else None, "level": name}
