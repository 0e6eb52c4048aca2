"""The page "Your network": its answer against torch and the library, files that a visitor brings, and their privacy."""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load
from safetensors.torch import save
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from rnn_dynamics import Experiment, run
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.seat import Seat
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.engine.cells.cell import has_w_hh
from rnn_dynamics.engine.given import Network
from rnn_dynamics.engine.work import walk_seconds
from rnn_dynamics.learning.jobs import worked_through
from rnn_dynamics.learning.networks import PLACES
from rnn_dynamics.learning.reading import starting_parameters
from rnn_dynamics.learning.training import Training
from rnn_dynamics.own import advice as advice_module
from rnn_dynamics.own import held as holding
from rnn_dynamics.own.examples import example
from rnn_dynamics.own.files import read_weights
from rnn_dynamics.own.findings import Finding
from rnn_dynamics.own.given import OWN, TRAINED, Given
from rnn_dynamics.own.recognise import recognise
from rnn_dynamics.pictures.own_network import PICTURE, answer_for, explained, question_of, tried
from rnn_dynamics.pictures.own_network import answer as answer_module
from rnn_dynamics.pictures.own_network.answer import EXAMPLES, OwnNetworkAnswer, own_network_answer
from rnn_dynamics.remembered import MEMORY, size_of
from rnn_dynamics.scripts import own_network_script
from tests.every import every
from tests.handed_out import frame_of
from tests.hostile import hostile_weights
from tests.pictured import column, drawn_from, said_of
from tests.scripts import printed_by_all, rows_of
from tests.test_before_after import trained
from tests.test_made_up_language import made_up, without_brackets
from tests.test_own_files import refused
from tests.test_pages import ROOT, link, open_page, shown

__all__ = ["made_up"]  # a fixture

SMALL = Experiment(sequence_length=24, batch_size=3, seed=3)
WORDS = sentences("own_network")
#: What is trained here for it, in no time.
LEARNS = Experiment(cell="lstm", sequence_length=10, hidden_size=4, batch_size=2, initialisation="torch")


def opening() -> Experiment:
    """That of the page."""
    return frame_of("own_network").opening


