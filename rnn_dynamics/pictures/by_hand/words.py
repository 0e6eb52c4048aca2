"""What "By hand" says: titles, the equations, the board of a step, the ticks, and what a mistake changes and why."""

from collections.abc import Mapping
from html import escape
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.content.numbers import aligned, subscripted
from rnn_dynamics.engine.verdict import median_and_range
from rnn_dynamics.pictures.by_hand.answer import MARK, Arrays, HandAnswer, resets
from rnn_dynamics.pictures.kit.finding import above, claimed, paragraphs, side_by_side, told


def texts(words: Words, answer: HandAnswer, _: Mapping[str, str]) -> dict[str, Any]:
    """Units (the name of each row), the titles of the panels, and the claim above them."""
    says, experiment = Says(answer), answer.experiment
    arrows = ("→", "←") if experiment.bidirectional else ("",)
    names = [subscripted(f"h{unit}") for unit in range(1, experiment.hidden_size + 1)]
    return {
        "units": [f"{name}{arrow}" for arrow in arrows for name in names],
        "claim": words["claims"][_claim(answer)].format_map(says),
        **{name: title.format_map(says) for name, title in words["titles"].items()},
    }


def finding(words: Words, answer: HandAnswer, views: Mapping[str, str]) -> str:
    """The equations, what of them is changed, the board of the step, and how far each result is from another's."""
    says, step = Says(answer), answer.place(views["step"])
    equation = told(
        words["equation"], says, intended=answer.hand.mistake, **{answer.hand.cell: True, "both": answer.example.both}
    )
    boards = (_board(words["board"], answer, walk, step, says) for walk in ("forward", "backward"))
    single, right = answer.forward.outputs.size == 1, answer.right
    notes = {"loss_one": single, "loss": not single, "definition_right": right, "definition": not right}
    return (
        above(" ".join(equation))
        + _mistake(words, answer)
        + "".join(boards)
        + _ticks(words["table"], answer, says)
        + paragraphs(told(words["notes"], says, **notes))
    )


def claim(words: Mapping[str, Any], answer: HandAnswer, _: Mapping[str, str]) -> str:
    """What the comparison teaches, as HTML."""
    return claimed(words, Says(answer), **{_claim(answer): True})


def _claim(answer: HandAnswer) -> str:
    """Which claim is the most telling true one."""
    if answer.right:
        return "unharmed" if answer.hand.mistake else "right"
    if answer.unnoticed:
        return "definition"
    if not answer.results["outputs"][1].closed:
        return "outputs"
    return "gradients" if answer.forward_gap.closed else "states"


# The board


def _board(heads: Words, answer: HandAnswer, walk: str, step: int, says: Says) -> str:
    """Each line of a step's source, and beside it what it has just computed."""
    at_step, rows = answer.at_step(walk, step), ""
    for line, computed in answer.lines(walk):
        changed = ' class="changed"' if MARK in line else ""
        numbers = "".join(_numbers(name, at_step, letters) for name, letters in computed.items())
        rows += f"<pre{changed}>{escape(line)}</pre><div>{numbers}</div>"
    return f'<h2 class="walk">{heads[walk].format_map(says | {"t": step})}</h2><div class="board">{rows}</div>'


def _numbers(name: str, at_step: list[Arrays], letters: tuple[str, ...]) -> str:
    """Name, shape and numbers, of each network."""
    title = f"<b>{name}</b> ({', '.join(letters)}) = {_shape(at_step[0][name].shape)}"
    arrows = ("→ ", "← ") if len(at_step) > 1 else ("",)
    shown = zip(arrows, at_step, strict=True)
    matrices = "".join(_matrix(step[name].reshape(-1, step[name].shape[-1]).tolist(), arrow) for arrow, step in shown)
    return f"<figure><figcaption>{title}</figcaption>{matrices}</figure>"


def _matrix(values: list[list[float]], arrow: str) -> str:
    """A matrix, right-aligned, behind the arrow of its network; as text, for a browser takes long over a table."""
    columns = [[aligned(value) for value in column] for column in zip(*values, strict=True)]
    padded = ([number.rjust(max(map(len, column))) for number in column] for column in columns)
    rows = map("  ".join, zip(*padded, strict=True))
    return f"<pre>{arrow}" + f"\n{' ' * len(arrow)}".join(rows) + "</pre>"


# The ticks


def _ticks(words: Words, answer: HandAnswer, says: Says) -> str:
    results = (
        words["result"].format(name=name, shape=_shape(shape), gap=gap) for name, (shape, gap) in answer.results.items()
    )
    parameters = answer.example.parameters
    gradients = (
        words["gradient"].format(name=name, shape=_shape(parameters[name].shape), gap=gap, definition=definition)
        for name, (gap, definition) in answer.gradients.items()
    )
    heads = (words[name].format_map(says) for name in ("results", "gradients"))
    return side_by_side(*zip(heads, (results, gradients), strict=True))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


# The mistake


def _mistake(words: Words, answer: HandAnswer) -> str:
    """The changed line, and why the result differs; or why it does not."""
    change, notes = answer.hand.mistake, words["notes"]
    if change is None:
        return ""
    own = words["mistakes"][answer.mistake]
    # Where a mistake does not show: its own reason where that is what makes it so, else that these numbers do.
    why = own["why"] if not answer.right else own["same"] if answer.harmless_by_itself else notes["same"]
    lines = [f"{why} {notes['unnoticed']}" if answer.unnoticed else why]
    if answer.mistake == "early reset":
        lines.append(_resets(words["resets"], answer))
    right, wrong = escape(change.right), escape(change.wrong)
    return str(notes["changed"].format(function=change.function, right=right, wrong=wrong, why="<br>".join(lines)))


def _resets(words: Words, answer: HandAnswer) -> str:
    """Which order of the GRU's reset loses more of the gradient, measured."""
    found = resets(answer.experiment.initialisation, answer.experiment.input_scale)
    says = Says(found, before=median_and_range(found.before), after=median_and_range(found.after))
    return " ".join(told(words, says, **{"measured": True, found.loses: True}))
