"""What is set, in one line; and why a setting has no effect."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from typing import Any

from rnn_dynamics.cells import CELLS
from rnn_dynamics.dashboard.content import sentences
from rnn_dynamics.experiment import KNOBS, Choice, Number


def state_line(seed: int, preset: str | None, presets: Mapping[str, str], away: Mapping[str, str]) -> str:
    """The line above a picture, as HTML; its class tells the style sheet which preset is on.

    Args:
        seed: of the networks.
        preset: the key of the preset that is on, if one is.
        presets: key -> name.
        away: label -> value, in words, of each setting that differs from the opening picture.
    """
    words = sentences("app")["state"]
    listed = ", ".join(words["setting"].format(label=label, value=value) for label, value in away.items())
    kind = "plain" if not listed else "away"
    if preset is not None:
        kind = "preset" if listed else "opening"
    said = words[kind].format(preset=html.escape(presets.get(preset or "", "")), settings=html.escape(listed))
    on = f" is-{preset}" if preset is not None else ""
    return f'<p class="state{on}">{words["seed"].format(seed=seed)} · {said}</p>'


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