class Model(torch.nn.Module):
    """A reader's own, with modules of several kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = torch.nn.LSTM(5, 7, num_layers=2, bidirectional=True)
        self.decoder = torch.nn.GRU(14, 6, bias=False)
        self.tagger = torch.nn.RNN(5, 4, nonlinearity="relu")
        self.out = torch.nn.Linear(6, 3)


@cache
def state_dict() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Model().state_dict()


def given(name: str, inputs: NDArray[np.float64] | None = None, **more: Any) -> Given:
    """A module of it, as the page takes it from a file."""
    found = recognise({key: tensor.numpy() for key, tensor in state_dict().items()}).networks
    (named,) = (one for one in found if one.name == name)
    keys = dict(zip(named.network.parameters, named.tensors, strict=True))
    return Given(network=named.network, source=OWN, name=name, file="w.safetensors", keys=keys, inputs=inputs, **more)


def by_place(answer: OwnNetworkAnswer, network: str = "given") -> dict[tuple[int, str, int], list[float]]:
    """(Layer, direction, step) -> its log10 norms in the order of a script's line, from the page's own table."""
    frame = PICTURE.files["gradients"](answer, {})
    rows = frame[frame["network"] == network]
    components = ["input", *(name for name in answer.cell.components if name not in answer.cell.untold)]
    places: dict[tuple[int, str, int], list[float]] = {}
    for component in components:
        own = rows[rows["component"] == component]
        for *place, norm in zip(*(own[name] for name in ("layer", "direction", "step", "log10_norm")), strict=True):
            places.setdefault((place[0], place[1], place[2]), []).append(float(norm))
    return places


@every("cell", ["rnn", "lstm", "gru"])
@every("loss_at", ["last", "every", "final"])
@every(("layers", "both"), [(1, False), (2, True)])
def test_pytorch_s_default_is_that_of_all_other_pages(cell: str, loss_at: str, layers: int, both: bool) -> None:
    asked = replace(SMALL, cell=cell, loss_at=loss_at, num_layers=layers, bidirectional=both, hidden_size=5)
    asked = replace(asked, weight_scale=1.3, forget_bias=0.5 if cell == "lstm" else 0.0)
    answer = own_network_answer(asked, {"weights": "torch"})
    trace = run(replace(asked, initialisation="torch"))
    np.testing.assert_allclose(answer.replay.log10_inputs, trace.log10_norms["input"], atol=1e-10)
    for level, ours in zip(trace.layers, answer.replay.levels, strict=True):
        assert (level.layer, level.reverse) == (ours.layer, ours.reverse)
        for name, norms in level.log10_norms.items():
            if name in ours.log10_norms:
                np.testing.assert_allclose(ours.log10_norms[name], norms, atol=1e-10)
        for name, values in level.gates.items():
            np.testing.assert_allclose(ours.gates[name], values.mean(axis=(1, 2)), atol=1e-12)


def checkpoint(name: str) -> Given:
    """The same from a file in which the weights lie beside other things."""
    weights = given(name)
    return replace(weights, file="w.ckpt", keys={key: f"state_dict.{own}" for key, own in weights.keys.items()})


def that_torch_lacks(cell: str) -> Given:
    """A network that torch.nn lacks, trained here."""
    asked = Experiment(cell=cell, sequence_length=10, hidden_size=5, batch_size=4, initialisation="torch")
    found = starting_parameters(Training(experiment=asked))
    parameters = {name: of for name, of in found.items() if name.endswith("_l0") and of.size}
    return Given(network=Network(cell=cell, parameters=parameters), source=TRAINED, file=f"{cell}.safetensors")


CASES: dict[str, tuple[Given, Experiment]] = {
    "trained LSTM": (
        Given(network=example("lstm_after"), source="trained LSTM"),
        replace(SMALL, forget_bias=1.5, weight_scale=0.7),
    ),
    "encoder": (given("encoder"), replace(SMALL, loss_at="every", forget_bias=1.0)),
    "decoder": (given("decoder"), replace(SMALL, forget_bias=2.0, input_scale=0.5)),
    "relu": (given("tagger"), replace(SMALL, nonlinearity="relu", weight_scale=2.0)),
    "final": (given("encoder"), replace(SMALL, loss_at="final", weight_scale=1.5)),
    "reset": (given("decoder"), replace(SMALL, reset_gate="before", forget_bias=1.0)),
    "npz": (replace(given("decoder"), file="w.npz"), replace(SMALL, loss_at="every")),
    "checkpoint": (checkpoint("decoder"), SMALL),
    "far": (given("encoder"), replace(SMALL, weight_scale=0.1, forget_bias=-2.0, sequence_length=300)),
    "minGRU": (that_torch_lacks("mingru"), replace(SMALL, forget_bias=1.5, weight_scale=2.0, loss_at="every")),
    "minLSTM": (replace(that_torch_lacks("minlstm"), source="torch"), replace(SMALL, forget_bias=1.0)),
    "LRU": (that_torch_lacks("lru"), replace(SMALL, weight_scale=2.0, loss_at="every")),
    "sLSTM": (that_torch_lacks("slstm"), replace(SMALL, forget_bias=1.5, weight_scale=2.0)),
    "coRNN": (that_torch_lacks("cornn"), replace(SMALL, weight_scale=2.0, loss_at="every")),
    "inputs": (given("encoder", np.random.default_rng(5).standard_normal((9, 2, 5)), inputs_file="my x.npy"), SMALL),
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name -> what the script of each case prints, beside the files that it reads."""
    folder, scripts = tmp_path_factory.mktemp("scripts"), {}
    (folder / "w.safetensors").write_bytes(save({key: of.contiguous() for key, of in state_dict().items()}))
    parameters = {key: torch.nn.Parameter(of.clone()) for key, of in state_dict().items()}
    torch.save({"epoch": 3, "state_dict": parameters}, folder / "w.ckpt")
    np.savez(folder / "w.npz", **{key: of.numpy() for key, of in state_dict().items()})  # type: ignore[arg-type]
    for name, (weights, question) in CASES.items():
        answer = answer_for(question, weights)
        scripts[name] = own_network_script(weights, answer.experiment, answer.digits)
        if not (folder / weights.file_name).exists():
            (folder / weights.file_name).write_bytes(weights.as_file())
        if weights.inputs is not None:
            np.save(folder / weights.inputs_file, weights.inputs)
    return printed_by_all(scripts, folder)


