"""What "Learning long lags" says: titles, what becomes of each network, what to try next, a sequence of the task."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.learning.trained import LEAST, Trained
from rnn_dynamics.pictures.kit.finding import claimed, first, paragraphs, table, told
from rnn_dynamics.pictures.kit.training_words import by_network, failures, says_of
from rnn_dynamics.pictures.learning.advice import advised
from rnn_dynamics.pictures.learning.answer import LearningAnswer


def texts(words: Words, answer: LearningAnswer, views: Mapping[str, str]) -> dict[str, str]:
    """The titles: learned, reach, and movie; empty before there is anything to tell of."""
    if not answer.begun:
        return dict.fromkeys(("learned", "reach", "movie"), "")
    titles, rnn, last = words["titles"], answer.networks[0], answer.shown
    look = answer.marked(views["look"])
    says = Says(answer, shown=answer.networks[answer.longest].looks[look].iteration)
    at = {key: of.left_by_look[min(look, len(of.looks) - 1)] for key, of in (("rnn", rnn), ("last", last))}
    learned = (titles[network.outcome].format_map(Says(network)) for network in reversed(answer.networks))
    reach = first(
        reach_none=math.isnan(last.left[0] + at["last"]),
        reach_untrained=len(last.looks) == 1 or (look == 0 and rnn is last),
        reach_both_untrained=look == 0 and not math.isnan(rnn.left[0]),
        reach_both=rnn is not last and len(rnn.looks) > 1 and not math.isnan(rnn.left[0] + at["rnn"]),
        reach=True,
    )
    return {
        "learned": "|".join([*learned, titles["ended" if answer.done is None else "after"].format_map(says)]),
        "reach": titles[reach].format_map(Says(last, rnn=rnn, last=last, at=at)),
        "movie": titles["movie"].format_map(says),
    }


def finding(words: Words, answer: LearningAnswer, _: Mapping[str, str]) -> str:
    """What came of it, as HTML: a column for each network, and notes; before it begins what the button will do."""
    says = says_of(answer, words)
    if not answer.begun:
        before = words["before" if len(answer.networks) > 1 else "before_rnn"]
        return f"<p>{' '.join([before.format_map(says), *told(words['notes'], says, bias=_gated(answer))])}</p>"
    columns = {network.cell.name: _column(words["values"], network) for network in answer.networks}
    said = table(by_network(words, says, columns), ()) + paragraphs(_notes(words, answer, says))
    return failures(answer.networks, words.language) + said


def claim(words: Words, answer: LearningAnswer, _: Mapping[str, str]) -> str:
    """Which network has learned the task, and what was thought to be impossible, as HTML."""
    rnn = answer.networks[0]
    learned = words["tasks"][answer.training.task]["learned"]
    says = says_of(answer, words, learned=learned, rnn=rnn, last=answer.shown, looks=len(rnn.looks))
    return claimed(words, says, **{_claim(answer): True})


def _claim(answer: LearningAnswer) -> str:
    """Which claim is true."""
    if not answer.begun:
        return "before"
    rnn, last = answer.networks[0].outcome, answer.shown.outcome
    return first(
        ended={"diverged", "untrained"} & {rnn, last},
        so_far_both=not answer.over and len(answer.networks) > 1,
        so_far=not answer.over,
        rnn_learns=_rnn_learns(answer),
        gates_fail=_gates_fail(answer),
        **_gap(answer),
        now=True,
    )


def _gap(answer: LearningAnswer) -> dict[str, bool]:
    """Of a cell that has learned, beside an RNN at chance: whether and when the RNN's gradient arrives at step 1."""
    rnn, last = answer.networks[0], answer.shown
    gap = last.outcome == "learned" and rnn.outcome == "chance"
    if not gap:
        return {}
    mostly, (before, now) = 2 * rnn.arrived > len(rnn.looks), rnn.left
    late = before < LEAST <= now
    return {"arrives": mostly, "late": late, "reaches": now < min(LEAST, last.left[1]), "gap": True}


def _rnn_learns(answer: LearningAnswer) -> bool:
    return answer.networks[0].outcome == "learned" and not answer.networks[0].gates


def _gates_fail(answer: LearningAnswer) -> bool:
    return answer.over and answer.shown.outcome == "chance" and bool(answer.shown.gates)


def _gated(answer: LearningAnswer) -> bool:
    """Whether a network has gates, which have biases."""
    return any(network.cell.gates for network in answer.networks)


def _column(values: Words, network: Trained) -> dict[str, str]:
    """Key of a row -> what it says of one network."""
    none = {"left_after": len(network.looks) == 1, "clipped": math.isnan(network.share_clipped)}
    none |= {"gate": not network.kept}
    rows = values | {"half": values["never" if network.half_way is None else "half"]}
    return {row: "–" if none.get(row) else text.format_map(Says(network)) for row, text in rows.items()}


def _notes(words: Words, answer: LearningAnswer, says: Says) -> Iterator[str]:
    notes, claims = words["notes"], _claim(answer)
    fails, learns = claims != "gates_fail" and _gates_fail(answer), claims != "rnn_learns" and _rnn_learns(answer)
    linear = answer.shown.too_linear and answer.shown.outcome in ("chance", "partly")
    both = len(answer.networks) > 1
    yield from told(notes, says, settings=True, bias=_gated(answer), both=both, gates_fail=fails, too_linear=linear)
    advice = advised(answer.shown) if answer.over else {}
    yield from (words["advice"][key].format(value=value) for key, value in advice.items())
    thin = any(one.lost for one in answer.networks)
    yield from told(notes, says, rnn_learns=learns, thin=thin, every=answer.training.its_task.every_step, float=True)


def sequence(words: Words, training: Any) -> str:
    """A sequence of the task of a training and its answer, as HTML: so that a hall sees what is asked."""
    says = Says(training, accuracy=100.0 * training.chance_accuracy)
    read, answer = _READERS[training.task](*training.example)
    asks = words["tasks"][training.task]["asks"].format_map(says)
    return f'<p>{asks}</p><p class="sequence">{read} → <b>{answer}</b></p>'


def _temporal_order(inputs: Any, answer: Any) -> tuple[str, str]:
    return _symbols("XYabcd", "XY", inputs), "".join("XY"[part] for part in divmod(int(answer[0]), 2))


def _copy_memory(inputs: Any, answer: Any) -> tuple[str, str]:
    symbols = "12345678·?"
    return _symbols(symbols, symbols[:8], inputs), " ".join(symbols[int(place)] for place in answer[-10:])


def _symbols(symbols: str, marked: str, inputs: Any) -> str:
    """Which symbol each row of zeros and a one is, some of them marked."""
    shown = (symbols[place] for place in inputs.argmax(axis=1))
    return " ".join(f"<mark>{symbol}</mark>" if symbol in marked else symbol for symbol in shown)


def _adding(inputs: Any, answer: Any) -> tuple[str, str]:
    read = " ".join(f"<mark>{value:.2f}</mark>" if mark else f"{value:.2f}" for value, mark in inputs)
    return read, f"{answer[0]:.2f}"


def _digits(inputs: Any, answer: Any) -> tuple[str, str]:
    cells = "".join(f'<i style="opacity: {value:.2f}"></i>' for (value,) in inputs)
    return f'<span class="digit" role="img">{cells}</span>', str(int(answer[0]))


_READERS = {"temporal_order": _temporal_order, "adding": _adding, "copy_memory": _copy_memory, "digits": _digits}
