"""The board of the page "By hand": each line of a step's source, and beside it what it has just computed."""

from __future__ import annotations

import ast
import html
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rnn_dynamics.by_hand.arrays import Array, Arrays
from rnn_dynamics.by_hand.example import make_example
from rnn_dynamics.by_hand.mistakes import MARK, HandWritten
from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.by_hand.answer import PAGE, HandAnswer, hand_answer, numbers_of

#: Sizes of which no two, nor any of their multiples by the number of gates, are the same: a shape tells its letters.
_LETTERS = {3: "N", 5: "D", 7: "H", 14: "2H", 21: "3H", 28: "4H"}
_TELLING = Experiment(batch_size=3, input_size=5, hidden_size=7, sequence_length=1)


@dataclass(frozen=True)
class Line:
    """A statement of a function, as it stands in the source, and the names that it gives a value to."""

    text: str
    names: tuple[str, ...]


@lru_cache(maxsize=64)
def lines_of(source: str) -> tuple[Line, ...]:
    """A function's head, whose arguments are its names, and its assignments; without types, docstring and return."""
    [function] = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    rows, arguments = source.splitlines(), tuple(argument.arg for argument in function.args.args)
    lines = [Line(f"def {function.name}({', '.join(arguments)}):", arguments)]
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            text = textwrap.dedent("\n".join(rows[statement.lineno - 1 : statement.end_lineno]))
            names = (node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name))
            lines.append(Line(text, tuple(names)))
    return tuple(lines)


@lru_cache(maxsize=256)
def board(experiment: Experiment, mistake: str, step: int) -> str:
    """Both tables of step t as HTML: forward, and backward."""
    answer = hand_answer(experiment, mistake)
    return "".join(_walk(answer, walk, min(step, answer.steps)) for walk in ("forward", "backward"))


def _walk(answer: HandAnswer, walk: str, step: int) -> str:
    cell, words = answer.hand.cell, sentences(PAGE)["board"]
    networks = getattr(answer, walk).steps
    # The reverse network reads x_T first: what it makes of x_t is its step T + 1 − t.
    at_step = [networks[0][step - 1], *(reverse[answer.steps - step] for reverse in networks[1:])]
    lines = lines_of(answer.hand.source(f"{cell}_step{'_back' if walk == 'backward' else ''}"))
    letters = _letters(cell)
    rows = "".join(_row(line, at_step, letters) for line in lines)
    head = words[walk].format(t=step, **numbers_of(answer))
    return f'<h2 class="walk">{head}</h2><div class="board">{rows}</div>'


def _row(line: Line, at_step: list[Arrays], letters: Mapping[str, tuple[str, ...]]) -> str:
    changed = ' class="changed"' if MARK in line.text else ""
    numbers = "".join(_numbers(name, at_step, letters[name]) for name in line.names if name in letters)
    return f"<pre{changed}>{html.escape(line.text)}</pre><div>{numbers}</div>"


def _numbers(name: str, at_step: list[Arrays], letters: tuple[str, ...]) -> str:
    """Name, shape and numbers, of each network; of a parameter the shape, for its numbers stay what they are."""
    shape = "×".join(map(str, at_step[0][name].shape))
    title = f"<b>{name}</b> ({', '.join(letters)}) = {shape}"
    if name.startswith(("W_", "b_")):
        return f"<figure><figcaption>{title}</figcaption></figure>"
    arrows = ("→ ", "← ") if len(at_step) > 1 else ("",)
    rows = (_rows(step[name], arrow) for arrow, step in zip(arrows, at_step, strict=True))
    return f"<figure><figcaption>{title}</figcaption>{''.join(rows)}</figure>"


def _rows(values: Array, arrow: str) -> str:
    """A matrix, right-aligned, behind the arrow of its network; as text, for a browser takes long over a table."""
    numbers = [[three_digits(value) for value in row] for row in values.tolist()]
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    rows = ("  ".join(number.rjust(width) for number, width in zip(row, widths, strict=True)) for row in numbers)
    leads = (arrow, *(" " * len(arrow) for _ in numbers[1:]))
    return "<pre>" + "\n".join(map("".join, zip(leads, rows, strict=True))) + "</pre>"


def three_digits(value: float) -> str:
    """A number with three significant digits, and a real minus sign."""
    return f"{value + 0.0:#.3g}".rstrip(".").replace("-", "−")  # the sum makes −0 a plain 0


@lru_cache
def _letters(cell: str) -> dict[str, tuple[str, ...]]:
    """Name -> shape in letters, of everything that a step computes forwards and backwards."""
    hand = HandWritten(cell)
    example = make_example(replace(_TELLING, cell=cell))
    forward = hand.forward(example)
    steps = forward.steps[0][0] | hand.backward(example, forward).steps[0][0]
    return {
        name: tuple(_LETTERS[length] for length in value.shape)
        for name, value in steps.items()
        if name != "step"  # the record of the way forward, an argument of the way back
    }
