"""What is set, in one line; and why a setting has no effect."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from typing import Any

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.experiment import KNOBS, Choice, Number

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


def state_line(seed: int, preset: str, away: Mapping[str, str], idle: Collection[str]) -> str:
    """The line above a picture, as HTML.

    Args:
        seed: of the networks.
        preset: the name of the preset that is on, "" if none is.
        away: label -> value, in words, of each setting that differs from the opening picture.
        idle: keys of the buttons that would change nothing; they are the line's classes, for `marks`.
    """
    words = sentences("app")["state"]
    listed = ", ".join(words["setting"].format(label=label, value=value) for label, value in away.items())
    kind = ("preset" if listed else "opening") if preset else ("away" if listed else "plain")
    said = words[kind].format(preset=html.escape(preset), settings=html.escape(listed))
    classes = "".join(f" is-{key}" for key in idle)
    return f'<p class="state{classes}">{words["seed"].format(seed=seed)} · {said}</p>'


def in_words(name: str, value: Any) -> str:
    """A setting's value as its control shows it."""
    knob, words = KNOBS.get(name), sentences("app")["state"]
    if isinstance(knob, Choice):
        return knob.options[value]
    if isinstance(knob, Number):
        return f"{value:g}"
    return words["on" if value else "off"] if isinstance(value, bool) else str(value)


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
