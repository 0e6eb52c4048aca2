"""What a visitor has brought: weights and inputs of their own, in their session's memory and nowhere else."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rnn_dynamics.content import Words
from rnn_dynamics.course.glossary import marked_claims
from rnn_dynamics.dashboard.downloads import Download
from rnn_dynamics.dashboard.page import Page
from rnn_dynamics.dashboard.seat import seat
from rnn_dynamics.engine.given import Network
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.own.files import LARGEST_FILE
from rnn_dynamics.own.given import OWN, TRAINED, Given
from rnn_dynamics.own.held import Held, Holding
from rnn_dynamics.own.recognise import Named
from rnn_dynamics.own.unreadable import UnreadableFile, tame
from rnn_dynamics.pictures.kit.frames import Views
from rnn_dynamics.process import reads_pickles

#: Megabytes of a file.
LARGEST = LARGEST_FILE // 1_000_000
#: So many arrays that are part of no network are named.
_NAMED = 4
#: Keys of the session's state; of the two uploaders, and of the choice among several modules.
_KEY, _WEIGHTS, _INPUTS, _MODULE = "brought", "own_weights", "own_inputs", "own_module"


@dataclass
class Brought:
    """What one session has brought.

    held: from files. renewed: key of a control -> how often it began anew. failures: key of an uploader -> why its
    file is not read. trained: what was trained on the page "Learning long lags", and at which stage. answered: the last
    question about all that, and its answer.
    """

    held: Held = field(default_factory=Held)
    renewed: Counter[str] = field(default_factory=Counter)
    failures: dict[str, UnreadableFile] = field(default_factory=dict)
    trained: tuple[Any, Given | None] = (None, None)
    answered: tuple[Any, Any] = (None, None)

    def key(self, control: str) -> str:
        """A control's own, since a browser keeps for a key what was chosen or uploaded there before."""
        return f"{control} {self.renewed[control]}"


def brought() -> Brought:
    """What this session has brought."""
    found: Brought = st.session_state.get(_KEY) or st.session_state.setdefault(_KEY, Brought())
    return found


def weights_of(source: str) -> Given | None:
    """What this session has of a source, if anything."""
    if source == OWN:
        now = brought().held.now
        return now.weights if now else None
    return _trained() if source == TRAINED else None


def reads_file(source: str) -> bool:
    """Whether the inputs are those of a file."""
    given = weights_of(source)
    return given is not None and given.inputs is not None


def _trained() -> Given | None:
    """The last network of the session's own training, once that is over."""
    job, found = seat().jobs.get("learning"), brought()
    if job is None or not job.over or not job.trainers:
        return None
    if found.trained[0] != job.stage:
        trainer = job.trainers[-1]
        asked, learned = trainer.training.experiment, trainer.parameters()
        own = {name: values for name, values in learned.items() if name.endswith("_l0")}
        network = Network(cell=asked.cell, parameters=own, nonlinearity=asked.nonlinearity)
        found.trained = job.stage, Given(network=network, source=TRAINED)
    return found.trained[1]


@dataclass(frozen=True, kw_only=True)
class OwnWeightsPage(Page):
    """A page whose view `weights` may ask for a visitor's own: what is answered then stays in the visitor's session.

    answer_for: of a question and weights. question_of: an experiment, given that view. given_by: the weights of such a
    question where they are nobody's.
    """

    given_by: Callable[[Experiment, str], Given]
    answer_for: Callable[[Experiment, Given], Any]
    question_of: Callable[[Experiment, str], Experiment]

    def show_controls(self, *names: str, **options: Any) -> dict[str, Any]:
        """Beside the first, which says whose weights they are, the panel for a visitor's files."""
        words, now = self.words()["bring"], self.settled()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key=f"controls_{self.name}"):
            weights, *others = names or self.main
            self.control(weights, now)
            panel = st.popover(words["button"], on_change="rerun", key="bring")
            for name in others:
                self.control(name, now)
        if panel.open:
            with panel:
                _Panel(words, self.words("own"), self._taken).show()
                self._hand_out(words["hand_out"])
        return now

    def _taken(self) -> None:
        self.go_to({"weights": OWN})
        self.write_address()

    def _hand_out(self, label: str) -> None:
        """The weights that are shown, for the script to read, unless they are a visitor's file."""
        experiment, views = self.asked()
        source = views["weights"]
        given = weights_of(source) or self.given_by(self.question_of(experiment, source), source)
        if not given.file:
            name = given.file_name
            st.download_button(label.format(file=name), given.as_file, file_name=name, on_click="ignore")

    def about_link(self, views: Views) -> str:
        """What the link opens, in which no weights are."""
        return super().about_link(views) if weights_of(views["weights"]) is None else self.words()["bring"]["link"]

    def answer(self, experiment: Experiment, views: Views) -> Any:
        """From this session, or from what all share."""
        given, found = weights_of(views["weights"]), brought()
        if given is None:
            return super().answer(experiment, views)
        question = self.question_of(experiment, views["weights"]), given
        if found.answered[0] != question:
            found.answered = question, self.answer_for(*question)
        return found.answered[1]

    def files(self, experiment: Experiment, views: Views) -> Sequence[Download]:
        """None where there is no answer."""
        try:
            return super().files(experiment, views)
        except ValueError:  # `draw` says why
            return ()

    def draw(self, experiment: Experiment, views: Views) -> None:
        """The picture and its finding, or why there is none."""
        try:
            if weights_of(views["weights"]) is None:
                super().draw(experiment, views)
                return
            answer = self.answer(experiment, views)
        except ValueError as error:  # the states of a ReLU network have outgrown float64
            self.show_state("")
            st.error(self.words()["refused"].format(why=error))
            return
        words = self.words()
        claim = self.picture.claim(marked_claims(words), answer, views)
        self.show(self.picture.drawn_from(answer, views, words), views, claim, answer.digits)
        if self.follow and not self.hides:
            self.follow(answer)


