"""The tables of "The cliff and clipping": the surface, three descents as far as the map shows them, and by step."""

import numpy as np

from rnn_dynamics.pictures.cliff.answer import CELLS, HIGHEST, REGIONS, ROWS, CliffAnswer, surface
from rnn_dynamics.pictures.kit.axes import reaching
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, points, table

#: Ends of the axis of log10 gradient norms; the upper one is the first that has room.
_LOWEST, _TOPS = -4.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)

#: Where a path ends on the map, where it leaves the map, and the way there: each along w and along b.
_PLACES = ("end_w", "end_b", "exit_w", "exit_b", "way_w", "way_b")


def tables(_: CliffAnswer, __: Texts, views: Views) -> Tables:
    """What the region alone decides.

    surface (w, b, error), edge (of the cliff: w, b), cells (w, b of each place that a click can fall on) and region
    (one row).
    """
    region = REGIONS[views["region"]]
    (bottom, left), (top, right) = region.low, region.high
    return {
        **{name: points(**columns) for name, columns in surface(region).items()},
        "region": one_row(left=left, right=right, bottom=bottom, top=top, rows=ROWS, cells=CELLS, highest=HIGHEST),
    }


def moving_tables(answer: CliffAnswer, texts: Texts, views: Views) -> Tables:
    """What the descents decide.

    paths (clipping, w, b as far as the map shows them, broken where they are outside), steps (clipping, step, error
    after it, log10_norm of the gradient that it follows), kinds (one row each: where its path ends, leaves the map, and
    falls below the axis of norms), marks (what is written of the surface: name, w, b, error, text) and whole (one row).
    """
    region, kinds, paths = REGIONS[views["region"]], np.array(list(answer.paths)), list(answer.paths.values())
    norms = np.stack([[np.nan, *path.followed] for path in paths])
    norms[np.isinf(norms)] = np.nan
    fallen = norms < 10.0**_LOWEST
    # The line of the threshold lies below the top.
    highest = reaching(np.log10(max(np.nanmax(norms), 1.01 * answer.start.threshold)), _TOPS)
    ends = np.array([path.points[-1] for path in paths])
    ends[~region.inside(ends)] = np.nan
    ways_out = [region.way_out(path.points) for path in paths]
    visible = ((kind, *region.visible(path.points).T) for kind, path in answer.paths.items())
    return {
        "paths": points(**joined(("clipping", "w", "b"), visible)),
        "steps": points(
            clipping=kinds[:, None],
            step=np.arange(norms.shape[1]),
            error=np.stack([path.errors for path in paths]),
            log10_norm=np.log10(np.where(norms >= 10.0**_LOWEST, norms, np.nan)),
        ),
        "kinds": table(
            clipping=kinds,
            **texts["kinds"],
            **dict(zip(_PLACES, np.hstack([ends, *np.swapaxes(ways_out, 0, 1)]).T, strict=True)),
            fell_at=np.where(fallen.any(axis=1), fallen.argmax(axis=1), np.nan),
        ),
        "marks": points(**texts["marks"]),
        "whole": one_row(
            texts,
            zigzag_at=answer.room_above,
            start_at=answer.start_side(region),
            legend_at=answer.legend_side(region),
            steps=answer.start.steps,
            low=_LOWEST,
            high=highest,
            limit=np.log10(answer.start.threshold),
            start_w=answer.start.w,
            start_b=answer.start.b,
        ),
    }


def paths_file(answer: CliffAnswer, _: Views) -> Frame:
    """Every path as a tidy frame.

    Columns clipping, step (0 is the start), w, b, error, gradient_w, gradient_b, gradient_norm (before clipping), and
    of the step that follows: clipped, turned_degrees; these are empty after the last one.
    """
    parts = []
    for kind, path in answer.paths.items():
        here = (kind, np.arange(len(path.points)), *path.points.T, path.errors, *path.gradients.T, path.norms)
        parts.append((*here, [*path.clipped.tolist(), None], [*path.turned, np.nan]))
    here = ("clipping", "step", "w", "b", "error", "gradient_w", "gradient_b", "gradient_norm")
    return Frame(joined((*here, "clipped", "turned_degrees"), parts))
