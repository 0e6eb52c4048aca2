"""What "By hand" says: titles, the equations, the board of a step, the ticks, and what a mistake changes and why."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content.numbers import aligned, difference, subscripted, times
from rnn_dynamics.pictures.by_hand.answer import (
    MARK,
    RESET_IN,
    RESET_SEEDS,
    TOLERANCE,
    TOLERANCE_OF_DIFFERENCES,
    WIDTH,
    Arrays,
    HandAnswer,
    Line,
    resets,
)
from rnn_dynamics.pictures.kit.finding import above, paragraphs

Words = Mapping[str, Any]


def texts(words: Words, answer: HandAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Units (the name of each row), the titles of the panels, and the claim above them."""
    says, experiment = _says(answer), answer.experiment
    arrows = ("→", "←") if experiment.bidirectional else ("",)
    names = [subscripted(f"h{unit}") for unit in range(1, experiment.hidden_size + 1)]
    return {
        "units": [f"{name}{arrow}" for arrow in arrows for name in names],
        "claim": words["claims"][_claim(answer)].format(**says),
        **{name: title.format(**says) for name, title in words["titles"].items()},
    }


def finding(words: Words, answer: HandAnswer, views: Mapping[str, str]) -> str:
    """The equations, what of them is changed, the board of the step, and how far each result is from another's."""
    equation, says = words["equation"], _says(answer)
    both = [equation["both"]] if answer.example.both else []
    boards = (_board(words, answer, walk, answer.place(views["step"])) for walk in ("forward", "backward"))
    ticks = _table(words["table"], "result", _results(answer), says) + _table(
        words["table"], "gradient", _gradients(answer), says
    )
    return (
        above(" ".join([equation[answer.hand.cell], *both]))
        + _mistake(words, answer)
        + "".join(boards)
        + f'<div class="ticks">{ticks}</div>'
        + paragraphs(_notes(words["notes"], answer, says))
    )


def _claim(answer: HandAnswer) -> str:
    """Which claim is the most telling true one."""
    if answer.right:
        return "unharmed" if answer.mistake else "right"
    if answer.unnoticed:
        return "definition"
    if answer.results["outputs"][1] > TOLERANCE:
        return "outputs"
    return "states" if answer.forward_gap > TOLERANCE else "gradients"


def _says(answer: HandAnswer) -> dict[str, Any]:
    sequences, steps, inputs = answer.example.inputs.shape
    gaps = {"outputs": answer.results["outputs"][1], "forward": answer.forward_gap, "gradient": answer.gradient_gap}
    return {
        **{"N": sequences, "T": steps, "D": inputs, "H": answer.experiment.hidden_size, "module": answer.module},
        **{f"{name}_gap": difference(gap) for name, gap in gaps.items()},
        **{f"{name}_tick": _tick(gap, TOLERANCE) for name, gap in gaps.items()},
        "count": answer.forward.outputs.size,
        "states_gap": difference(max(gap for name, (_, gap) in answer.results.items() if name != "outputs")),
        "definition_gap": difference(answer.definition_gap),
        "definition_tick": _tick(answer.definition_gap, TOLERANCE_OF_DIFFERENCES),
        "parameters": sum(value.size for value in answer.example.parameters.values()),
        "width": difference(WIDTH),
        "tolerance": difference(TOLERANCE),
        "tolerance_of_differences": difference(TOLERANCE_OF_DIFFERENCES),
    }


def _tick(value: float, tolerance: float) -> str:
    """Whether a difference is one of rounding."""
    return "✓" if value <= tolerance else "✗"


# The board


def _board(words: Words, answer: HandAnswer, walk: str, step: int) -> str:
    """Each line of a step's source, and beside it what it has just computed."""
    at_step, letters = answer.at_step(walk, step), answer.letters
    rows = "".join(_line(line, at_step, letters) for line in answer.lines(walk))
    head = words["board"][walk].format(t=step, **_says(answer))
    return f'<h2 class="walk">{head}</h2><div class="board">{rows}</div>'


def _line(line: Line, at_step: list[Arrays], letters: Mapping[str, tuple[str, ...]]) -> str:
    changed = ' class="changed"' if MARK in line.text else ""
    numbers = "".join(_numbers(name, at_step, letters[name]) for name in line.names if name in letters)
    return f"<pre{changed}>{html.escape(line.text)}</pre><div>{numbers}</div>"


