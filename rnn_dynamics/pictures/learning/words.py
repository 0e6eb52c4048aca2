"""What "Learning long lags" says: titles, what becomes of each network, what to try next, a sequence of the task."""

import math
from collections.abc import Iterator, Mapping

from rnn_dynamics.content import Says, Words
from rnn_dynamics.learning.trained import Trained
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.kit.finding import told
from rnn_dynamics.pictures.kit.theme import CELL_NAMES
from rnn_dynamics.pictures.kit.training_words import by_network, failures, settings_of
from rnn_dynamics.pictures.learning.answer import Example, LearningAnswer


def texts(words: Words, answer: LearningAnswer, views: Mapping[str, str]) -> dict[str, str]:
    """The titles: learned, reach, and movie; empty before there is anything to tell of."""
    if not answer.begun:
        return dict.fromkeys(("learned", "reach", "movie"), "")
    titles, last = words["titles"], answer.networks[-1]
    says = Says(answer, shown=answer.networks[answer.longest].looks[answer.marked(views["look"])].iteration)
    learned = (titles[network.outcome].format_map(_of(network)) for network in reversed(answer.networks))
    return {
        "learned": "|".join([*learned, titles["ended" if answer.done is None else "after"].format_map(says)]),
        "reach": titles[_reach(last)].format_map(_of(last)),
        "movie": titles["movie"].format_map(says),
    }


def _of(network: Trained) -> Says:
    return Says(network, name=CELL_NAMES[network.cell.name])


def _reach(network: Trained) -> str:
    if any(map(math.isnan, network.left)):
        return "reach_none"
    return "reach" if len(network.looks) > 1 else "reach_untrained"


def finding(words: Words, answer: LearningAnswer, _: Mapping[str, str]) -> str:
    """What came of it, as HTML: a column for each network, and notes; before it begins what the button will do."""
    name = CELL_NAMES[answer.experiment.cell]
    says = Says(answer, name=name, **settings_of(answer.training, words.language))
    if not answer.begun:
        return f"<p>{words['before' if len(answer.networks) > 1 else 'before_rnn'].format_map(says)}</p>"
    columns = {network.cell.name: _column(words["values"], network) for network in answer.networks}
    table = as_html(by_network(words["table"], says, columns), (), _notes(words, answer, says))
    return failures(answer.networks, words.language) + table


def _column(values: Words, network: Trained) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    gate, means = network.keeping_gate or ("", [math.nan])
    says = Says(network, gate=gate, before=means[0], after=means[-1])
    none = {"left_after": len(network.looks) == 1, "clipped": network.share_clipped is None, "gate": not gate}
    rows = values | {"half": values["never" if network.half_way is None else "half"]}
    return {row: "–" if none.get(row) else sentence.format_map(says) for row, sentence in rows.items()}


def _notes(words: Words, answer: LearningAnswer, says: Says) -> Iterator[str]:
    notes, first, last = words["notes"], answer.networks[0], answer.networks[-1]
    fails = answer.over and last.outcome == "chance" and last.gates
    yield from told(notes, says, settings=True, both=len(answer.networks) > 1, gates_fail=fails)
    yield from (words["advice"][key].format(value=value) for key, value in answer.advised)
    learns, thin = not first.gates and first.outcome == "learned", any(one.history.failure for one in answer.networks)
    yield from told(notes, says, rnn_learns=learns, thin=thin, every=answer.training.its_task.every_step, float=True)


def sequence(words: Words, one: Example) -> str:
    """A sequence of the task and its answer, as HTML: so that a hall sees what is asked."""
    training = one.training
    says = Says(training, accuracy=100.0 * training.its_task.chance_accuracy)
    read, answer = _READERS[training.task](one)
    asks = words["tasks"][training.task]["asks"].format_map(says)
    return f'<p>{asks}</p><p class="sequence">{read} → <b>{answer}</b></p>'


def _temporal_order(one: Example) -> tuple[str, str]:
    return _symbols("XYabcd", "XY", one), "".join("XY"[part] for part in divmod(int(one.answer[0]), 2))


def _copy_memory(one: Example) -> tuple[str, str]:
    symbols = "12345678·?"
    return _symbols(symbols, symbols[:8], one), " ".join(symbols[int(place)] for place in one.answer[-10:])


def _symbols(symbols: str, marked: str, one: Example) -> str:
    """Which symbol each row of zeros and a one is, some of them marked."""
    shown = (symbols[place] for place in one.inputs.argmax(axis=1))
    return " ".join(f"<mark>{symbol}</mark>" if symbol in marked else symbol for symbol in shown)


def _adding(one: Example) -> tuple[str, str]:
    read = " ".join(f"<mark>{value:.2f}</mark>" if mark else f"{value:.2f}" for value, mark in one.inputs)
    return read, f"{one.answer[0]:.2f}"


def _digits(one: Example) -> tuple[str, str]:
    cells = "".join(f'<i style="opacity: {value:.2f}"></i>' for (value,) in one.inputs)
    return f'<span class="digit" role="img">{cells}</span>', str(int(one.answer[0]))


_READERS = {"temporal_order": _temporal_order, "adding": _adding, "copy_memory": _copy_memory, "digits": _digits}
