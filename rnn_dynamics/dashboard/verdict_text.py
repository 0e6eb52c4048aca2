"""The finding in words and numbers, with the reader's own settings; the words are in content/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.cache import Families, stride_for
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.tables.verdict import Verdict, judge, power_of_ten

Curves = Mapping[str, NDArray[np.float64]]
Words = Mapping[str, Any]

#: Orders of magnitude after which a rounding error of 10^−16 has grown into the digits that the page shows.
_CHAOS = 10.0


def claim(words: Words, curves: Curves) -> str:
    """The headline: what is left of the gradient of each cell."""
    verdicts = {cell: judge(norms) for cell, norms in curves.items()}
    shares = ", ".join(f"**{CELLS[cell].label} {power_of_ten(verdict.orders)}**" for cell, verdict in verdicts.items())
    steps = len(next(iter(curves.values()))) - 1
    return str(words["claim"].format(steps=steps, shares=shares))


def verdict_table(words: Words, curves: Curves, experiment: Experiment, answer: Families) -> str:
    """One line per cell, as a Markdown table."""
    table = words["table"]
    head = table["head"].format(steps_total=experiment.sequence_length)
    lines = [head, "|---|---|---|---|"]
    for cell, norms in curves.items():
        verdict = judge(norms)
        lines.append(
            table["row"].format(
                name=CELLS[cell].label,
                outcome=_outcome(words, cell, verdict),
                share=power_of_ten(verdict.orders),
                horizon=table["never"] if verdict.horizon is None else table["steps"].format(lag=verdict.horizon),
                matrix=CELLS[cell].state_matrix,
                radius=answer.radius[cell] * experiment.weight_scale,
                singular_value=answer.singular_value[cell] * experiment.weight_scale,
            )
        )
    return "\n".join(lines)


def notes(words: Words, curves: Curves, experiment: Experiment, answer: Families, row: int) -> list[str]:
    """What a reader should know about these settings: honest about biases, and about popular rules."""
    texts = words["notes"]
    radius = answer.radius["rnn"] * experiment.weight_scale
    verdict, predicted = judge(curves["rnn"]), answer.mean_field[row]
    said = [texts["forget_bias"].format(forget_bias=experiment.forget_bias)]
    if predicted is not None and experiment.loss_at == "last" and np.isfinite(verdict.log10_factor):
        said.append(texts["mean_field"].format(predicted=_factor(predicted), measured=_factor(verdict.log10_factor)))
    if radius > 1 and verdict.outcome == "vanishes":
        said.append(texts["above_one"].format(radius=radius))
    if any(judge(norms).orders > _CHAOS for norms in curves.values()):
        said.append(texts["chaos"])
    if experiment.loss_at == "every":
        said.append(texts["every"])
    if experiment.text:
        said.append(texts["text"].format(length=len(experiment.text)))
    if len(answer.scales) < len(WEIGHT_SCALES):
        stride, ordinals = stride_for(experiment), words["ordinals"]
        nth = ordinals.get(str(stride), ordinals["other"]).format(stride=stride)
        said.append(texts["coarse"].format(nth=nth))
    return said


def _outcome(words: Words, cell: str, verdict: Verdict) -> str:
    texts = words["outcome"]
    if np.isnan(verdict.log10_factor):
        return str(texts["single"])
    text = texts.get(f"{cell}_{verdict.outcome}", texts[verdict.outcome])
    return str(text.format(factor=_factor(verdict.log10_factor)))


def _factor(log10_factor: float) -> str:
    return f"{10**log10_factor:.3g}"
