"""The tables of "Which loss, how far back"."""

import numpy as np

from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends, ends_downwards, reaching
from rnn_dynamics.pictures.kit.frames import Array, Frame, Tables, Texts, Views, one_row, points, table, whole
from rnn_dynamics.pictures.losses.answer import LossAnswer

#: Where the axis of the bars may end, in per cent, and that of the truncation's error, in orders of magnitude of the
#: gradient: few values, so that they stand still while a slider moves.
_BARS_BELOW, _BARS_ABOVE = (0, 25, 50, 100), (100, 125, 150, 200)
_LEAST_ERROR, _ERRORS_ABOVE = -4.0, (0.3, 1.0, 2.0, 4.0, 8.0)
#: How many orders of magnitude the map's colours may span, likewise.
_SPANS = (3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 250.0)
#: Names of curves that fit above each other.
_LINES = 8


def tables(answer: LossAnswer, texts: Texts, _: Views) -> Tables:
    """Losses (by loss, step), pointed (a text for each loss), sums and their labels, bars, cuts, whole.

    losses: each loss at each step up to its own: log10_norm, and its strip of the map, from `above` to `below`. bars:
    by bin of distances and left edge of a step its share in per cent; the last step once more, for its right edge.
    cuts: what is left of dL/dW_hh by truncation, for the loss at every step and that at the last, and in chunks.
    """
    trace, shown, sums = answer.trace, answer.shown, answer.sums
    ends, (dark, bright) = axis_ends(*trace.log10_norms, *sums.values()), ends_downwards([trace.log10_norms], _SPANS)
    # Steps that are drawn are as wide as they lie apart.
    edges = np.array([0.5, *(shown[:-1] + shown[1:]) / 2, answer.length + 0.5])
    rows, columns = np.tril_indices(len(shown))
    cut = answer.truncated
    errors, angles = (np.stack([of[what] for of in cut.values()]) for what in ("log10_error", "angle"))
    highest = reaching(np.nan_to_num(errors, nan=-np.inf).max(), _ERRORS_ABOVE)
    least, most = bar_ends(answer.binned)
    bars = np.nan_to_num(answer.binned[:, np.append(shown, shown[-1]) - 1])
    # The name of the marked loss stands in a corner, but its curve is to be kept free.
    curves = {**sums, "marked": trace.log10_norms[answer.marked - 1]}
    return {
        "losses": points(
            loss=shown[rows],
            step=shown[columns],
            log10_norm=trace.log10_norms[shown[rows] - 1, shown[columns] - 1],
            above=edges[rows],
            below=edges[rows + 1],
        ),
        "pointed": table(loss=shown, text=texts["pointed"]),
        "sums": frames.curve_rows(sums, ends),
        "labels": frames.label_rows(curves, {**texts["labels"], "marked": ""}, ends, _LINES),
        "bars": points(bin=np.arange(len(bars))[:, None], edge=edges, share=bars),
        "cuts": points(
            name=np.array(list(cut))[:, None],
            truncation=trace.truncations,
            log10_error=frames.within(errors, (_LEAST_ERROR, highest)),
            angle=angles,
        ),
        "whole": whole(
            answer.experiment,
            ends,
            texts,
            dark=dark,
            bright=bright,
            least=least,
            most=most,
            marked=answer.marked,
            longest=max(2, answer.length),
            least_error=_LEAST_ERROR,
            error=highest,
            angle=90 if np.nan_to_num(angles).max() <= 90.0 else 180,
        ),
    }


def moving_tables(answer: LossAnswer, texts: Texts, views: Views) -> Tables:
    """What depends on the reader's truncation τ: one row, apart, so that nothing else is drawn again when it moves."""
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
    """What truncation leaves of dL/dW_hh: truncation τ, and log10_error_… and angle_… (degrees), see `truncated`."""
    columns = {f"{what}_{name}": values for name, of in answer.truncated.items() for what, values in of.items()}
    return frames.frame(truncation=answer.trace.truncations, **columns)
