"""What "Depth and direction" says: titles, labels, table and notes, from the words in content/ and an answer."""

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.engine.verdict import HOLDS_WITHIN
from rnn_dynamics.pictures.depth.answer import DepthAnswer, Level
from rnn_dynamics.pictures.kit.answered import goes_unseen_by_h
from rnn_dynamics.pictures.kit.finding import Words, claimed, first, said

#: A factor per step that differs by less than this is called the same.
_SAME = 0.005


def texts(words: Words, answer: DepthAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Labels (of the curves) and their title; with all panels those of the layers too."""
    says, alone, labels = Says(answer), views["panels"] == "curves", words["labels"]
    single, known = answer.experiment.sequence_length == 1, math.isfinite(answer.curves["whole"][-1])
    beside = alone and answer.experiment.levels > 1
    of_inputs = first(curves_single=single, curves_zero=not known, curves_beside=beside, curves=True)
    whole = labels["ways" if answer.experiment.bidirectional else "layers"] if alone else labels["whole"]
    return {
        "labels": {name: {**labels, "whole": whole}[name].format_map(says) for name in answer.curves},
        "curves": words["titles"][of_inputs].format_map(says),
        **({} if alone else _of_layers(words, answer, says)),
    }


def _of_layers(words: Words, answer: DepthAnswer, says: Says) -> dict[str, Any]:
    """Levels (the name of each), pointed (beside the curve of each), and the title of the map."""
    names = [_name(words["levels"], level) for level in answer.levels]
    each = zip(names, answer.levels, strict=True)
    return {
        "levels": names,
        "pointed": [words["pointed"].format(name=name, level=level) for name, level in each],
        "map": words["titles"][_claim(answer)].format_map(says),
    }


def finding(words: Words, answer: DepthAnswer, _: Mapping[str, str]) -> str:
    """The table, the last layer on top, and the notes, as HTML."""
    names = words["table"]
    rows = ({"name": _name(names, level), "level": level, "last": level.norms[-1]} for level in answer.levels[::-1])
    steps = {"below": answer.experiment.num_layers - 1, "travelled": answer.experiment.sequence_length - 1}
    return said(words, Says(answer, **steps), rows, _notes(answer))


def claim(words: Words, answer: DepthAnswer, views: Mapping[str, str]) -> str:
    """What layers do for the gradient, or, where these are shown, directions, as HTML."""
    experiment, deep = answer.experiment, _deep(answer)
    both, factors = experiment.bidirectional, answer.log10_factors
    curve = answer.curves["whole"]
    ends = {"first": curve[0], "middle": curve[len(curve) // 2]}
    return claimed(
        words,
        Says(answer, **ends),
        single=experiment.sequence_length == 1,
        every=experiment.loss_at == "every",
        end_state=both and experiment.loss_at == "last" and (views["panels"] == "all" or not deep),
        ends=both and experiment.loss_at == "final" and ends["middle"] + 1.0 < min(0.0, ends["first"]),
        final=both and all(map(math.isfinite, answer.carried.values())),
        # What is more of a gradient that explodes is no help.
        grows=deep and max(factors["deep"], factors["single"]) > HOLDS_WITHIN,
        **{deep: bool(deep)},
        one=experiment.num_layers == 1 and math.isfinite(factors["top"]),
        unseen=goes_unseen_by_h(experiment),
        lost=True,
    )


def _name(words: Words, level: Level) -> str:
    return str(words["backwards" if level.trace.reverse else "forwards"].format(layer=level.trace.layer + 1))


def _claim(answer: DepthAnswer) -> str:
    """Which title of the map is true."""
    experiment = answer.experiment
    # In one direction h_n is the state of the last step.
    loss = "every" if experiment.loss_at == "every" else "last"
    one_way = f"{'one' if experiment.num_layers == 1 else 'stack'}_{loss}"
    of_top = experiment.loss_at != "every" and (experiment.bidirectional or experiment.num_layers == 1)
    return first(
        single=experiment.sequence_length == 1,
        unseen=of_top and goes_unseen_by_h(experiment),
        **{one_way: not experiment.bidirectional},
        both_last=experiment.loss_at == "last",
        both_final=experiment.loss_at == "final",
        both_every_some=answer.full < experiment.levels,
        # With the hidden path cut, later losses reach h_t through another layer, or not at all.
        both_every_cut=experiment.hidden_path == "cut",
        both_every=True,
    )


def _notes(answer: DepthAnswer) -> dict[str, object]:
    experiment, curves, deep = answer.experiment, answer.curves, _deep(answer)
    both_last = experiment.bidirectional and experiment.loss_at == "last" and experiment.sequence_length > 1
    below = answer.levels[1:-2:2]  # the backward directions below the last layer's
    everywhere = all(level.steps is None for level in below)
    fed = experiment.num_layers > 1 and experiment.loss_at != "every" and experiment.sequence_length > 1
    return {
        "end_state": both_last,
        "final": experiment.bidirectional and experiment.loss_at == "final" and experiment.sequence_length > 1,
        "only" if not below else "lower" if everywhere else "lower_some": both_last,
        "early": "backwards" in curves and math.isfinite(curves["whole"][0]),
        "cancel": answer.cancels,
        deep: deep and experiment.bidirectional,
        "ways": deep and not experiment.bidirectional and math.isfinite(answer.log10_factors["top"]),
        "down": fed and not experiment.bidirectional and math.isfinite(answer.log10_down),
        "together": fed,
        "together_back": fed and experiment.loss_at == "last" and answer.fed_back > 0.0 > answer.log10_factors["top"],
        "size" if experiment.levels > 1 else "size_one": True,
        "batch": experiment.batch_size < answer.asked,
    }


def _deep(answer: DepthAnswer) -> str:
    """Whether more layers keep more of one error over time, by the factor per step of the gradient of the inputs.

    A loss at every step feeds both curves anew, and one of h_n at both ends, so their factors say nothing of that; and
    "" where nothing travels.
    """
    experiment, (deep, single, _) = answer.experiment, answer.log10_factors.values()
    fed = experiment.loss_at == "every" or (experiment.loss_at == "final" and experiment.bidirectional)
    if experiment.num_layers == 1 or fed or not (math.isfinite(deep) and math.isfinite(single)):
        return ""
    ahead = 10**deep - 10**single
    return "same" if abs(ahead) < _SAME else "more" if ahead > 0 else "less"
