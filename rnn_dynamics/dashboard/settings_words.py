"""What is set, in one line; and why a setting has no effect."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import KNOBS, Choice, Number
from rnn_dynamics.learning.training import TRAINING_KNOBS

#: Label and value of some settings, in words.
Settings = Sequence[tuple[str, str]]
#: Characters of a value that is typed.
_LONGEST = 40
#: Fields that may have no effect.
MAY_IDLE = ("forget_bias", "gate_bias", "nonlinearity", "sequence_length", "input_size")
#: The button of what is on already is marked, and cannot be pressed.
_MARK = """
.stApp:has(.state.is-{key}) .st-key-{key} button {{
  border-color: currentColor;
  box-shadow: inset 0 0 0 1px currentColor;
  pointer-events: none;
}}
.stApp:has(.state.is-{key}) .st-key-{key} button::before {{ content: "\\2713"; margin-right: 0.4em; }}
"""


def marks(buttons: Collection[str]) -> str:
    """The style of the buttons, by their keys, while `state_line` says that what they would set is on."""
    return f"<style>{''.join(_MARK.format(key=key) for key in buttons)}</style>"


def state_line(seed: int, preset: str, sets: Settings, others: Settings, idle: Collection[str]) -> str:
    """The line above a picture, as HTML.

    Args:
        seed: of the networks.
        preset: the name of the preset that is on, "" if none is.
        sets: label and value, in words, of what the preset has away from the opening picture.
        others: the same of what else is away from it.
        idle: keys of the buttons that would change nothing; they are the line's classes, for `marks`.
    """
    words = sentences("app")["state"]
    texts = {"preset": html.escape(preset), "settings": _listed(sets), "others": _listed(others)}
    with_preset = ("preset" if sets else "opening") + "_and" * bool(others)
    kind = with_preset if preset else "away" if others else "plain"
    classes = "".join(f" is-{key}" for key in idle)
    return f'<p class="state{classes}">{words["seed"].format(seed=seed)} · {words[kind].format(**texts)}</p>'


def _listed(settings: Settings) -> str:
    setting = sentences("app")["state"]["setting"]
    return html.escape(", ".join(setting.format(label=label, value=value) for label, value in settings))


def in_words(name: str, value: Any) -> str:
    """A setting's value as its control shows it."""
    knob, words = KNOBS.get(name), sentences("app")["state"]
    trained = TRAINING_KNOBS.get(name)
    if isinstance(trained, Choice):  # a view of it has its words, or its keys without the line below
        return trained.options.get(str(value).replace(" ", "_"), str(value))
    if isinstance(knob, Choice):
        return knob.options[value]
    if isinstance(knob, Number):
        return f"{value:g}"
    if isinstance(value, bool):
        return str(words["on" if value else "off"])
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + " …"


def why_idle(name: str, now: Mapping[str, Any], pictured: Collection[str]) -> str:
    """Why a setting has no effect on what a page shows, or "".

    Args:
        name: of the setting.
        now: every setting of the page.
        pictured: the cells whose networks the page shows.
    """
    words = sentences("app")["idle"]
    cells = [CELLS[cell] for cell in pictured]
    if name == "forget_bias" and now.get("gate_bias") == "chrono" and "lstm" in pictured:
        return str(words["chrono"])
    idle = {
        "forget_bias": "lstm" not in pictured,
        "gate_bias": not any(cell.gates for cell in cells),
        "nonlinearity": all(cell.gates for cell in cells),
        "sequence_length": bool(now.get("text")),
        "input_size": bool(now.get("text")),
    }
    return str(words[name]) if idle.get(name) else ""
