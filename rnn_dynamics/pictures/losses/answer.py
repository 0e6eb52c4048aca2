"""The answer behind the page "Which loss, how far back", and its picture; the words below it are in `loss_words`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.run import run_losses
from rnn_dynamics.engine.trace import LossByTime
from rnn_dynamics.experiment import KNOBS_NUMBER, Experiment
from rnn_dynamics.pictures.kit.numbers import power_of_ten
from rnn_dynamics.pictures.kit.remembered import COMPUTING
from rnn_dynamics.pictures.kit.verdict import horizon, judge
from rnn_dynamics.pictures.losses.table import LossPicture, binned_shares, cut_dataset, loss_datasets

Array = NDArray[np.float64]

PAGE = "losses"
#: What the slider offers; a τ beyond T stands for T.
TRUNCATIONS = ("1", "2", "3", "5", "8", "10", "15", "20", "30", "50", "70", "100", "150", "200")
#: What an answer may cost, in multiply-adds: about a third of a second.
_LARGEST = 2.7e9
#: As in `cache`: what a step costs beside the products, as if H were this much larger.
_OVERHEAD = 100
#: Bins of distances that count as near: at most five steps.
_NEAR = 3


def affordable(experiment: Experiment) -> Experiment:
    """The experiment with as many of its sequences as one interaction can afford, and a loss at every step."""
    one = cost_of(replace(experiment, batch_size=1))
    offered = (int(number) for number in KNOBS_NUMBER["batch_size"].offered)
    most = max((number for number in offered if number * one <= _LARGEST), default=1)
    return replace(experiment, loss_at="every", batch_size=min(experiment.batch_size, most))


def cost_of(experiment: Experiment) -> int:
    """What the matrix of an experiment costs, in multiply-adds."""
    size = experiment.hidden_size
    columns = experiment.sequence_length**2 * experiment.batch_size
    return columns * size * CELLS[experiment.cell].blocks * (size + _OVERHEAD)


def truncations_for(length: int) -> tuple[int, ...]:
    """The truncation lengths of the curves: those of the slider below T, and T."""
    return (*(int(text) for text in TRUNCATIONS if int(text) < length), length)


def loss_answer(experiment: Experiment) -> LossByTime:
    """Answer for one experiment; what it says of the loss does not matter."""
    return _loss_answer(affordable(experiment))


@lru_cache(maxsize=64)  # with its two matrices an answer takes up to 650 kB
def _loss_answer(experiment: Experiment) -> LossByTime:
    with COMPUTING:
        return run_losses(experiment, truncations_for(experiment.sequence_length))


def loss_picture(experiment: Experiment, truncation: str, colour: str, palette: tuple[str, ...]) -> dict[str, bytes]:
    """The picture's datasets."""
    answer = loss_answer(experiment)
    title = sentences(PAGE)["titles"]["cuts"][_cut(answer, truncation)].format(**cut_numbers(answer, truncation))
    return {**_still(experiment, colour, palette), "cut": cut_dataset(within(truncation, answer), title)}


@lru_cache(maxsize=512)
def _still(experiment: Experiment, colour: str, palette: tuple[str, ...]) -> dict[str, bytes]:
    """The datasets that stand still while the truncation moves."""
    answer = loss_answer(experiment)
    words, says = sentences(PAGE), numbers_of(answer)
    titles = words["titles"]
    return loss_datasets(
        LossPicture(
            answer=answer,
            text_of=partial(_reach, answer, words["losses"]),
            labels={name: words["labels"][name].format(**says) for name in ("every", "last")},
            colour=colour,
            palette=palette,
            titles={
                "curves": titles["curves"][claim(answer)].format(**says),
                "map": titles["map"]["some" if median_horizon(answer) else "none"].format(**says),
                "bars": titles["bars"][near_or_far(answer)].format(**says),
            },
        )
    )


def _reach(answer: LossByTime, words: Mapping[str, str], k: int) -> str:
    """How far back the loss at step k is felt."""
    verdict = judge(answer.log10_norms[k - 1, :k])
    kind = "stays" if verdict.horizon is None else "falls"
    return words[kind].format(k=k, steps=steps_in_words(verdict.horizon or 0), share=share(verdict.orders))