@every("name", CASES)
def test_a_script_prints_the_numbers_of_the_page_from_the_reader_s_own_file(name: str, printed: dict[str, str]) -> None:
    (_, loss), (_, _, _, *names), *lines = rows_of(printed[name])
    found = {
        (int(layer), way, int(step)): [float(norm) for of, norm in zip(names, norms, strict=False) if "ln(" not in of]
        for layer, way, step, *norms in lines  # of ln n no page tells a norm
    }
    table = by_place(answer_for(CASES[name][1], CASES[name][0]))
    assert float(loss) > 0.0
    assert found.keys() == table.keys()
    for place, norms in found.items():
        np.testing.assert_allclose(norms, table[place], atol=1e-9)
    assert name != "far" or min(norms[-1] for norms in table.values()) < -100.0


def test_a_name_in_a_file_stays_a_name_in_the_script() -> None:
    hostile = 'x"""\nraise SystemExit(1)\n"""'
    weights = replace(given("decoder"), name=hostile, file=f"{hostile}.npz")
    weights = replace(weights, keys={name: hostile + name for name in weights.network.parameters})
    compiled = compile(own_network_script(weights, SMALL, 10), "again.py", "exec")
    assert "SystemExit" not in compiled.co_names


def test_the_dashed_network_has_the_same_sizes_and_numbers_within_torch_s_bounds() -> None:
    answer = answer_for(SMALL, given("encoder"))
    assert by_place(answer).keys() == by_place(answer, "fresh").keys()
    values = drawn_from(PICTURE, answer)
    assert len(column(values["curves"], "step", kind="fresh")) == len(column(values["curves"], "step", kind="given"))


def test_a_network_too_large_is_answered_over_fewer_sequences_and_steps_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = given("encoder").network
    of_ten = walk_seconds(network.kind.blocks, network.hidden_size, 1, 10 * network.levels)
    for name, value in {"_LARGEST": 1.0001 * of_ten, "_FEWEST_STEPS": 2, "_LARGEST_SHARES": 1e3}.items():
        monkeypatch.setattr(answer_module, name, value)
    monkeypatch.setattr(advice_module, "_LONGEST", 1e-3)
    answer = answer_for(SMALL, given("encoder"))
    steps = answer.experiment.sequence_length
    assert answer.experiment.batch_size == 1
    assert steps == 10
    assert len(answer.replay.log10_inputs) == steps
    said = said_of(PICTURE, answer)
    assert f"computes {steps} steps of 24" in said
    assert "computes 1 sequence of 3" in said
    assert tried(answer) is None
    assert [one.by_lag for one in answer.explain()] == [None] * 4
    monkeypatch.undo()
    assert all(one.by_lag for one in answer_for(SMALL, given("decoder")).explain())


@every("loss_at", ["last", "every", "final"])
def test_what_is_said_at_once_is_a_part_of_the_whole_verdict(loss_at: str) -> None:
    answer = answer_for(replace(SMALL, loss_at=loss_at), given("encoder"))
    for one, whole in zip(answer.findings, answer.explained, strict=True):
        assert isinstance(whole, Finding)
        assert not isinstance(one, Finding)
        told = {name: repr(vars(whole)[name]) for name in vars(one)}
        assert told == {name: repr(value) for name, value in vars(one).items()}
    (whole,) = answer_for(SMALL, given("decoder")).explained
    assert whole.by_lag is not None
    assert whole.by_lag.shares.sum() == pytest.approx(1.0)
    shared = own_network_answer(SMALL, {"weights": "trained RNN"})
    assert explained(shared) is explained(shared)


def test_what_is_asked_of_weights_that_are_not_there_is_computed_once_for_all_who_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    example_s, asked = own_network_answer(SMALL, {"weights": "trained LSTM"}), list[Any]()
    monkeypatch.setattr(answer_module, "run_network", asked.append)
    for source in ("trained here", "own file"):
        answer = own_network_answer(SMALL, {"weights": source})
        assert answer.replay is example_s.replay
        assert (answer.given.source, answer.given.missing) == ("trained LSTM", source)
    assert not asked


