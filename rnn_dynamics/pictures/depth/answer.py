"""The answer behind the page "Depth and direction", and its finding in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import cell_of
from rnn_dynamics.engine.run import run
from rnn_dynamics.engine.trace import LayerTrace, Trace
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.depth.table import DepthPicture, depth_datasets
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.remembered import COMPUTING
from rnn_dynamics.pictures.kit.verdict import judge, power_of_ten, times

Array = NDArray[np.float64]

PAGE = "depth"
#: What one network may cost, in multiply-adds of its recurrent products: about a third of a second.
_LARGEST = 2.5e8
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100
#: A factor per step that differs by less than this is called the same.
_SAME = 0.005


@dataclass(frozen=True, kw_only=True)
class DepthAnswer:
    """The network that was asked for, and the same with one layer and one direction; asked: the reader's batch."""

    trace: Trace
    single: Trace
    asked: int

    @property
    def experiment(self) -> Experiment:
        """The question, its batch as large as one interaction can afford."""
        return self.trace.experiment

    @cached_property
    def top(self) -> LayerTrace:
        """The last layer, forwards."""
        return self.trace.layers[-self.experiment.directions]

    @cached_property
    def levels(self) -> tuple[tuple[LayerTrace, Array], ...]:
        """Each level and its ‖dL/dh_t‖ relative to the last layer's at step T, forwards."""
        start = self.top.log10_norms["hidden"][-1]
        return tuple((level, _relative(level.log10_norms["hidden"], start)) for level in self.trace.layers)

    @cached_property
    def curves(self) -> dict[str, Array]:
        """Name -> (T,), the gradients of the inputs relative to step T, the ones behind first."""
        whole, single = self.trace.log10_norms["input"], self.single.log10_norms["input"]
        curves = {"single": _relative(single, single[-1])} if self.experiment.levels > 1 else {}
        if self.experiment.bidirectional:
            forwards, backwards = self.trace.layers[:2]
            for name, level in {"forwards": forwards, "backwards": backwards}.items():
                curves[name] = _relative(level.log10_norms["input"], whole[-1])
        return curves | {"whole": _relative(whole, whole[-1])}

    @cached_property
    def steps_with_gradient(self) -> tuple[int, ...]:
        """Of each level, at how many steps dL/dh_t is not zero."""
        return tuple(int(np.isfinite(norms).sum()) for _, norms in self.levels)


def _relative(norms: Array, start: float) -> Array:
    """Norms relative to one of them; nan where that one is zero and nothing can be compared with it."""
    return norms - start if np.isfinite(start) else np.full_like(norms, np.nan)