def _numbers(name: str, at_step: list[Arrays], letters: tuple[str, ...]) -> str:
    """Name, shape and numbers, of each network; of a parameter the shape, for its numbers stay what they are."""
    title = f"<b>{name}</b> ({', '.join(letters)}) = {_shape(at_step[0][name].shape)}"
    if name.startswith(("W_", "b_")):
        return f"<figure><figcaption>{title}</figcaption></figure>"
    arrows = ("→ ", "← ") if len(at_step) > 1 else ("",)
    matrices = (_matrix(step[name].tolist(), arrow) for arrow, step in zip(arrows, at_step, strict=True))
    return f"<figure><figcaption>{title}</figcaption>{''.join(matrices)}</figure>"


def _matrix(values: list[list[float]], arrow: str) -> str:
    """A matrix, right-aligned, behind the arrow of its network; as text, for a browser takes long over a table."""
    numbers = [[aligned(value) for value in row] for row in values]
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    rows = ("  ".join(number.rjust(width) for number, width in zip(row, widths, strict=True)) for row in numbers)
    leads = (arrow, *(" " * len(arrow) for _ in numbers[1:]))
    return "<pre>" + "\n".join(map("".join, zip(leads, rows, strict=True))) + "</pre>"


# The ticks


def _table(words: Words, kind: str, rows: Iterator[dict[str, str]], says: Words) -> str:
    body = "".join(words[kind].format(**row) for row in rows)
    return f'<table class="verdict">{words[f"{kind}s"].format(**says)}{body}</table>'


def _results(answer: HandAnswer) -> Iterator[dict[str, str]]:
    for name, (shape, gap) in answer.results.items():
        yield {"name": name, "shape": _shape(shape), "gap": difference(gap), "tick": _tick(gap, TOLERANCE)}


def _gradients(answer: HandAnswer) -> Iterator[dict[str, str]]:
    for name, (gap, definition_gap) in answer.gradients.items():
        yield {
            "name": name,
            "shape": _shape(answer.example.parameters[name].shape),
            "gap": difference(gap),
            "tick": _tick(gap, TOLERANCE),
            "definition_gap": difference(definition_gap),
            "definition_tick": _tick(definition_gap, TOLERANCE_OF_DIFFERENCES),
        }


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _notes(words: Words, answer: HandAnswer, says: Words) -> Iterator[str]:
    """What is compared, and how far a definition can be trusted."""
    yield words["loss_one" if says["count"] == 1 else "loss"].format(**says)
    yield words["definition_right" if answer.right else "definition"].format(**says)


# The mistake


def _mistake(words: Words, answer: HandAnswer) -> str:
    """The changed line, and why the result differs; or why it does not."""
    change, notes = answer.hand.mistake, words["notes"]
    if change is None:
        return ""
    why = " ".join(_why(words, answer))
    lines = [why, *([_resets(words["resets"], answer)] if answer.mistake == "early reset" else [])]
    right, wrong = html.escape(change.right), html.escape(change.wrong)
    return str(notes["changed"].format(function=change.function, right=right, wrong=wrong, why="<br>".join(lines)))


def _why(words: Words, answer: HandAnswer) -> Iterator[str]:
    """Where a mistake does not show, its own reason where that is what makes it so, else that these numbers do."""
    own = words["mistakes"][answer.mistake]
    if answer.right:
        yield own["same"] if answer.harmless_by_itself else words["notes"]["same"]
    else:
        yield own["why"]
    if answer.unnoticed:
        yield words["notes"]["unnoticed"]


def _resets(words: Words, answer: HandAnswer) -> str:
    """Which order of the GRU's reset loses more of the gradient, measured."""
    found, networks = resets(answer.experiment.initialisation, answer.experiment.input_scale), len(RESET_SEEDS)
    after, before = found.counts
    both = "both" if after or before else "neither"
    kind = "after" if after == networks else "before" if before == networks else both
    says: dict[str, Any] = {}
    for order in ("before", "after"):
        low, median, high = map(times, found.range(order))
        says |= {f"{order}_low": low, order: median, f"{order}_high": high}
    of = {"hidden": RESET_IN.hidden_size, "length": RESET_IN.sequence_length, "networks": networks}
    return str(words[kind].format(**says, **of, last_seed=RESET_SEEDS[-1], count=after))
