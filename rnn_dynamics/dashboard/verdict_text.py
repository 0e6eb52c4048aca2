"""The finding in words and numbers, with the reader's own settings; the words are in content/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rnn_dynamics.cells import cell_of
from rnn_dynamics.dashboard.cache import Families, LivePicture, stride_for
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.dashboard.digits import warning
from rnn_dynamics.experiment import WEIGHT_SCALES, Experiment
from rnn_dynamics.tables.verdict import Verdict, judge, power_of_ten, times

Words = Mapping[str, Any]


def finding(page: str, experiment: Experiment, live: LivePicture) -> str:
    """What stands below the picture, as HTML: the verdict on each cell, and the notes.

    HTML, because the browser spends three times as long on the same table in Markdown.
    """
    words = sentences(page)
    verdicts = {cell: judge(norms) for cell, norms in live.curves_at(experiment.weight_scale).items()}
    head = words["table"]["head"].format(steps_total=experiment.sequence_length)
    rows = "".join(_row(words, cell, verdict, experiment, live.families) for cell, verdict in verdicts.items())
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(words, verdicts, experiment, live))
    return f'<div style="overflow-x: auto"><table class="verdict">{head}{rows}</table></div>{notes}'


def _row(words: Words, cell: str, verdict: Verdict, experiment: Experiment, answer: Families) -> str:
    table, architecture = words["table"], cell_of(replace(experiment, cell=cell))
    return str(
        table["row"].format(
            name=architecture.label,
            outcome=_outcome(words, cell, verdict),
            share=power_of_ten(verdict.orders),
            horizon=_horizon(table, verdict),
            matrix=architecture.state_matrix,
            radius=answer.radius[cell] * experiment.weight_scale,
            singular_value=answer.singular_value[cell] * experiment.weight_scale,
        )
    )


def _horizon(table: Words, verdict: Verdict) -> str:
    if verdict.horizon is None:
        return str(table["nothing" if verdict.outcome == "silent" else "never"])
    return str(table["steps"].format(lag=verdict.horizon))


def _notes(words: Words, verdicts: Mapping[str, Verdict], experiment: Experiment, live: LivePicture) -> Iterator[str]:
    """What a reader should know about these settings: honest about biases, and about popular rules."""
    texts, answer = words["notes"], live.families
    plain = live.picture.plain
    radius, relu = answer.radius[plain] * experiment.weight_scale, experiment.nonlinearity == "relu"
    verdict, predicted = verdicts[plain], answer.mean_field[live.row_of(experiment.weight_scale)]
    yield texts["chrono" if experiment.gate_bias == "chrono" else "forget_bias"].format(
        forget_bias=experiment.forget_bias, longest=experiment.sequence_length - 1
    )
    if predicted is not None and experiment.loss_at == "last" and np.isfinite(verdict.log10_factor):
        yield texts["mean_field"].format(predicted=times(predicted), measured=times(verdict.log10_factor))
    if radius > 1 and verdict.outcome == "vanishes":
        label = cell_of(replace(experiment, cell=plain)).label
        yield texts["above_one_relu" if relu else "above_one"].format(radius=radius, name=label)
    if unsure := warning(min(int(digits[live.row_of(experiment.weight_scale)]) for digits in answer.digits.values())):
        yield unsure
    if experiment.loss_at == "every":
        yield texts["every"]
    if experiment.hidden_path == "cut":
        yield texts["cut"]
    if experiment.text:
        yield texts["text"].format(length=len(experiment.text))
    if len(answer.scales) < len(WEIGHT_SCALES):
        stride, ordinals = stride_for(experiment), words["ordinals"]
        nth = ordinals.get(str(stride), ordinals["other"]).format(stride=stride)
        yield texts["coarse"].format(nth=nth)


def _outcome(words: Words, cell: str, verdict: Verdict) -> str:
    texts = words["outcome"]
    text = texts.get(f"{cell}_{verdict.outcome}", texts[verdict.outcome])
    return str(text.format(factor=times(verdict.log10_factor)))
