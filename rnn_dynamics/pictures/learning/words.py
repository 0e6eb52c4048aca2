"""What "Learning long lags" says: titles, what becomes of each network, what to try next, a sequence of the task."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rnn_dynamics.content.numbers import number, power_of_ten, share
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.kit.theme import CELL_NAMES
from rnn_dynamics.pictures.kit.training_words import by_network, ended, language_of, last_update, settings_of
from rnn_dynamics.pictures.learning.answer import Example, LearningAnswer, Network

Words = Mapping[str, Any]
Inputs = Sequence[Sequence[float]]


def texts(words: Words, answer: LearningAnswer, views: Mapping[str, str]) -> dict[str, str]:
    """The titles: learned, reach, and movie; empty before there is anything to tell of."""
    if not answer.begun:
        return dict.fromkeys(("learned", "reach", "movie"), "")
    titles, total, chance = words["titles"], answer.training.iterations, answer.task.chance_accuracy
    says = {"chance": f"{100 * chance:.0f}", "total": f"{total:,}"}
    after = titles["ended"] if answer.done is None else titles["after"]
    lines = [_outcome(titles, network) for network in reversed(answer.networks)]
    looks = answer.networks[answer.longest].looks
    return {
        "learned": "|".join([*lines, after.format(done=f"{answer.done or 0:,}", **says)]),
        "reach": _reach(titles, answer.networks[-1]),
        "movie": titles["movie"].format(shown=f"{looks[answer.marked(views['look'])].iteration:,}", **says),
    }


def _outcome(titles: Words, network: Network) -> str:
    return str(
        titles[network.outcome].format(
            cell=CELL_NAMES[network.cell],
            accuracy=number(100 * network.looks[-1].accuracy, ".0f"),
            update=f"{last_update(network.history):,}",
        )
    )


def _reach(titles: Words, network: Network) -> str:
    before, after = network.left
    if math.isnan(before) or math.isnan(after):
        kind = "reach_none"
    else:
        kind = "reach" if len(network.looks) > 1 else "reach_untrained"
    says = {"before": power_of_ten(before), "after": power_of_ten(after)}
    return str(titles[kind].format(cell=CELL_NAMES[network.cell], **says))


def finding(words: Words, answer: LearningAnswer, _: Mapping[str, str]) -> str:
    """What came of it, as HTML: a column for each network, and notes; before it begins what the button will do."""
    says = settings_of(answer.training, language_of(words)) | {"cell": CELL_NAMES[answer.experiment.cell]}
    if not answer.begun:
        return f"<p>{words['before' if len(answer.networks) > 1 else 'before_rnn'].format(**says)}</p>"
    failed = (network for network in answer.networks if network.history.failure)
    failures = "".join(f"<p>{ended(one.training, one.history, language_of(words))}</p>" for one in failed)
    chance = {"chance": f"{answer.training.chance_loss:.3g}", "guess": f"{100 * answer.task.chance_accuracy:.0f}"}
    columns = {network.cell: _column(words["values"], network) for network in answer.networks}
    return failures + as_html(by_network(words["table"], chance, columns), (), _notes(words, answer, says))


def _column(values: Words, network: Network) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    last, there, (before, now) = network.looks[-1], network.half_way, network.left
    done, total, clipped = network.history.iterations, network.training.iterations, network.share_clipped
    return {
        "done": values["done"].format(done=f"{done:,}", total=f"{total:,}"),
        "loss": number(last.loss, ".3g"),
        "right": f"<b>{number(100 * last.accuracy, '.0f')} %</b>",
        "half": values["never"] if there is None else values["update"].format(update=f"{there:,}"),
        "left_before": share(before),
        "left_after": share(now) if len(network.looks) > 1 else "–",
        "clipped": "–" if clipped is None else f"{100 * clipped:.0f} %",
        "gate": _gate(values, network),
    }


def _gate(values: Words, network: Network) -> str:
    if network.keeping_gate is None:
        return "–"
    name, means = network.keeping_gate
    return str(values["gate"].format(gate=name, before=number(means[0], ".2f"), after=number(means[-1], ".2f")))


def _notes(words: Words, answer: LearningAnswer, says: Mapping[str, str]) -> Iterator[str]:
    notes, advice = words["notes"], words["advice"]
    yield notes["settings"].format(**says)
    if len(answer.networks) > 1:
        yield notes["both"]
    if answer.over and answer.networks[-1].outcome == "chance" and answer.networks[-1].gates:
        yield notes["gates_fail"].format(**says)
    for key, value in answer.advised:
        yield advice[key].format(**dict.fromkeys(("rate", "scale", "length", "updates"), f"{value:,g}"))
    if not answer.networks[0].gates and answer.networks[0].outcome == "learned":
        yield notes["rnn_learns"].format(**says)
    if any(network.history.failure for network in answer.networks):
        yield notes["thin"]
    if answer.task.every_step:
        yield notes["every"]
    yield notes["float"]


def sequence(words: Words, one: Example) -> str:
    """A sequence of the task and its answer, as HTML: so that a hall sees what is asked."""
    training = one.training
    asks = words["tasks"][training.task]["asks"].format(
        steps=training.steps,
        gap=training.experiment.sequence_length,
        loss=f"{training.chance_loss:.4g}",
        accuracy=f"{100 * training.its_task.chance_accuracy:.3g}",
    )
    read, answer = _READERS[training.task](one.inputs, one.answer)
    return f'<p>{asks}</p><p class="sequence">{read} → <b>{answer}</b></p>'


def _place(row: Sequence[float]) -> int:
    """Which symbol a row of zeros and a one is."""
    return max(range(len(row)), key=row.__getitem__)


def _temporal_order(inputs: Inputs, answer: Sequence[float]) -> tuple[str, str]:
    letters = ["XYabcd"[_place(row)] for row in inputs]
    read = " ".join(f"<mark>{letter}</mark>" if letter in "XY" else letter for letter in letters)
    return read, "".join("XY"[part] for part in divmod(int(answer[0]), 2))


def _adding(inputs: Inputs, answer: Sequence[float]) -> tuple[str, str]:
    read = " ".join(f"<mark>{value:.2f}</mark>" if mark else f"{value:.2f}" for value, mark in inputs)
    return read, f"{answer[0]:.2f}"


def _copy_memory(inputs: Inputs, answer: Sequence[float]) -> tuple[str, str]:
    symbols = "12345678·?"
    shown = [symbols[_place(row)] for row in inputs]
    read = " ".join(f"<mark>{symbol}</mark>" if symbol.isdigit() else symbol for symbol in shown)
    return read, " ".join(symbols[int(place)] for place in answer[-10:])


def _digits(inputs: Inputs, answer: Sequence[float]) -> tuple[str, str]:
    cells = "".join(f'<i style="opacity: {row[0]:.2f}"></i>' for row in inputs)
    return f'<span class="digit" role="img">{cells}</span>', str(int(answer[0]))


_READERS: Mapping[str, Callable[[Inputs, Sequence[float]], tuple[str, str]]] = {
    "temporal_order": _temporal_order,
    "adding": _adding,
    "copy_memory": _copy_memory,
    "digits": _digits,
}
