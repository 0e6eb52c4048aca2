"""What "Depth and direction" says: titles, labels, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content.numbers import power_of_ten, times
from rnn_dynamics.pictures.depth.answer import DepthAnswer
from rnn_dynamics.pictures.kit.finding import finding as as_html

Words = Mapping[str, Any]
#: A factor per step that differs by less than this is called the same.
_SAME = 0.005


def texts(words: Words, answer: DepthAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Levels (the name of each), pointed (beside the curve of each), labels (of the curves), and the titles."""
    says, titles = _says(answer), words["titles"]
    ways = [words["levels"]["backwards" if level.reverse else "forwards"] for level, _ in answer.levels]
    names = [way.format(layer=level.layer + 1) for way, (level, _) in zip(ways, answer.levels, strict=True)]
    shares = [power_of_ten(float(norms[0])) for _, norms in answer.levels]
    return {
        "levels": names,
        "pointed": [words["pointed"].format(level=name, share=one) for name, one in zip(names, shares, strict=True)],
        "labels": {name: words["labels"][name].format(**says) for name in answer.curves},
        "map": titles[_claim(answer)].format(**says),
        "curves": titles[_claim_of_inputs(answer)].format(**says),
    }


def finding(words: Words, answer: DepthAnswer, _: Mapping[str, str]) -> str:
    """The table and the notes, as HTML."""
    says, table = _says(answer), words["table"]
    rows = reversed(list(_rows(table, answer)))
    return as_html(table["head"].format(**says), rows, _notes(words["notes"], answer, says))


def _claim(answer: DepthAnswer) -> str:
    """Which title of the map is true."""
    experiment = answer.experiment
    if experiment.sequence_length == 1:
        return "single"
    if not experiment.bidirectional:
        return f"{'one' if experiment.num_layers == 1 else 'stack'}_{experiment.loss_at}"
    if experiment.loss_at == "last":
        return "both_last"
    if min(answer.steps_with_gradient) < experiment.sequence_length:
        return "both_every_some"
    # With the hidden path cut, later losses reach h_t through another layer, or not at all.
    return "both_every_cut" if experiment.hidden_path == "cut" else "both_every"


def _claim_of_inputs(answer: DepthAnswer) -> str:
    """Which title of the curves is true."""
    if answer.experiment.sequence_length == 1:
        return "curves_single"
    return "curves" if math.isfinite(answer.curves["whole"][-1]) else "curves_zero"


def _says(answer: DepthAnswer) -> dict[str, Any]:
    experiment, curves = answer.experiment, answer.curves
    parts = {f"{name}_share": power_of_ten(float(curve[0])) for name, curve in curves.items()}
    return parts | {
        "cell": experiment.cell.upper(),
        "layers": experiment.num_layers,
        "levels": experiment.levels,
        "last": experiment.sequence_length,
        "seed": experiment.seed,
        "full": sum(steps == experiment.sequence_length for steps in answer.steps_with_gradient),
        "top_share": power_of_ten(float(answer.levels[-experiment.directions][1][0])),
        "bottom_share": power_of_ten(float(answer.levels[0][1][0])),
        "parameters": f"{sum(values.size for values in answer.trace.parameters.values()):,}",
        "single_parameters": f"{sum(values.size for values in answer.single.parameters.values()):,}",
        "batch": experiment.batch_size,
        "asked": answer.asked,
        "ways": f"{answer.ways:,}",
        **{name: times(value) for name, value in answer.log10_factors.items()},
    }


def _rows(table: Words, answer: DepthAnswer) -> Iterator[str]:
    length = answer.experiment.sequence_length
    for (level, norms), steps, travels in zip(
        answer.levels, answer.steps_with_gradient, answer.log10_travels, strict=True
    ):
        yield table["row"].format(
            name=table["backwards" if level.reverse else "forwards"].format(layer=level.layer + 1),
            first=power_of_ten(float(norms[0])),
            last=power_of_ten(float(norms[-1])),
            factor=times(travels),
            steps=table["all" if steps == length else "some"].format(count=steps),
        )


def _notes(words: Words, answer: DepthAnswer, says: Words) -> Iterator[str]:
    experiment = answer.experiment
    if experiment.bidirectional and experiment.loss_at == "last" and experiment.sequence_length > 1:
        yield words["end_state"].format(**says)
        yield words[_below_the_end_state(answer)].format(**says)
    curves = answer.curves
    if "backwards" in curves and math.isfinite(curves["whole"][0]):
        share = power_of_ten(2.0 + float(curves["backwards"][0] - curves["whole"][0]))
        yield words["early"].format(share=share)
    yield from _depth(words["depth"], answer, says)
    if experiment.loss_at == "every":
        yield words["every"]
    yield words["size" if experiment.levels > 1 else "size_one"].format(**says)
    if experiment.batch_size < answer.asked:
        yield words["batch"].format(**says)


def _below_the_end_state(answer: DepthAnswer) -> str:
    """Which sentence holds of the backward directions below the last layer's."""
    below = answer.steps_with_gradient[1:-2:2]
    if not below:
        return "only"
    return "lower" if min(below) == answer.experiment.sequence_length else "lower_some"


def _depth(words: Words, answer: DepthAnswer, says: Words) -> Iterator[str]:
    """Whether more layers keep more of one error over time, by the factor per step of the gradient of the inputs.

    A loss at every step feeds both curves anew, so their factors say nothing of that.
    """
    experiment, factors = answer.experiment, answer.log10_factors
    if experiment.num_layers == 1 or experiment.loss_at == "every":
        return
    if not all(map(math.isfinite, factors.values())):  # nothing travels, or there is one step
        return
    ahead = 10 ** factors["deep"] - 10 ** factors["single"]
    yield words["same" if abs(ahead) < _SAME else "more" if ahead > 0 else "less"].format(**says)
    if not experiment.bidirectional:
        yield words["ways"].format(**says)
