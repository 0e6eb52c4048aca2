"""The settings of a page of a picture: what it offers, how they stand, and its buttons."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import streamlit as st

from rnn_dynamics.dashboard import controls, lecture, links
from rnn_dynamics.dashboard.plain import AnyPage
from rnn_dynamics.dashboard.settings_words import NEW_SEED, RESET, state_line
from rnn_dynamics.dashboard.style import USUAL, Height
from rnn_dynamics.dashboard.visitor import Visitor, visitor
from rnn_dynamics.engine.cells import CELLS, cells_where
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.experiment import KNOBS, KNOBS_NUMBER, Experiment, settings
from rnn_dynamics.idle import MAY_IDLE, why_idle
from rnn_dynamics.pictures.kit.picture import Picture, Setting

#: The first picture of most pages: the RNN's gradient dies within the sequence and the LSTM's does not.
HOUSE = Experiment(cell="rnn", weight_scale=1.0, sequence_length=100, batch_size=2, forget_bias=3.0)
#: The cells that can be stacked, which feed back their own state; those with a W_hh, which a weight
#: scale multiplies; those that can be unrolled in every shape, which are both; and those that keep by a gate.
FEEDING_BACK_STATE = cells_where(lambda cell: not cell.feeds_back_output)
SCALED = cells_where(has_w_hh)
BY_A_MATRIX = tuple(name for name in SCALED if name in FEEDING_BACK_STATE)
KEEPING = cells_where(lambda cell: cell.keeps)
#: Settings that stand on the pages which are about them: on all others they would make the panel "More" too long.
FEW_NEED = ("input_weights", "input_weight_scale", "bias", "forget_bias_layers", "initial_state")
#: Key of the session's state: the page that has said something above its picture last, the claim of that, and all.
_SAID = "said"
#: Where there is one direction, what it ends with is its last state.
_LOSSES_OF_ONE_DIRECTION = ("last", "every")


@dataclass(frozen=True, kw_only=True)
class Frame(AnyPage):
    """What a page declares of its settings; those of the experiment and those of its picture are named alike.

    picture: whose settings are the page's, as are those of `second`, a picture further down. opening: the first
    experiment. presets: key -> what differs there from the opening, in the order of their shortcuts. main: settings
    whose controls stand beside the picture. lower: those that stand further down. more: fields in the panel "More",
    which holds the picture's other settings too; if none are named, all but those of `without`. offered: field -> the
    values that this page offers, where not all. asks: the picture's settings that each preset sets, as it does all
    fields; others it leaves to the reader. apart: what this page keeps to itself: it begins with its opening value, and
    leaves the other pages theirs. leading: the setting whose slider a key brings the focus to. existing: setting ->
    those of its values that exist at the moment, given all settings. pictured: the cells whose networks are shown when
    a cell is chosen. idle: setting -> why it has no effect, given all settings: the key of a sentence under [idle] of
    the page's words, or ""; what only one cell has, such as "gru_gate", has none beside another, for the reason
    "other_cell".
    """

    picture: Picture
    second: Picture | None = None
    opening: Experiment = HOUSE
    presets: Mapping[str, Mapping[str, Any]]
    main: tuple[str, ...]
    lower: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    without: tuple[str, ...] = ("num_layers", "bidirectional", *FEW_NEED)
    offered: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    leading: str = "weight_scale"
    height: Height = USUAL
    existing: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Any]]] = field(default_factory=dict)
    pictured: Callable[[str], Collection[str]] = lambda cell: (cell,)
    idle: Mapping[str, Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the page's file, of its picture, and of its words in content/."""
        return self.picture.name

    @cached_property
    def views(self) -> dict[str, Setting]:
        """The settings of the pictures: where both have one, it is the first's."""
        own, others = self.picture.settings, self.second.settings if self.second else {}
        return {**own, **others, **own}

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """All settings that have a control here: beside the picture, further down, and in the panel "More"."""
        beside = (*self.main, *self.lower)
        more = self.more or tuple(name for name in KNOBS if name not in self.without)
        fields = {name: getattr(self.opening, name) for name in (*beside, *more) if name in KNOBS}
        offered = {} if "bidirectional" in (*beside, *more) else {"loss_at": _LOSSES_OF_ONE_DIRECTION}
        offered |= self.offered
        found = {name: controls.of_field(name, value, offered.get(name)) for name, value in fields.items()}
        return {name: (found | self.views)[name] for name in dict.fromkeys((*beside, *more, *self.views))}

    @cached_property
    def at_opening(self) -> dict[str, Any]:
        """Every setting when the page opens, fields without a control too."""
        return settings(self.opening) | {name: view.at_opening for name, view in self.views.items()}

    @cached_property
    def hides(self) -> bool:
        """Whether all this waits for the hall's guess, see `lecture`: the same for all fragments of a page."""
        return lecture.hides()

    def asked(self, away: Mapping[str, Any] | None = None) -> tuple[Experiment, dict[str, str]]:
        """The experiment and the views, as the controls stand, or where these settings differ from the opening."""
        state = self.at_opening | dict(self.now if away is None else away)
        views = {name: str(state.pop(name)) for name in self.views}
        return Experiment(**state), views

    # --- controls ---------------------------------------------------------------------------------------------------

    def control(self, name: str, now: dict[str, Any] | None = None) -> None:
        """The control of a setting.

        `now`: all settings, where they are known, for Streamlit takes 0.05 ms and more to say; kept true, where this
        one moves on.
        """
        existing = self._existing(name, now) if name in self.existing else ()
        controls.control(self.names, name, self.settings[name], self._why_idle(name, now), existing)
        links.let_go(name)

    def _why_idle(self, name: str, now: Mapping[str, Any] | None = None) -> str:
        """Why a setting has no effect on this page at the moment, or ""; `now`: all settings, where they are known."""
        cell = name.partition("_")[0]
        if name not in (*self.idle, *MAY_IDLE) and cell not in CELLS:
            return ""
        now = now or self.now
        other = "other_cell" if cell in CELLS and cell != now["cell"] else ""
        if own := other or (self.idle[name](now) if name in self.idle else ""):
            return str(self.words()["idle"][own])
        shared = why_idle(name, now, self.pictured(now["cell"]) if "cell" in now else CELLS)
        return str(self.words("app")["idle"][shared]) if shared else ""

    def _existing(self, name: str, now: dict[str, Any] | None = None) -> Sequence[Any]:
        """The values of a setting that exist; where the present one does not, the view moves on to the next that does.

        It is set only then: a value that is set at each run would stop a held key.
        """
        now, values = now or self.now, self.settings[name].values
        offered = self.existing[name](now)
        if now[name] not in offered:
            later = (value for value in values[values.index(now[name]) :] if value in offered)
            now[name] = st.session_state[name] = next(later, offered[-1])
        return offered

    # --- buttons ----------------------------------------------------------------------------------------------------

    @cached_property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """Key of a button -> what it sets of what has a control here: a reset all, a preset not the reader's views."""
        opening = self.at_opening
        fixed = {name: value for name, value in opening.items() if name in (*KNOBS, *self.asks)}
        presets = {f"preset_{key}": fixed | dict(away) for key, away in self.presets.items()}
        return {
            key: {name: value for name, value in there.items() if name in self.settings}
            for key, there in (presets | {RESET: opening}).items()
        }

    @property
    def marked(self) -> tuple[str, ...]:
        """Also that of a new seed, where no network may be shown."""
        return super().marked + (NEW_SEED,) * ("seed" in self.idle)

    @cached_property
    def above(self) -> Any:
        """Where the line above the picture stands, made outside of all fragments, so that each can write it anew."""
        return st.empty()

    def show_state(self, claim: str | None = None) -> None:
        """Say what the picture claims, which preset is on, and what is not as at the opening.

        Each fragment with a control does, to be true. `claim`: as HTML; None for that which this page has said last.
        """
        claim = self._said[0] if claim is None else claim
        now, opening, titles = self.now, self.at_opening, self.words()["presets"]
        lecture.keep_true(now)
        # The name of a preset would answer what a lecture asks.
        same = [] if self.hides else [key for key, there in self.buttons.items() if there.items() <= now.items()]
        preset = next((key for key in same if key != RESET), "")
        away = [name for name, value in now.items() if value != opening[name] and not self._why_idle(name, now)]
        said = {name: (self.names.of(name)["label"], self.names.said(name, now[name])) for name in away}
        sets = [said.pop(name) for name in away if name in self.buttons.get(preset, ())]
        said.pop("seed", None)
        title = titles[preset.removeprefix("preset_")] if preset else ""
        seedless = bool(self._why_idle("seed", now)) and not self.hides
        on = [key for key in same if key in (preset, RESET)] + [NEW_SEED] * seedless
        line = claim + state_line(self.words("app")["state"], now["seed"], title, sets, [*said.values()], on)
        st.session_state[_SAID] = self.name, claim, line
        self.above.html(line)
        visitor().answered()

    def keep_state(self) -> None:
        """Let stand what was said last until the picture is there, lest the page jump, unless it would be a hint."""
        above, (_, line) = self.above, self._said
        if line and not self.hides:
            above.html(line)

    @property
    def _said(self) -> tuple[str, str]:
        page, claim, line = st.session_state.get(_SAID, ("", "", ""))
        return (claim, line) if page == self.name else ("", "")

    def go_to(self, there: Mapping[str, Any]) -> None:
        """Set controls, from the callback of a button; an opening value is nobody's choice."""
        opening, who = self.at_opening, visitor()
        who.put(there)
        who.choose({name: None if value == opening[name] else value for name, value in there.items()})
        who.shown |= there

    def next_seed(self) -> None:
        """The next seed, not a random one: a whole class that presses the button sees the same networks."""
        if links.comes_again():
            return
        who = visitor()
        who.insist()
        who.put({"seed": (self.now["seed"] + 1) % len(KNOBS_NUMBER["seed"].offered)})

    # --- address and visitor ----------------------------------------------------------------------------------------

    def _set_controls(self, who: Visitor) -> None:
        """Beside, of the values that exist the next one, and a remark where a link has asked for another."""
        super()._set_controls(who)
        for name in self.existing:
            asked = self.now[name]
            if asked not in self._existing(name) and name in links.asked_by_link():
                there = links.shown(name, self.now[name])
                who.notices.append(links.remark("moved", name, links.shown(name, asked), shown=there))
