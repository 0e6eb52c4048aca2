"""The tables of the page "Fill in the blank": tints of words, accuracy against the gap, what a gate keeps by word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import Array, arrow_bytes
from rnn_dynamics.pictures.kit.numbers import power_of_ten, ten_to

#: How many orders of magnitude the tints of norms may tell apart: the first that holds all norms, or the last.
SPANS = (1.0, 2.0, 3.0, 6.0, 12.0)
#: And those of shares: always as many, so that the same tint means the same share whatever the networks are.
SHARES = 6.0
#: Percentiles of the units between which the gate's band lies.
BAND = (10.0, 90.0)
#: The largest mark first, so that all are seen where networks give the same.
_DRAWN = ("lstm", "rnn", "gru")


@dataclass(frozen=True, kw_only=True)
class BlankPicture:
    """What the picture shows.

    Attributes:
        curves: cell -> (number of filler words, share of right answers) of each test, in order.
        gap: number of filler words that the networks are trained on. longest: the largest that the axis shows.
        chance: accuracy of who knows nothing of the cue.
        words: of the sentence. cue: where its cue stands, from and up to; None for none.
        keeps: "before" and "after" training, as far as it is known -> (T, H), the gate that keeps the state; empty for
            a cell without gates.
        norms: the same -> (T,), log10 norm of the gradient of each embedding.
        colour: of the cell.
        titles: name of a panel -> its title; "|" begins a line, and on a phone "¦" does too.
        note: stands in the gate's panel where the cell has none.
    """

    curves: Mapping[str, Sequence[tuple[int, float]]]
    gap: int
    longest: int
    chance: float
    words: Sequence[str]
    cue: tuple[int, int] | None
    keeps: Mapping[str, Array]
    norms: Mapping[str, Array]
    colour: str
    titles: Mapping[str, str]
    note: str


def joint(log10_norms: Array) -> float:
    """log10 of the norm of all parts together, given the log10 of each part's norm; −inf for no parts."""
    peak = float(np.max(log10_norms, initial=-np.inf))
    return peak + 0.5 * float(np.log10(np.sum(10.0 ** (2.0 * (log10_norms - peak))))) if np.isfinite(peak) else peak


def short(log10_norm: float) -> str:
    """A norm in few letters: 0.0016, or 2·10⁻⁶ where it has many zeros."""
    if not np.isfinite(log10_norm) or log10_norm >= -3.0:
        return power_of_ten(log10_norm)
    digit, exponent = f"{10.0 ** (log10_norm % 1.0):.0e}".split("e")
    power = ten_to(int(np.floor(log10_norm)) + int(exponent))
    return power if digit == "1" else f"{digit}·{power}"


def tint_scale(curves: Sequence[Array], relative: bool) -> tuple[float, float]:
    """The ends of the tints' scale, in orders of magnitude, that all sentences (T,) of log10 norms share.

    `relative`: a norm counts as a share of the largest one in its sentence.
    """
    if relative:
        return -SHARES, 0.0
    together = np.concatenate(list(curves))
    finite = together[np.isfinite(together)]
    top = float(np.ceil(finite.max(initial=-10.0 if len(finite) else 0.0)))
    needed = top - finite.min(initial=top)
    return top - next((span for span in SPANS if span >= needed), SPANS[-1]), top


def peak_of(log10_norms: Array, relative: bool) -> float:
    """What a tint is measured against: log10 of the largest norm, or 0 where norms count by themselves."""
    peak = float(log10_norms.max())
    return peak if relative and np.isfinite(peak) else 0.0


def tint_shares(log10_norms: Array, scale: tuple[float, float], relative: bool) -> Array:
    """(T,), how strongly each word is tinted: 0 at the lower end of the scale, or for no gradient, 1 at its upper."""
    low, high = scale
    return np.asarray(np.clip((log10_norms - peak_of(log10_norms, relative) - low) / (high - low), 0.0, 1.0))


