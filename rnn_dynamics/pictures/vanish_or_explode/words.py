"""The finding in words and numbers, with the reader's own settings; the words are in content/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.run import run
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times
from rnn_dynamics.pictures.kit.remembered import COMPUTING
from rnn_dynamics.pictures.kit.verdict import Verdict, judge
from rnn_dynamics.pictures.vanish_or_explode.answer import Families, LivePicture, stride_for

Words = Mapping[str, Any]


def finding(page: str, experiment: Experiment, live: LivePicture, component: str) -> str:
    """What stands below the picture, as HTML: the verdict on each cell, and the notes.

    HTML, because the browser spends three times as long on the same table in Markdown. `component`: which gradient it
    is, "input", "hidden" or "cell".
    """
    words = sentences(page)
    verdicts = {cell: judge(norms) for cell, norms in live.curves_at(experiment.weight_scale).items()}
    head = words["table"]["head"].format(steps_total=experiment.sequence_length, gradient=words["gradients"][component])
    rows = "".join(_row(words, cell, verdicts, experiment, live.families) for cell in verdicts)
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(words, verdicts, experiment, live))
    return f'<div style="overflow-x: auto"><table class="verdict">{head}{rows}</table></div>{notes}'


def _row(words: Words, cell: str, verdicts: Mapping[str, Verdict], experiment: Experiment, answer: Families) -> str:
    table, architecture, verdict = words["table"], cell_of(replace(experiment, cell=cell)), verdicts[cell]
    return str(
        table["row"].format(
            name=architecture.label,
            outcome=words["outcome"][_outcome(cell, verdicts, experiment)].format(factor=times(verdict.log10_factor)),
            share=power_of_ten(verdict.orders),
            horizon=table[_horizon(verdict)].format(lag=verdict.horizon),
            matrix=architecture.state_matrix,
            radius=answer.radius[cell] * experiment.weight_scale,
            singular_value=answer.singular_value[cell] * experiment.weight_scale,
        )
    )


def _outcome(cell: str, verdicts: Mapping[str, Verdict], experiment: Experiment) -> str:
    """Which sentence says what a curve does; the first verdict is that of the network without gates."""
    outcome, (plain, of_plain) = verdicts[cell].outcome, next(iter(verdicts.items()))
    if experiment.sequence_length == 1 and outcome != "silent":
        return "single"
    if outcome == "silent" and cell == plain and experiment.nonlinearity == "relu":
        return "all_off"
    return "vanishes_too" if outcome == of_plain.outcome == "vanishes" and cell != plain else outcome


def _horizon(verdict: Verdict) -> str:
    if verdict.horizon is None:
        return "nothing" if verdict.outcome == "silent" else "never"
    return "step" if verdict.horizon == 1 else "steps"


def _notes(words: Words, verdicts: Mapping[str, Verdict], experiment: Experiment, live: LivePicture) -> Iterator[str]:
    """What a reader should know about these settings: honest about biases, and about popular rules."""
    texts, answer = words["notes"], live.families
    plain = live.picture.plain
    relu = experiment.nonlinearity == "relu"
    verdict, predicted = verdicts[plain], answer.mean_field[live.row_of(experiment.weight_scale)]
    name = cell_of(replace(experiment, cell=plain)).label
    yield texts["chrono" if experiment.gate_bias == "chrono" else "forget_bias"].format(
        forget_bias=experiment.forget_bias, longest=experiment.sequence_length - 1
    )
    if predicted is not None and experiment.loss_at == "last" and np.isfinite(verdict.log10_factor):
        yield texts["mean_field"].format(predicted=times(predicted), measured=times(verdict.log10_factor))
    radius = round(answer.radius[plain] * experiment.weight_scale, 2)
    one_error = experiment.loss_at == "last" and experiment.hidden_path == "open"
    if radius > 1 and verdict.outcome == "vanishes" and one_error:
        slope = mean_slope(replace(experiment, cell=plain))
        yield texts["above_one_relu" if relu else "above_one"].format(radius=radius, name=name, slope=slope)
    if unsure := warning(live.digits_at(experiment.weight_scale)):
        yield unsure
    if experiment.loss_at == "every":
        yield texts["every"]
    if experiment.hidden_path == "cut":
        yield texts["cut"].format(name=name)
    if experiment.text:
        yield texts["text" if len(experiment.text) > 1 else "letter"].format(length=len(experiment.text))
    if len(answer.scales) < len(WEIGHT_SCALES):
        yield texts["coarse"].format(stride=stride_for(experiment))


@lru_cache(maxsize=1024)
def mean_slope(experiment: Experiment) -> float:
    """The slope of a plain network's nonlinearity, the mean over all steps, sequences and units."""
    with COMPUTING:
        states = run(experiment).hidden_states[1:]
    return float(np.mean(states > 0.0 if experiment.nonlinearity == "relu" else 1.0 - np.square(states)))