def test_an_answer_is_not_charged_for_the_example_that_all_share() -> None:
    answer = own_network_answer(SMALL, {"weights": "trained LSTM"})
    weights = sum(values.nbytes for values in answer.network.parameters.values())
    assert size_of(answer) < weights / 2
    drawn = own_network_answer(SMALL, {"weights": "torch"})
    assert size_of(drawn) > sum(values.nbytes for values in drawn.network.parameters.values())


@every("source", ["untrained LSTM", "torch"])
def test_what_would_help_is_tried_on_these_weights_and_a_knob_gives_the_same(source: str) -> None:
    longer = replace(SMALL, sequence_length=150)  # else there is nothing that the LSTM would need
    answer = own_network_answer(longer, {"weights": source})
    assert tried(answer) is tried(answer)
    knobs: dict[str, str] = {"scale": "weight_scale", "gate_bias": "forget_bias"}
    found = [one for one in tried(answer) or () if one.kind in knobs]
    assert len(found) == len(knobs)
    for one in found:
        asked: dict[str, Any] = {knobs[one.kind]: one.value}
        moved = own_network_answer(replace(longer, **asked), {"weights": source})
        # A trial keeps the errors as they were, and a knob lets the loss find its own.
        assert one.after[0].log10_factor == pytest.approx(moved.findings[0].verdict.log10_factor, abs=2e-3)


@pytest.mark.parametrize("key", ["forget_bias", "weight_scale"])
def test_a_button_sets_the_knob_that_does_what_was_tried(key: str) -> None:
    app = opened(weights="untrained LSTM", sequence_length="150")
    assert sum("<th>Tried</th>" in words for words in shown(app)["words"]) == 1
    (button,) = (one for one in app.button if one.key == f"tried_{key}")
    slider, asked = app.select_slider(key=key), float(button.label.split()[-1])
    assert button.label == f"Set {slider.label} {asked}"
    assert slider.value != asked
    button.click().run()
    assert not app.exception
    assert app.select_slider(key=key).value == asked
    assert app.query_params[key] in (str(asked), [str(asked)])


def test_no_button_sets_what_does_not_help_or_is_set() -> None:
    app = opened(weights="trained RNN", weight_scale="0.4", sequence_length="200")
    assert "further from holding" in " ".join(shown(app)["words"])
    assert [one.label for one in app.button if (one.key or "").startswith("tried_")] == []


# --- what a visitor brings --------------------------------------------------------------------------------------------


def saved(**only: torch.Tensor) -> bytes:
    return save({key: of.contiguous() for key, of in (only or state_dict()).items()})


def as_npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def opened(**params: str) -> AppTest:
    """The page with all its panels open."""
    app = AppTest.from_file(str(ROOT / "pages" / "own_network.py"), default_timeout=60)
    for key, value in params.items():
        app.query_params[key] = value
    app.session_state["bring"] = app.session_state["share"] = app.session_state["advice"] = True
    return app.run()


