"""What "Depth and direction" says: titles, labels, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.pictures.depth.answer import DepthAnswer
from rnn_dynamics.pictures.kit.finding import Words, first, said

#: A factor per step that differs by less than this is called the same.
_SAME = 0.005


def texts(words: Words, answer: DepthAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Levels (the name of each), pointed (beside the curve of each), labels (of the curves), and the titles."""
    says, names = _says(answer), [_name(words["levels"], level) for level, _ in answer.levels]
    shares = [float(norms[0]) for _, norms in answer.levels]
    single, known = answer.experiment.sequence_length == 1, math.isfinite(answer.curves["whole"][-1])
    of_inputs = first(curves_single=single, curves=known, curves_zero=True)
    return {
        "levels": names,
        "pointed": [words["pointed"].format(level=name, share=one) for name, one in zip(names, shares, strict=True)],
        "labels": {name: words["labels"][name].format_map(says) for name in answer.curves},
        "map": words["titles"][_claim(answer)].format_map(says),
        "curves": words["titles"][of_inputs].format_map(says),
    }


def finding(words: Words, answer: DepthAnswer, _: Mapping[str, str]) -> str:
    """The table, the last layer on top, and the notes, as HTML."""
    length = answer.experiment.sequence_length
    rows = [
        {
            "name": _name(words["table"], level),
            "first": norms[0],
            "last": norms[-1],
            "factor": travels,
            "steps": None if steps == length else steps,
        }
        for (level, norms), steps, travels in zip(
            answer.levels, answer.steps_with_gradient, answer.log10_travels, strict=True
        )
    ]
    return said(words, _says(answer), reversed(rows), _notes(answer))


def _name(words: Words, level: Any) -> str:
    return str(words["backwards" if level.reverse else "forwards"].format(layer=level.layer + 1))


def _says(answer: DepthAnswer) -> Says:
    experiment = answer.experiment
    return Says(
        answer,
        full=answer.steps_with_gradient.count(experiment.sequence_length),
        top_share=float(answer.levels[-experiment.directions][1][0]),
    )


def _claim(answer: DepthAnswer) -> str:
    """Which title of the map is true."""
    experiment = answer.experiment
    one_way = f"{'one' if experiment.num_layers == 1 else 'stack'}_{experiment.loss_at}"
    return first(
        single=experiment.sequence_length == 1,
        **{one_way: not experiment.bidirectional},
        both_last=experiment.loss_at == "last",
        both_every_some=min(answer.steps_with_gradient) < experiment.sequence_length,
        # With the hidden path cut, later losses reach h_t through another layer, or not at all.
        both_every_cut=experiment.hidden_path == "cut",
        both_every=True,
    )


def _notes(answer: DepthAnswer) -> dict[str, object]:
    experiment, curves, deep = answer.experiment, answer.curves, _deep(answer)
    both_last = experiment.bidirectional and experiment.loss_at == "last" and experiment.sequence_length > 1
    below = answer.steps_with_gradient[1:-2:2]  # of the backward directions below the last layer's
    everywhere = min(below, default=0) == experiment.sequence_length
    return {
        "end_state": both_last,
        "only" if not below else "lower" if everywhere else "lower_some": both_last,
        "early": "backwards" in curves and math.isfinite(curves["whole"][0]),
        deep: deep,
        "ways": deep and not experiment.bidirectional,
        "every": experiment.loss_at == "every",
        "size" if experiment.levels > 1 else "size_one": True,
        "batch": experiment.batch_size < answer.asked,
    }


def _deep(answer: DepthAnswer) -> str:
    """Whether more layers keep more of one error over time, by the factor per step of the gradient of the inputs.

    A loss at every step feeds both curves anew, so their factors say nothing of that; and "" where nothing travels.
    """
    experiment, factors = answer.experiment, answer.log10_factors
    if experiment.num_layers == 1 or experiment.loss_at == "every" or not all(map(math.isfinite, factors.values())):
        return ""
    ahead = 10 ** factors["deep"] - 10 ** factors["single"]
    return "same" if abs(ahead) < _SAME else "more" if ahead > 0 else "less"