def blank_datasets(picture: BlankPicture) -> dict[str, bytes]:
    """All datasets, by name."""
    tables = {"curves": curve_rows(picture), "words": word_rows(picture), "whole": whole_row(picture)}
    return {name: arrow_bytes(table) for name, table in tables.items()}


def curve_rows(picture: BlankPicture) -> pa.Table:
    """One row for each network, in the order of drawing: cell, and gaps and rights (per cent) of its tests as texts."""
    rows = [
        {
            "cell": cell,
            "gaps": ",".join(str(gap) for gap, _ in tests),
            "rights": ",".join(f"{100.0 * right:.4g}" for _, right in tests),
        }
        for cell in _DRAWN
        if (tests := picture.curves.get(cell))
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in ("cell", "gaps", "rights")]))


_WORDS = pa.schema(
    [
        ("t", pa.int64()),
        ("word", pa.string()),
        ("cue", pa.bool_()),
        *((name, pa.float64()) for name in ("mean", "low", "high", "before")),
        *((name, pa.string()) for name in ("keeps", "gradient")),
    ]
)


def word_rows(picture: BlankPicture) -> pa.Table:
    """One row for each word.

    Columns t (from 1), word, cue (whether it belongs to it); of the gate mean, low and high over the units in per cent
    (after training, or before where there is no after), before (the mean before, where there is an after); keeps and
    gradient: what is said when one points at it.
    """
    kept = {time: values * 100.0 for time, values in picture.keeps.items()}
    shown = kept.get("after", kept.get("before"))
    bands = [] if shown is None else np.percentile(shown, BAND, axis=1).T.tolist()
    cue = range(*picture.cue) if picture.cue else range(0)
    rows = []
    for place, word in enumerate(picture.words):
        row: dict[str, object] = {"t": place + 1, "word": word, "cue": place in cue, "keeps": ""}
        if shown is not None:
            low, high = bands[place]
            row |= {"mean": float(shown[place].mean()), "low": low, "high": high}
            row["keeps"] = f"{row['mean']:.0f} % kept ({low:.0f} to {high:.0f} %)"
            if "after" in kept:
                row["before"] = float(kept["before"][place].mean())
                row["keeps"] = f"{row['keeps']}, before {row['before']:.0f} %"
        norms = [f"{short(float(values[place]))} {time}" for time, values in picture.norms.items()]
        rows.append(row | {"gradient": ", ".join(norms)})
    return pa.Table.from_pylist(rows, schema=_WORDS)


def whole_row(picture: BlankPicture) -> pa.Table:
    """What holds for the whole picture, in one row."""
    return pa.Table.from_pylist(
        [
            {
                "gap": picture.gap,
                "longest": picture.longest,
                "chance": 100.0 * picture.chance,
                "steps": len(picture.words),
                "cue": picture.cue[0] + 1 if picture.cue else 1,
                "colour": picture.colour,
                "trained": "after" in picture.norms,
                "gated": bool(picture.keeps),
                "note": picture.note,
                **picture.titles,
            }
        ]
    )


def accuracy_table(curves: Mapping[str, Sequence[tuple[int, float]]], chance: float) -> pd.DataFrame:
    """Accuracy against the gap, as a tidy frame: columns cell, filler_words, accuracy, chance."""
    return pd.DataFrame(
        [
            {"cell": cell, "filler_words": gap, "accuracy": right, "chance": chance}
            for cell, tests in curves.items()
            for gap, right in tests
        ]
    )


def word_table(words: Sequence[str], norms: Mapping[str, Array], keeps: Mapping[str, Array]) -> pd.DataFrame:
    """The sentence as a tidy frame: columns step, word, and before and after training log10_norm_… and gate_mean_…."""
    columns: dict[str, object] = {"step": np.arange(1, len(words) + 1), "word": list(words)}
    columns |= {f"log10_norm_{time}": values for time, values in norms.items()}
    columns |= {f"gate_mean_{time}": values.mean(axis=1) for time, values in keeps.items()}
    return pd.DataFrame(columns)