def bring(
    app: AppTest, data: bytes, name: str = "secret_model.safetensors", uploader: str = "own_weights 0"
) -> AppTest:
    app.file_uploader(key=uploader).set_value((name, data, "application/octet-stream")).run()
    assert not app.exception
    return app


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sessions of other tests have brought does not count."""
    monkeypatch.setattr(holding, "_EVERYBODY", set())


def labels(app: AppTest) -> list[str]:
    """Of what is handed out."""
    return [one.proto.label for one in app.get("download_button")]


def title(app: AppTest) -> str:
    (whole,) = shown(app)["0-whole"]
    return str(whole["gradient"])


def test_an_uploaded_network_is_shown_at_once_and_the_reader_chooses_among_several() -> None:
    app = bring(opened(), saved())
    assert app.selectbox(key="weights").value == OWN
    assert app.selectbox(key="own_module 1").options == [
        "decoder: GRU, H = 6, 1 layer, 1 direction",
        "encoder: LSTM, H = 7, 2 layers, 2 directions",
        "tagger: RNN, H = 4, 1 layer, 1 direction",
    ]
    said = (
        "secret_model.safetensors: 3 recurrent networks. 2 other arrays are part of none, such as out.bias, out.weight."
    )
    assert said in [one.value for one in app.caption]
    assert title(app).startswith("Your GRU keeps")
    app.selectbox(key="own_module 1").set_value(1).run()
    assert title(app).startswith("Your LSTM: at step 1 layer 1¦gets")
    expected = drawn_from(PICTURE, answer_for(question_of(opening(), OWN), given("encoder")))
    assert shown(app)["0-curves"] == expected["curves"]
    assert not app.error


def test_a_file_that_is_not_read_says_why_and_nothing_is_lost() -> None:
    app = bring(opened(), saved())
    before = shown(app)["0-curves"]
    app.file_uploader(key="own_weights 0").set_value(None).run()  # as a browser does before it puts in another
    bring(app, saved()[:300], "cut.safetensors")
    (error,) = app.error
    assert error.value.startswith("cut.safetensors is not safetensors, or cut short")
    assert shown(app)["0-curves"] == before
    bring(app, b"no model", "model.keras")
    assert "weights.safetensors, with torch's names" in app.error[0].value
    assert any("import keras" in code.value for code in app.code)
    bring(app, saved(), "again.safetensors")
    assert not app.error


def test_whatever_file_is_brought_the_page_says_why_it_is_not_read_and_the_picture_stays(tmp_path: Path) -> None:
    app = bring(opened(), saved())
    before, app.session_state["advice"] = shown(app)["0-curves"], False
    for name, make, key in hostile_weights(str(tmp_path / "evil"))[::20]:
        bring(app, make(), name)
        (error,) = app.error
        assert error.value == str(refused(name, make())), key
        assert shown(app)["0-curves"] == before
    assert not (tmp_path / "evil").exists()


def test_whatever_file_one_visitor_brings_another_goes_on_with_weights_of_their_own(tmp_path: Path) -> None:
    one, other = opened(), bring(opened(), saved())
    one.session_state["advice"] = other.session_state["advice"] = False
    files = hostile_weights(str(tmp_path / "evil"))[7::40]
    for (name, make, _), added in zip(files, (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5), strict=False):
        bring(one, make(), name)
        assert one.error
        other.select_slider(key="forget_bias").set_value(added).run()
        assert not other.exception
        assert not other.error
        question = question_of(replace(opening(), forget_bias=added), OWN)
        assert shown(other)["0-curves"] == drawn_from(PICTURE, answer_for(question, given("decoder")))["curves"]


def test_a_file_of_torch_is_read_only_where_the_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def noted(data: bytes, _: str, *, pickles: bool) -> Any:
        asked.append(pickles)
        return read_weights(data, "model.pt" if not pickles else "model.safetensors", pickles=pickles)

    monkeypatch.setattr(holding, "read_weights", noted)
    app = bring(opened(), saved(), "model.pt")
    assert "model.pt is a pickle" in app.error[0].value
    assert any("weights_only=True" in code.value for code in app.code)
    assert WORDS["bring"]["pickles"] not in [text.value for text in app.markdown]
    monkeypatch.setenv("RNN_DYNAMICS_PICKLES", "1")
    app = bring(opened(), saved(), "model.pt")
    assert title(app).startswith("Your GRU")
    assert WORDS["bring"]["pickles"] in [text.value for text in app.markdown]
    assert asked == [False, True]


def test_uploaded_inputs_decide_steps_and_sequences() -> None:
    app = bring(opened(), saved(**{key: of for key, of in state_dict().items() if "encoder" in key}))
    inputs = np.random.default_rng(1).standard_normal((31, 2, 5))
    bring(app, as_npy(inputs), "x.npy", "own_inputs 0")
    (whole,) = shown(app)["0-whole"]
    assert whole["length"] == 31
    assert any("your inputs: 2 sequences of 31 steps" in words for words in shown(app)["words"])
    assert app.select_slider(key="sequence_length").proto.disabled
    assert app.session_state["brought"].held.now.weights.inputs_file == "x.npy"
    bring(app, as_npy(inputs[..., :3]), "y.npy", "own_inputs 0")
    assert "this network reads D = 5" in app.error[0].value
    (whole,) = shown(app)["0-whole"]
    assert whole["length"] == 31


def test_another_network_reads_the_inputs_that_the_last_one_could_not() -> None:
    app = bring(opened(), saved())
    bring(app, as_npy(np.ones((31, 2, 5))), "x.npy", "own_inputs 0")
    assert "this network reads D = 14" in app.error[0].value
    app.selectbox(key="own_module 1").set_value(1).run()
    assert not app.error
    assert shown(app)["0-whole"][0]["length"] == 31
    app.selectbox(key="own_module 1").set_value(0).run()
    assert "this network reads D = 14" in app.error[0].value
    assert shown(app)["0-whole"][0]["length"] == 100
    bring(app, saved(**{key: of for key, of in state_dict().items() if "encoder" in key}), "other.safetensors")
    assert app.selectbox(key="own_module 2").options == ["encoder: LSTM, H = 7, 2 layers, 2 directions"]
    assert not app.error
    assert shown(app)["0-whole"][0]["length"] == 31


def test_a_choice_among_the_networks_of_one_file_is_none_among_those_of_the_next() -> None:
    app = bring(opened(), saved())
    app.selectbox(key="own_module 1").set_value(1).run()
    before = app.session_state["brought"].key("own_module")
    bring(app, saved(), "retrained.safetensors")
    assert app.session_state["brought"].key("own_module") != before  # for which the browser would send its choice again
    assert title(app).startswith("Your GRU")
    assert [one.value for one in app.selectbox if str(one.key).startswith("own_module")] == [0]


def test_a_choice_that_comes_along_with_another_file_is_none_in_it() -> None:
    app = bring(opened(), saved())
    app.selectbox(key="own_module 1").set_value(1)  # as a browser sends it again, from the third file on
    bring(app, saved(), "retrained.safetensors")
    assert title(app).startswith("Your GRU")


def test_weights_are_forgotten_at_a_press_and_inputs_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    monkeypatch.setattr(MemoryUploadedFileManager, "remove_session_files", lambda _, session: removed.append(session))
    app = bring(opened(), saved(**{key: of for key, of in state_dict().items() if "encoder" in key}))
    bring(app, as_npy(np.ones((31, 2, 5))), "x.npy", "own_inputs 0")
    app.button(key="forget_inputs").click().run()
    (whole,) = shown(app)["0-whole"]
    assert (whole["length"], title(app)[:9], len(removed)) == (100, "Your LSTM", 1)
    assert app.file_uploader(key="own_inputs 1").value is None
    app.button(key="forget").click().run()
    assert title(app).startswith("The trained LSTM")
    assert app.file_uploader(key="own_weights 1").value is None
    assert len(removed) == 2
    assert not app.exception


def test_weights_that_ship_are_handed_out_for_their_script() -> None:
    app = opened(weights="trained RNN")
    assert "The weights that are shown, as trained_RNN.safetensors" in labels(app)
    weights = Given(network=example("rnn_after"), source="trained RNN")
    assert '"trained_RNN.safetensors"' in own_network_script(weights, SMALL, 10).replace("'", '"')
    for name, values in load(weights.as_file()).items():
        np.testing.assert_array_equal(values, example("rnn_after").parameters[name])
    assert not [label for label in labels(bring(app, saved())) if "weights that are shown" in label]


def test_weights_stay_in_their_session() -> None:
    opened(weights=OWN)
    known = set(MEMORY._kept)
    app = bring(opened(), saved())
    app.select_slider(key="forget_bias").set_value(2.0).run()
    new = [answer for question, (answer, _) in MEMORY._kept.items() if question not in known]
    assert not [one for one in new if isinstance(one, OwnNetworkAnswer) and one.given.of_visitor]
    numbers = {float(of) for tensor in state_dict().values() for of in tensor.flatten()[:3]}
    assert not numbers & {float(number) for one in new if isinstance(one, np.ndarray) for number in one.flat}
    for text in (link(app), *app.query_params):
        assert "secret" not in text
        assert "encoder" not in text
    assert WORDS["bring"]["link"] in [one.value for one in app.caption]
    other = open_page("own_network", {"weights": OWN})
    assert WORDS["bring"]["link"] not in [one.value for one in other.caption]
    assert any(WORDS["notes"]["missing own file"] in words for words in shown(other)["words"])
    assert title(other).startswith("The trained LSTM")


@pytest.mark.usefixtures("nobody")
def test_a_server_holds_so_many_weights_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    first = bring(opened(), saved())
    (now,) = (one.now for one in holding._EVERYBODY)
    assert now
    own = [of.numel() for key, of in state_dict().items() if "out" not in key]
    assert now.size == 8 * sum(own)
    monkeypatch.setattr(holding, "MOST_BYTES", now.size)
    second = bring(opened(), saved())
    assert "holds as many weights" in second.error[0].value
    assert not first.run().error
    bring(first, saved())
    assert not first.error


def test_a_network_that_torch_has_not_is_refused_by_its_name() -> None:
    parts = {"weight_ih": (4, 5), "weight_hh": (4, 2), "weight_ho": (2, 4), "bias_ih": (4,), "bias_hh": (4,)}
    jordan = {f"old.{name}{'' if name == 'weight_ho' else '_l0'}": torch.zeros(shape) for name, shape in parts.items()}
    app = bring(opened(), saved(**jordan))
    assert app.error[0].value.startswith("old has a weight_ho, as a Jordan network has")


def test_states_that_leave_float64_are_told_and_the_page_goes_on() -> None:
    strong = {"tagger.weight_hh_l0": torch.eye(4) * 9.0, "tagger.weight_ih_l0": torch.ones(4, 5)}
    app = opened(sequence_length="1000", nonlinearity="relu")
    app.session_state["advice"] = False
    bring(app, saved(**strong))
    assert "grow beyond 1e+300" in app.error[0].value
    app.select_slider(key="weight_scale").set_value(0.1).run()
    assert not app.error
    assert not app.exception
    assert title(app).startswith("Your RNN")


@every("cell", ["lstm", *PLACES])
def test_what_was_trained_here_can_be_looked_at(cell: str) -> None:
    job = (
        trained()
        if cell == "lstm"
        else worked_through((Training(experiment=replace(LEARNS, cell=cell), iterations=3),))
    )
    app = AppTest.from_file(str(ROOT / "pages" / "own_network.py"), default_timeout=60)
    seat = Seat(None)  # type: ignore[arg-type]  # which asks nothing of a desk
    seat.jobs = {"learning": job}
    app.session_state["seat"], app.query_params["weights"] = seat, "trained here"
    app.run()
    assert not app.exception
    assert title(app).startswith(f"The {CELLS[cell].short} trained here")
    assert app.select_slider(key="weight_scale").proto.disabled == (not has_w_hh(CELLS[cell]))
    assert app.select_slider(key="forget_bias").proto.disabled == (not CELLS[cell].keeps)
    parameters = job.trainers[-1].parameters()
    network = Network(cell=cell, parameters={k: of for k, of in parameters.items() if k.endswith("_l0")})
    expected = answer_for(question_of(opening(), "trained here"), Given(network=network, source="trained here"))
    assert shown(app)["0-curves"] == drawn_from(PICTURE, expected)["curves"]


def test_every_example_is_the_shipped_one() -> None:
    for source, name in EXAMPLES.items():
        answer = own_network_answer(SMALL, {"weights": source})
        for key, values in example(name).parameters.items():
            np.testing.assert_array_equal(answer.network.parameters[key], values)


def test_every_text_about_files_and_advice_stands_in_its_language(made_up: str) -> None:
    app = bring(opened(lang=made_up), saved(), "x.safetensors")
    assert "tried_weight_scale" in [one.key for one in app.button]
    data = frozenset(("decoder", "encoder", "tagger", "safetensors"))
    assert without_brackets(app, data) == {}
    bring(app, b"", "x.npz")
    assert without_brackets(app, data) == {}


@every("cell", ["mingru", "minlstm", "lru", "cornn", "slstm"])
def test_a_file_of_a_network_that_torch_lacks_can_be_looked_at(cell: str) -> None:
    """An sLSTM's is read as an LSTM's, and the page says so."""
    weights = that_torch_lacks(cell)
    app = bring(opened(), weights.as_file())
    assert not app.error
    short = CELLS["lstm" if cell == "slstm" else cell].short
    assert app.selectbox(key="own_module 1").options == [f"network: {short}, H = 5, 1 layer, 1 direction"]
    assert title(app).startswith(f"Your {short}")
    read = replace(weights, network=replace(weights.network, cell="lstm")) if cell == "slstm" else weights
    expected = answer_for(question_of(opening(), OWN), read)
    assert shown(app)["0-curves"] == drawn_from(PICTURE, expected)["curves"]
    says = "".join(shown(app)["words"])
    assert ("here they are 0.042, 2.7 and 4.7" in says) == (cell == "cornn"), "its weights do not tell Δt, γ and ε"
    assert ("four gates are an LSTM's or an sLSTM's" in says) == (cell == "slstm")
