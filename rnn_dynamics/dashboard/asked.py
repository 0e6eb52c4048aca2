"""What a challenge asks of a page, a line each: what there is now, and whether that is too small or too large."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rnn_dynamics.content import sentences
from rnn_dynamics.course.challenges import MET, Challenge, Found
from rnn_dynamics.dashboard.settings_words import Names
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.pictures.kit.picture import Setting

#: The cell in the name of a field.
_CELL = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True)
class Asked:
    """The words of such lines, as plain text.

    words: those that all lines share. names, settings: of the page. certain: whether any digit of what it computes is,
    see `trace.Rounded`; if none is, no number is said but on which side it is.
    """

    words: Mapping[str, Any]
    names: Names
    settings: Mapping[str, Setting]
    certain: bool

    def lines(self, challenge: Challenge, found: Iterable[Found]) -> list[str]:
        """One for each thing that is missing, and one for all that is there."""
        said = [(one.side, self._line(one, challenge.holds[one.field])) for one in found]
        met = self.words["between"].join(line for side, line in said if side == MET)
        missing = [line for side, line in said if side != MET]
        return missing + ([self.words["all_met"].format(met=met)] if met else [])

    def _line(self, found: Found, limits: Mapping[str, Any]) -> str:
        name = found.field.removeprefix("experiment.")
        is_set = name in self.settings
        what, write = self._set(name) if is_set else self._computed(found.field)
        certain = self.certain or is_set or isinstance(found.value, str | bool)
        value = write(found.value) if certain else self.words["uncertain"]
        asked = (self.words["limits"][limit].format(value=write(wanted)) for limit, wanted in limits.items())
        return str(self.words[found.side].format(what=what, value=value, asked=self.words["and"].join(asked)))

    def _set(self, name: str) -> tuple[str, Callable[[Any], str]]:
        """The label of a setting, and what writes a value as its control shows it."""

        def write(value: Any) -> str:
            shown = f"{value:g}" if isinstance(value, float) else self.names.shown(name, value)
            return str(self.words["switch"].get(shown, shown))

        return self.names.of(name)["label"], write

    def _computed(self, field: str) -> tuple[str, Callable[[Any], str]]:
        """What a field is, by its name where it has no words, and what writes a value of it."""
        words, cells = sentences("fields", self.names.language), [one for one in _CELL.findall(field) if one in CELLS]
        entry = words["fields"].get(_CELL.sub(lambda part: "[cell]" if part[1] in CELLS else part[0], field), {})
        what = entry["what"].format(cell=CELLS[cells[0]].short if cells else "") if entry else f"“{field}”"

        def write(value: Any) -> str:
            if isinstance(value, str | bool):
                return str(words["values"].get(str(value).lower()) or self._called(str(value)))
            return str(entry.get("value", words["number"]).format(value=value))

        return what, write

    def _called(self, text: str) -> str:
        """A text as a control of the page shows it, where one offers it."""
        key = text.replace("_", " ")
        return next((self.names.shown(name, key) for name, one in self.settings.items() if key in one.values), text)
