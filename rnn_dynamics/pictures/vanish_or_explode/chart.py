"""The picture "Vanish or explode?": gradient curves of three cells, and the map of all weight scales that moves them.

Everything is in one view, so that the pointer on the map moves the curves without the server, and the picture fills
any width: side by side on a screen, one above the other on a phone.

Tables (see `table`): curves, map, scales, floors, chosen (one row), whole (one row).
"""

from typing import Any

import altair as alt

from rnn_dynamics.pictures.kit.layers import WIDE_TITLE, each, group, key, of, ref, with_lag
from rnn_dynamics.pictures.kit.map_rows import SCALES, map_rows, scale_axis
from rnn_dynamics.pictures.kit.panel import Panel, Sheet
from rnn_dynamics.pictures.kit.theme import CELL_DASHES, DIVERGING

#: Where the panels are, in pixels: curves on the left and map on the right; curves above the map when narrow.
#: `pointed`: the weight scale under the pointer, else the slider's. `row`: its own row.
PANELS = {
    "curves": ("0", "narrow ? width : width * 0.6", "0", "narrow ? height * 0.42 : height"),
    "map": ("narrow ? 0 : width * 0.68", "width", "narrow ? height * 0.68 : 0", "height"),
}
PARAMETERS = SCALES | {
    "chosen": "data('chosen')[0].scale",
    "pointed": "hover.scale ? hover.scale[0] : chosen",
    "row": "data('scales')[indexof(pluck(data('scales'), 'scale'), pointed)]",
}
#: The rows of the weight scale that is shown.
_HERE = "datum.scale==pointed"


def chart(sheet: Sheet) -> alt.LayerChart:
    """The picture of one kind of gradient, view `gradient`, against "step" or "lag", view `axis`."""
    curves, rows = sheet.panels()
    colour = ref("colours[datum.name]")
    # Completed by the share that stands beside each curve's name.
    narrow, wide = (sheet.said(name, scale="scales[pointed]") for name in ("curves_narrow", "curves"))
    return sheet.picture(
        [
            map_rows(rows, "map", "log10_norm", ["scale", "below", "above"], going={"chosen": "chosen"}),
            _horizons(rows),
            sheet.title("narrow?whole.map_narrow:whole.map", "mapLeft", "mapTop", "split({}, '|')"),
        ],
        [
            _floors(curves),
            _mean_field(curves),
            _lines(curves),
            curves.labels(colour, "narrow?13:17", "curves", nearer=False).transform_filter(_HERE),
            sheet.title(f"width<1000*zoom?{narrow}:{wide}", "0", "0", "split({}, '|')", "chosen"),
        ],
        sheet.colour_bar("against_last", ("-whole.limit", "whole.limit"), DIVERGING, "limit"),
        padding={"bottom": 44},
    )


def _horizons(panel: Panel) -> Any:
    """Where one per cent is left: a mark in each row that has such a step; it leads the axes of the map."""
    marks = of("scales", "isValid(datum.horizon)", lag="datum.horizon", step="whole.length - datum.horizon")
    rules = marks.mark_rule(color=panel.sheet.theme.horizon, strokeWidth=2.5)
    return rules.encode(x=panel.time(tickCount=4), y=scale_axis(panel, "below:Q"), y2="above:Q")


def _lines(panel: Panel) -> Any:
    """A line for each cell; a point that is no number lies outside the axis and is left out."""
    across = panel.time(**WIDE_TITLE)  # the map below has the same title
    title = f"gradient_{panel.sheet.views['gradient']}"
    up = panel.log10(title, ends=("row.low", "row.high"), tickCount=7)
    # Colour and dash are constants, not two more expressions for every point.
    colours = panel.sheet.theme.cells.items()
    styles = {cell: {"color": colour, "strokeDash": CELL_DASHES[cell]} for cell, colour in colours}
    lines = each("curves", styles, x=across, y=up, strokeWidth=alt.value(3)).transform_filter(_HERE)
    lines = lines.transform_calculate(step="split(datum.steps,',')", point="split(datum.points,',')")
    lines = lines.transform_flatten(["step", "point"]).transform_calculate(log10_norm="datum.point/100")
    return with_lag(lines)


def _floors(panel: Panel) -> Any:
    """The smallest number that each format can hold: below it a gradient is stored as zero."""
    quiet = panel.sheet.theme.quiet
    narrow, wide = (panel.sheet.said(name, format="datum.name") for name in ("floor_narrow", "floor"))
    rows = of(said=f"narrow?{narrow}:{wide}")
    line = of().mark_rule(color=quiet, opacity=0.7, strokeDash=[1, 3])
    name = panel.level_name(rows, "said", not panel.at_start, size=13, color=quiet)
    return group("floors", line.encode(**panel.across), name, y="log10_norm:Q").transform_filter(_HERE)


def _mean_field(panel: Panel) -> Any:
    """The slope that mean-field theory predicts for the RNN, hung on its last step, and below the axis its name."""
    past = {"start": "whole.length", "end": "whole.length - datum.theory_lag"}
    ends = past if panel.at_start else {"start": "0", "end": "datum.theory_lag"}
    style, sheet = {"color": panel.sheet.theme.quiet, "opacity": 0.8}, panel.sheet
    name = of(said=f"narrow?{sheet.said('mean_field_narrow')}:{sheet.said('mean_field')}")
    rule = of(**ends).mark_rule(**style).encode(x="start:Q", x2="end:Q", y="last:Q", y2="theory:Q")
    # Beside the title of the axis of time, which leaves little room on a phone.
    beside = key(name, "said", "0", "height + 50 * zoom", style, "(narrow ? 14 : 34)", size="narrow ? 12 : 14")
    return group("scales", rule, *beside).transform_filter(f"{_HERE} && isValid(datum.theory)")
