"""The tables of "Which loss, how far back"."""

from collections.abc import Mapping

import numpy as np

from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import WIDE_REACH, axis_ends, ends_downwards, reaching
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, one_row, points, table, whole
from rnn_dynamics.pictures.losses.answer import CUTS, LossAnswer

#: Where the axis of the bars may end, in per cent, and that of the truncation's error, in orders of magnitude of the
#: gradient: few values, so that they stand still while a slider moves.
_BARS_BELOW, _BARS_ABOVE = (0, 25, 50, 100), (100, 125, 150, 200)
_LEAST_ERROR, _ERRORS_ABOVE = -4.0, (0.3, 1.0, 2.0, 4.0, 8.0)
#: How many orders of magnitude the map's colours may span, likewise.
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: Names of curves that fit above each other.
_LINES = 8


def tables(answer: LossAnswer, texts: Texts, views: Views) -> Tables:
    """Sums and their labels, whole, and those of what stands below them."""
    trace, sums = answer.trace, answer.sums
    ends = axis_ends(*trace.log10_norms, *sums.values())
    # The name of the marked loss stands in a corner, but its curve is to be kept free.
    curves = {**sums, "marked": trace.log10_norms[answer.marked - 1]}
    below, axes = _BELOW[views["below"]](answer, texts)
    return {
        "sums": frames.curve_rows(sums, ends),
        "labels": frames.label_rows(curves, {**texts["labels"], "marked": ""}, ends, _LINES, WIDE_REACH),
        "whole": whole(answer.experiment, ends, texts, **axes),
        **below,
    }


#: Tables, and where the axes of their panels end.
_Below = tuple[Tables, Mapping[str, float]]


def _losses(answer: LossAnswer, texts: Texts) -> _Below:
    """Losses and pointed: a text for each of them.

    Of each loss at each step up to its own: log10_norm, and its strip of the map, from `above` to `below`.
    """
    shown, norms = answer.shown, answer.trace.log10_norms
    edges, (rows, columns) = _edges(answer), np.tril_indices(len(shown))
    dark, bright = ends_downwards([norms], _SPANS)
    found = {
        "losses": points(
            loss=shown[rows],
            step=shown[columns],
            log10_norm=norms[shown[rows] - 1, shown[columns] - 1],
            above=edges[rows],
            below=edges[rows + 1],
        ),
        "pointed": table(loss=shown, text=texts["pointed"]),
    }
    return found, {"dark": dark, "bright": bright, "marked": answer.marked}


def _shares(answer: LossAnswer, _: Texts) -> _Below:
    """Bars: by bin of distances and left edge of a step its share in per cent; the last step again, for its right."""
    shown, (least, most) = answer.shown, bar_ends(answer.binned)
    bars = np.nan_to_num(answer.binned[:, np.append(shown, shown[-1]) - 1])
    found = {"bars": points(bin=np.arange(len(bars))[:, None], edge=_edges(answer), share=bars)}
    return found, {"least": least, "most": most}


def _truncation(answer: LossAnswer, _: Texts) -> _Below:
    """Cuts: what is left of dL/dW_hh by truncation, for the loss at every step and that at the last, and in chunks."""
    errors, angles = (np.stack([answer.left(by)[what] for by in CUTS]) for what in ("log10_error", "angle"))
    highest = reaching(np.nan_to_num(errors, nan=-np.inf).max(), _ERRORS_ABOVE)
    found = {
        "cuts": points(
            name=np.array(CUTS)[:, None],
            truncation=answer.trace.truncations,
            log10_error=frames.within(errors, (_LEAST_ERROR, highest)),
            angle=angles,
        )
    }
    angle = 90 if np.nan_to_num(angles).max() <= 90.0 else 180
    return found, {"longest": max(2, answer.length), "least_error": _LEAST_ERROR, "error": highest, "angle": angle}


_BELOW = {"losses": _losses, "shares": _shares, "truncation": _truncation}


def _edges(answer: LossAnswer) -> Array:
    """Between the steps that are drawn, each of which is as wide as they lie apart."""
    shown = answer.shown
    return np.array([0.5, *(shown[:-1] + shown[1:]) / 2, answer.length + 0.5])


def moving_tables(answer: LossAnswer, texts: Texts, views: Views) -> Tables:
    """What depends on the reader's truncation τ: one row, apart, so that nothing else is drawn again when it moves."""
    if views["below"] == "shares":
        return {}
    return {"cut": one_row(tau=answer.within(views["truncation"]), cut=texts["cut"])}


def bar_ends(binned: Array) -> tuple[float, float]:
    """Where the axis of the bars ends, in per cent, for binned shares (bins, T)."""
    found = np.nan_to_num(binned)
    lowest, highest = np.minimum(found, 0.0).sum(axis=0).min(), np.maximum(found, 0.0).sum(axis=0).max()
    return -reaching(-lowest - 1.0, _BARS_BELOW), reaching(highest - 1.0, _BARS_ABOVE)


def loss_by_time_file(answer: LossAnswer, _: Views) -> Frame:
    """One row for each loss k and each step t ≤ k: loss, step, distance (k − t), log10_norm and share."""
    rows, columns = np.tril_indices(answer.length)
    return frames.frame(
        loss=rows + 1,
        step=columns + 1,
        distance=rows - columns,
        log10_norm=answer.trace.log10_norms[rows, columns],
        share=answer.trace.shares[rows, columns],
    )


def truncation_file(answer: LossAnswer, _: Views) -> Frame:
    """What truncation leaves of dL/dW_hh: truncation τ, and log10_error_… and angle_… (degrees), see `left`."""
    columns = {f"{what}_{by}": values for by in CUTS for what, values in answer.left(by).items()}
    return frames.frame(truncation=answer.trace.truncations, **columns)
