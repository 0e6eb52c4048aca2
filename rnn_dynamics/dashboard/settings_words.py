"""What settings and their values are called, and what is set, in one line."""

import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import KNOBS, Number

#: Label and value of some settings, in words.
Settings = Sequence[tuple[str, str]]
#: Characters of a value that is typed.
_LONGEST = 40
#: Keys of the buttons that are out of sight where they would change nothing, and keep their place: that which sets all
#: as at the opening, and that which takes the next seed.
RESET, NEW_SEED = "reset", "new_seed"
_GONE = ".stApp:has(.state.is-{key}) .st-key-{key} {{ visibility: hidden; }}"
#: The button of what is on already is marked, and cannot be pressed.
_MARK = """
.stApp:has(.state.is-{key}) .st-key-{key} button {{
  border-color: currentColor;
  box-shadow: inset 0 0 0 1px currentColor;
  pointer-events: none;
}}
.stApp:has(.state.is-{key}) .st-key-{key} button::before {{ content: "\\2713"; margin-right: 0.4em; }}
"""


def in_link(name: str, value: object) -> str:
    """A value whatever the language, as a link spells it: a cell by its name, others by their key."""
    return CELLS[str(value)].short if name == "cell" else _key(value)


def _key(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Names:
    """What the settings of a page are called in a language: see content/en/knobs.toml, and [views] of the page."""

    page: str
    language: str

    def of(self, name: str) -> Mapping[str, Any]:
        """All words of a setting: label, help, placeholder, and values as they are shown and as they are said."""
        own = sentences(self.page, self.language).get("views", {})
        cell, _, view = name.partition("_")
        shared = own.get(view, {}) if cell in CELLS else {}  # what every cell has a view of, such as "gru_gate"
        return {**sentences("knobs", self.language).get(name, {}), **shared, **own.get(name, {})}

    def shown(self, name: str, value: object) -> str:
        """A value as its control shows it; "back 2" is the word "back" with its number."""
        texts: Mapping[str, str] = self.of(name).get("shown", {})
        key = _key(value)
        if key in texts:
            return texts[key]
        word, _, number = key.rpartition(" ")
        return texts[word].format(number=number) if word in texts else in_link(name, value)

    def said(self, name: str, value: object) -> str:
        """A value in a sentence."""
        if isinstance(KNOBS.get(name), Number):
            return f"{value:g}"
        text = str(self.of(name).get("words", {}).get(_key(value)) or self.shown(name, value))
        return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + " …"


@lru_cache(maxsize=1024)
def from_shown(page: str, language: str, name: str, values: tuple[Any, ...]) -> dict[str, str]:
    """A value as a control shows it in a language -> as a link spells it, where that is not the same."""
    shown = {Names(page, language).shown(name, value): in_link(name, value) for value in values}
    return {text: key for text, key in shown.items() if text != key}


def marks(buttons: Collection[str]) -> str:
    """The style of each button, by its key, while `state_line` says that what it would set is on."""
    return "".join((_GONE if key in (RESET, NEW_SEED) else _MARK).format(key=key) for key in buttons)


def state_line(
    words: Mapping[str, str], seed: int, preset: str, sets: Settings, others: Settings, on: Collection[str]
) -> str:
    """The line above a picture, as HTML.

    preset: the name of the one that is on, "" if none is. sets, others: label and value, in words, of what the preset
    has away from the opening picture, and of what else is. on: keys of the buttons that would set what is on, or would
    change nothing, which are the line's classes, for `marks`.
    """
    texts = {"preset": html.escape(preset), "settings": _listed(words, sets), "others": _listed(words, others)}
    with_preset = ("preset" if sets else "opening") + "_and" * bool(others)
    kind = with_preset if preset else "away" if others else "plain"
    marked = "".join(f" is-{key}" for key in on)
    return f'<p class="state{marked}">{words["seed"].format(seed=seed, rest=words[kind].format(**texts))}</p>'


def _listed(words: Mapping[str, str], settings: Settings) -> str:
    return html.escape(
        words["between"].join(words["setting"].format(label=label, value=value) for label, value in settings)
    )