@dataclass(frozen=True)
class _Panel:
    """The panel for a visitor's files.

    words: its own. own: what is said of files that are not read. taken: is called when something is read, or chosen.
    """

    words: Mapping[str, Any]
    own: Words
    taken: Callable[[], None]

    def show(self) -> None:
        """The uploaders, what was found, and why a file is not read."""
        st.markdown(self.words["intro"])
        if reads_pickles():
            st.markdown(self.words["pickles"])
        self._uploader(_WEIGHTS, self.words["weights"], _read_weights)
        if now := brought().held.now:
            self._found(now)
            label = self.words["inputs"].format(features=now.weights.network.input_size)
            self._uploader(_INPUTS, label, _read_inputs)
            self._forget(now)

    def _uploader(self, key: str, label: str, read: Callable[[bytes, str], None]) -> None:
        st.file_uploader(label, key=brought().key(key), on_change=self._take, args=(key, read), max_upload_size=LARGEST)
        if error := brought().failures.get(key):
            st.error(error.said(self.own))
            if error.lines:
                st.code(error.lines, wrap_lines=True)

    def _take(self, key: str, read: Callable[[bytes, str], None]) -> None:
        file, failures = st.session_state.get(brought().key(key)), brought().failures
        failures.pop(key, None)
        if file is None:  # a browser takes a file out before it puts in another
            return
        try:
            read(file.getvalue(), file.name)
        except UnreadableFile as error:
            failures[key] = error
        else:
            brought().renewed[_MODULE] += key == _WEIGHTS
            self._taken(key)

    def _taken(self, key: str) -> None:
        """Another network may read the inputs that the last one could not, or not those of the last one."""
        self.taken()
        if key != _INPUTS:
            self._take(_INPUTS, _read_inputs)

    def _found(self, now: Holding) -> None:
        """Which networks were found, one of which a reader chooses, and what else is in the file."""
        words, others = self.words, now.found.others
        names = [_called(words, named) for named in now.found.networks]
        key, named = brought().key(_MODULE), names.__getitem__
        st.selectbox(words["module"], range(len(names)), now.place, named, key=key, on_change=self._choose, args=(key,))
        says = {"file": now.file, "count": len(names), "others": len(others)}
        says["names"] = words["between"].join(map(tame, others[:_NAMED]))
        st.caption(words["found"].format(**says) + (words["not"].format(**says) if others else ""))
        for refused in now.found.refused:
            st.caption(refused.said(self.own))

    def _choose(self, key: str) -> None:
        """Take what was chosen, if it is of the file that is there: a browser may send a new file along with it."""
        if key == brought().key(_MODULE):
            brought().held.choose(st.session_state[key])
            self._taken(_MODULE)

    def _forget(self, now: Holding) -> None:
        with st.container(horizontal=True):
            st.button(self.words["forget"], key="forget", on_click=_let_go, args=(Held.forget, _WEIGHTS, _INPUTS))
            if now.weights.inputs is not None:
                label, args = self.words["forget_inputs"], (Held.forget_inputs, _INPUTS)
                st.button(label, key="forget_inputs", on_click=_let_go, args=args)


def _let_go(forget: Callable[[Held], None], *uploaders: str) -> None:
    """Forget what was read, and the files themselves, which Streamlit would keep until the session ends."""
    forget(brought().held)
    brought().renewed.update(uploaders)
    for key in uploaders:
        brought().failures.pop(key, None)
    if context := get_script_run_ctx():
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def _read_weights(data: bytes, name: str) -> None:
    brought().held.read_weights(data, name, pickles=reads_pickles())


def _read_inputs(data: bytes, name: str) -> None:
    brought().held.read_inputs(data, name)


def _called(words: Mapping[str, Any], named: Named) -> str:
    network = named.network
    sizes = {"cell": network.kind.short, "hidden": network.hidden_size, "layers": network.num_layers}
    return str(words["named"].format(name=named.name or words["nameless"], directions=network.directions, **sizes))