def affordable(experiment: Experiment) -> Experiment:
    """The experiment with a batch that one interaction can afford."""
    size, blocks = experiment.hidden_size, cell_of(experiment).blocks
    one = blocks * experiment.levels * (size + _OVERHEAD) * size * experiment.sequence_length
    return replace(experiment, batch_size=int(min(experiment.batch_size, max(1, _LARGEST // one))))


@lru_cache(maxsize=64)
def depth_answer(experiment: Experiment) -> DepthAnswer:
    """Answer for rnn, lstm and gru."""
    shown = affordable(experiment)
    with COMPUTING:
        single = run(replace(shown, num_layers=1, bidirectional=False))
        return DepthAnswer(trace=run(shown), single=single, asked=experiment.batch_size)


@lru_cache(maxsize=256)
def depth_picture(experiment: Experiment, against_lag: bool, palette: tuple[str, ...]) -> tuple[dict[str, bytes], str]:
    """The picture's datasets, and the finding as HTML."""
    answer, words = depth_answer(experiment), sentences(PAGE)
    says, titles = _says(answer), words["titles"]
    levels = {_name(level): norms for level, norms in answer.levels}
    picture = DepthPicture(
        levels=levels,
        texts={
            name: words["pointed"].format(level=name, share=power_of_ten(float(norms[0])))
            for name, norms in levels.items()
        },
        curves=answer.curves,
        labels={name: words["labels"][name].format(**says) for name in answer.curves},
        cell=experiment.cell,
        palette=palette,
        titles=(titles[_claim(answer)].format(**says), titles[_claim_of_inputs(answer)].format(**says)),
        against_lag=against_lag,
    )
    return depth_datasets(picture), _finding(answer, says)


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
    return "curves" if np.isfinite(answer.curves["whole"][-1]) else "curves_zero"


def _name(level: LayerTrace) -> str:
    return f"layer {level.layer + 1} {'←' if level.reverse else '→'}"


def _says(answer: DepthAnswer) -> dict[str, Any]:
    experiment, curves = answer.experiment, answer.curves
    parts = {f"{name}_share": power_of_ten(float(curve[0])) for name, curve in curves.items()}
    return parts | {
        "cell": cell_of(experiment).label,
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
    }


def _finding(answer: DepthAnswer, says: Mapping[str, Any]) -> str:
    """The table and the notes, as HTML."""
    table = sentences(PAGE)["table"]
    rows = "".join(_row(level, norms) for level, norms in reversed(answer.levels))
    notes = "".join(f'<p class="note">{text}</p>' for text in _notes(answer, says))
    head = table["head"].format(**says)
    return f'<div style="overflow-x: auto"><table class="verdict">{head}{rows}</table></div>{notes}'


def _row(level: LayerTrace, norms: Array) -> str:
    """The backward direction's errors travel from step 1 to step T, so it is judged the other way round."""
    table = sentences(PAGE)["table"]
    reached = np.isfinite(norms)
    travels = judge(norms[::-1] if level.reverse else norms)
    return str(
        table["row"].format(
            name=table["backwards" if level.reverse else "forwards"].format(layer=level.layer + 1),
            first=power_of_ten(float(norms[0])),
            last=power_of_ten(float(norms[-1])),
            factor=times(travels.log10_factor if reached.all() else np.nan),
            steps=table["all" if reached.all() else "some"].format(count=int(reached.sum())),
        )
    )


def _notes(answer: DepthAnswer, says: Mapping[str, Any]) -> Iterator[str]:
    words, experiment = sentences(PAGE)["notes"], answer.experiment
    if experiment.bidirectional and experiment.loss_at == "last" and experiment.sequence_length > 1:
        yield words["end_state"].format(**says)
        yield words[_below_the_end_state(answer)].format(**says)
    yield from _early_inputs(answer)
    yield from _depth(answer, says)
    if experiment.loss_at == "every":
        yield words["every"]
    yield words["size" if experiment.levels > 1 else "size_one"].format(**says)
    if experiment.batch_size < answer.asked:
        yield words["batch"].format(asked=answer.asked, **says)
    if unsure := warning(answer.trace.digits):
        yield unsure


def _below_the_end_state(answer: DepthAnswer) -> str:
    """Which sentence holds of the backward directions below the last layer's."""
    below = answer.steps_with_gradient[1:-2:2]
    if not below:
        return "only"
    return "lower" if min(below) == answer.experiment.sequence_length else "lower_some"


def _early_inputs(answer: DepthAnswer) -> Iterator[str]:
    """What the backward direction does to x_1, where anything reaches it."""
    curves = answer.curves
    if "backwards" in curves and np.isfinite(curves["whole"][0]):
        share = power_of_ten(2.0 + float(curves["backwards"][0] - curves["whole"][0]))
        yield sentences(PAGE)["notes"]["early"].format(share=share)


def _depth(answer: DepthAnswer, says: Mapping[str, Any]) -> Iterator[str]:
    """Whether more layers keep more of one error over time, by the factor per step of the gradient of the inputs.

    A loss at every step feeds both curves anew, so their factors say nothing of that.
    """
    experiment, words = answer.experiment, sentences(PAGE)["notes"]["depth"]
    if experiment.num_layers == 1 or experiment.loss_at == "every":
        return
    curves = {
        "deep": answer.curves["whole"],
        "single": answer.curves["single"],
        "top": answer.top.log10_norms["hidden"],
    }
    factors = {name: judge(norms).log10_factor for name, norms in curves.items()}
    if not np.isfinite(list(factors.values())).all():  # nothing travels, or there is one step
        return
    ahead = 10 ** factors["deep"] - 10 ** factors["single"]
    kind = "same" if abs(ahead) < _SAME else "more" if ahead > 0 else "less"
    shown = {name: times(value) for name, value in factors.items()}
    yield words[kind].format(**says, **shown)
    if not experiment.bidirectional:
        ways = comb(experiment.sequence_length + experiment.num_layers - 2, experiment.num_layers - 1)
        yield words["ways"].format(**says, **shown, ways=f"{ways:,}")