def share(log10_share: float) -> str:
    """What is left, as a factor; – where there is nothing to compare with."""
    return "–" if np.isnan(log10_share) else f"×{power_of_ten(log10_share)}"


def steps_in_words(count: int) -> str:
    """A number of steps in words."""
    return str(sentences(PAGE)["steps"]["one" if count == 1 else "other"].format(count=count))


def claim(answer: LossByTime) -> str:
    """Which title over the curves is true: "single", "hidden", "explodes", or "both" for the rest."""
    every, last = judge(answer.every).outcome, judge(answer.last).outcome
    if len(answer.every) == 1:
        return "single"
    if last == "vanishes" and every in ("holds", "explodes"):
        return "hidden"
    return "explodes" if last == "explodes" else "both"


def median_horizon(answer: LossByTime) -> int | None:
    """After how many steps half of the losses are down to 1 %; None where at least half of them never are."""
    norms, length = answer.log10_norms, len(answer.every)
    lags = sorted(lag for k in range(length) if (lag := horizon(norms[k, : k + 1])) is not None)
    most = (length + 1) // 2
    return lags[most - 1] if len(lags) >= most else None


def half(answer: LossByTime) -> int:
    """The last step of the first half, whose steps have as many losses ahead."""
    return -(-len(answer.every) // 2)


def near_share(answer: LossByTime) -> float:
    """Of what arrives at the steps of the first half, how much comes from at most five steps ahead, in per cent."""
    return float(100.0 * binned_shares(answer.shares)[:_NEAR, : half(answer)].sum(axis=0).mean())


def near_or_far(answer: LossByTime) -> str:
    """Where most of what arrives comes from, in the mean over the first half: "near", "far", or the reason why not.

    Shares are projections, so that those from near and those from far may be on different sides of 0.
    """
    near = near_share(answer)
    if np.isnan(near):
        return "nothing"
    if not -0.5 <= near <= 100.5:
        return "against"
    return "near" if near >= 50.0 else "far"


def within(truncation: str, answer: LossByTime) -> int:
    """The reader's τ, at most T."""
    return min(int(truncation), len(answer.every))


def _cut(answer: LossByTime, truncation: str) -> str:
    if np.isnan(answer.log10_errors["every"][-1]):
        return "zero"
    return "full" if int(truncation) >= len(answer.every) else "cut"


def numbers_of(answer: LossByTime) -> dict[str, str | int]:
    """What the sentences are filled with, as text where a number needs a form; see `cut_numbers` for the rest."""
    length, near, words = len(answer.every), near_share(answer), sentences(PAGE)["first_half"]
    single = answer.log10_norms[:, 0]
    with np.errstate(invalid="ignore"):
        ratio = float(np.log10((10.0 ** (single - single.max())).sum()) + single.max() - answer.every[0])
    return {
        "cell": CELLS[answer.experiment.cell].label,
        "length": length,
        "steps": steps_in_words(length),
        "first_half": words["one" if half(answer) == 1 else "other"].format(half=half(answer)),
        "near": _whole_percent(near),
        "far": _whole_percent(100.0 - near),
        "reach": steps_in_words(median_horizon(answer) or 0),
        "ratio": power_of_ten(ratio),
        "sequences": answer.experiment.batch_size,
        "every_share": share(judge(answer.every).orders),
        "last_share": share(judge(answer.last).orders),
    }


def _whole_percent(part: float) -> str:
    return "–" if np.isnan(part) else f"{round(part)}".replace("-", "−")


def cut_numbers(answer: LossByTime, truncation: str) -> dict[str, str | int]:
    """What the sentences on the reader's truncation are filled with."""
    says: dict[str, str | int] = {"tau": within(truncation, answer)}
    at = int(np.searchsorted(answer.truncations, says["tau"]))
    for name in ("every", "last"):
        says |= {
            f"{name}_error": percent(float(answer.log10_errors[name][at])),
            f"{name}_angle": degrees(float(answer.angles[name][at])),
            f"{name}_enough": answer.sufficient[name] or "–",
        }
    return says


def percent(log10_share: float) -> str:
    """A share given by its log10, in per cent; – where there is none."""
    return "–" if np.isnan(log10_share) else f"{power_of_ten(log10_share + 2.0)} %"


def degrees(angle: float) -> str:
    """An angle; – where there is none."""
    return "–" if np.isnan(angle) else f"{angle:.1f}°"
