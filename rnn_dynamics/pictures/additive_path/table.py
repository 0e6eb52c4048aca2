"""The tables of "The additive cell path", all relative to step T: 10⁰ is where an error of the last step begins."""

import numpy as np

from rnn_dynamics.pictures.additive_path.answer import PathAnswer
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, by_step, table, whole, within

#: What a band says of its networks, see `verdict.median_and_range`.
BAND = ("lowest", "median", "highest")
#: The bands that the picture has room for.
_DRAWN = ("rnn", "total")
#: The curves of which the claim speaks.
_CLAIMED = ("total", "path")
#: Names of curves that fit above each other.
_LINES = 12


def tables(answer: PathAnswer, texts: Texts, views: Views) -> Tables:
    """Curves (by step), labels (of these) and whole; with all panels those of `_beside` too."""
    # The parts fill the vertical axis; the RNN may leave it, but its band ends on it.
    ends = axis_ends(*(curve for name, curve in answer.curves.items() if name != "rnn"))
    everything = views["panels"] == "all"
    curves = {name: of for name, of in answer.curves.items() if everything or name in _CLAIMED}
    beside, axes = _beside(answer, texts, views, ends) if everything else ({}, {})
    return {
        "curves": frames.curve_rows(curves, ends),
        "labels": frames.label_rows(curves, texts["labels"], ends, _LINES),
        "whole": whole(answer.experiment, ends, texts, **axes),
        **beside,
    }


def _beside(
    answer: PathAnswer, texts: Texts, views: Views, ends: tuple[float, float]
) -> tuple[Tables, dict[str, float]]:
    """Bands and cosine (by step), units (by place, step) and names (of these); and where the axes of the map end."""
    gate, places = answer.gate_of(views), np.arange(len(answer.units))
    lowest = -1.0 if gate in answer.cell.signed else 0.0
    drawn = [name for name in _DRAWN if name in answer.bands]
    bands = np.reshape([answer.bands[name] for name in drawn], (len(drawn), len(BAND), -1 if drawn else 1))
    low, median, high = np.swapaxes(bands, 0, 1)
    found = {
        "bands": by_step(
            {"name": drawn}, lowest=np.clip(low, *ends), median=within(median, ends), highest=np.clip(high, *ends)
        ),
        "cosine": frames.curve_rows({"cosine": answer.split.cosine}, (-1.0, 1.0), "cosine"),
        # As many steps as a strip needs: a key press draws each of them anew, for up to 64 units.
        "units": by_step(
            {"place": places},
            frames.MAP_POINTS,
            gate=answer.gates[gate][:, answer.units].T,
            log10_norm=answer.log10_products.T,
        ),
        "names": table(place=places, unit=answer.units + 1, text=texts["pointed"]),
    }
    return found, {"units": len(places), "lowest": lowest}


def curves_file(answer: PathAnswer, _: Views) -> Frame:
    """Step, lag, a column of log10 norms per curve, cosine, and one per curve and end of its band: rnn_lowest, …."""
    bands = {f"{name}_{end}": band[place] for name, band in answer.bands.items() for place, end in enumerate(BAND)}
    steps = frames.every_step(answer.experiment.sequence_length)
    return frames.frame(**steps, **answer.curves, cosine=answer.split.cosine, **bands)


def units_file(answer: PathAnswer, _: Views) -> Frame:
    """Step, lag, unit (from 1), and the log10 norm of its gradient, relative to that of all units at step T."""
    norms, steps = answer.log10_of_units, frames.every_step(answer.experiment.sequence_length)
    column = {name: of[:, None] for name, of in steps.items()}
    return frames.frame(**column, unit=np.arange(norms.shape[1]) + 1, log10_norm=norms)
