"""The command `rnn-dynamics probe`: what it says of a file of weights, how it ends, and that it needs no Streamlit."""

import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from rnn_dynamics import Errors, Experiment, Network, command, run, run_network
from rnn_dynamics.content import sentences
from rnn_dynamics.engine.given import States
from rnn_dynamics.own import apart, drawn
from rnn_dynamics.own.advice import advise
from rnn_dynamics.own.examined import Question, as_text, examine
from rnn_dynamics.own.files import read_weights
from rnn_dynamics.own.findings import findings
from rnn_dynamics.own.recognise import recognise
from rnn_dynamics.own.report import advice_rows, summary, verdict_rows
from rnn_dynamics.process import PICKLES
from rnn_dynamics.version import VERSION
from tests.every import every
from tests.hostile import saved, weights

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "rnn_dynamics" / "own" / "examples.safetensors"
#: A network of the examples whose gradient holds, and one whose gradient vanishes.
SOUND, SICK = "lstm_after.rnn", "rnn_before.rnn"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of one small GRU."""
    path = tmp_path / "gru.safetensors"
    path.write_bytes(save(weights(3)))
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """How the command ends, and what stands on both outputs."""
    code = command.probe([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


@every(
    ("cell", "loss_at", "layers", "both"),
    itertools.product(("rnn", "gru", "lstm"), drawn.LOSSES, (1, 2), (False, True)),
)
def test_noise_and_loss_are_those_of_a_network_that_is_drawn(cell: str, loss_at: str, layers: int, both: bool) -> None:
    asked = Experiment(
        cell=cell,
        hidden_size=3,
        input_size=2,
        num_layers=layers,
        bidirectional=both,
        loss_at=loss_at,
        sequence_length=6,
        batch_size=2,
        input_scale=0.5,
        seed=3,
    )
    trace = run(asked)
    network = Network(cell=cell, parameters=trace.parameters)
    inputs = drawn.noise(network, 6, 2, scale=0.5, seed=3)
    np.testing.assert_array_equal(inputs, trace.inputs)
    again = run_network(network, inputs, drawn.loss(network, 6, 2, loss_at=loss_at, seed=3))
    for own, theirs in zip(again.layers, trace.layers, strict=True):
        np.testing.assert_allclose(own.log10_norms["hidden"], theirs.log10_norms["hidden"], rtol=0, atol=1e-12)


@every(("loss_at", "both"), itertools.product(drawn.LOSSES, (False, True)))
def test_the_errors_are_the_slope_of_the_loss_along_any_line(loss_at: str, both: bool) -> None:
    parameters = weights(1, kind="f8") | (weights(1, ending="_l0_reverse", kind="f8") if both else {})
    loss = drawn.loss(Network(cell="rnn", parameters=parameters), 5, 2, loss_at=loss_at, seed=0)
    generator, directions = np.random.default_rng(0), 1 + both
    shapes = (5, 2, 3 * directions), (directions, 2, 3)
    drawn_by = ([generator.normal(size=shape) for shape in shapes] for _ in range(2))
    states, along = (States(output, h_n, None) for output, h_n in drawn_by)

    def value(far: float) -> float:
        output, h_n = (of + far * way for of, way in zip(states[:2], along[:2], strict=True))
        final = np.concatenate(list(h_n), axis=-1)
        read = {"last": output[-1], "every": output, "final": final}[loss_at]
        return float(0.5 * np.mean((read @ loss.readout.T - loss.targets) ** 2))

    errors: Errors = loss(states)
    slope = sum(
        np.sum(error * (way[-len(error) :]))
        for error, way in ((errors.output, along.output), (errors.h_n, along.h_n))
        if error is not None
    )
    assert slope == pytest.approx((value(1e-5) - value(-1e-5)) / 2e-5, rel=1e-8)


@every(("module", "code"), ((SOUND, 0), (SICK, 1), (None, 1)))
def test_it_ends_with_0_where_every_gradient_holds_and_with_1_where_one_does_not(module: str | None, code: int) -> None:
    chosen = ["--module", module] if module else []
    assert command.probe([str(EXAMPLES), "--steps", "60", "--json", *chosen]) == code


def test_of_a_cornn_it_says_which_constants_it_takes_and_judges_positions_and_velocities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = run(Experiment(cell="cornn", hidden_size=3, sequence_length=1)).parameters
    (tmp_path / "w.safetensors").write_bytes(save(dict(parameters)))
    _, text, _ = said(capsys, tmp_path / "w.safetensors", "--steps", "60")
    assert "coRNN, H = 3" in text
    assert "here they are 0.042, 2.7 and 4.7" in " ".join(text.split())
    _, printed, _ = said(capsys, tmp_path / "w.safetensors", "--steps", "60", "--json")
    (layer,) = json.loads(printed)["networks"][0]["layers"]
    assert layer["judged"] == ["hidden", "velocity"]
    assert {*layer["log10_norms"]} == {"input", "hidden", "velocity"}


@every("cell", ("rnn", "gru", "lstm", "slstm"))
def test_of_four_gates_it_says_that_they_may_be_an_slstms_in_the_words_of_the_page(
    cell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = run(Experiment(cell=cell, hidden_size=3, sequence_length=1)).parameters
    (tmp_path / "w.safetensors").write_bytes(save(dict(parameters)))
    _, text, _ = said(capsys, tmp_path / "w.safetensors", "--steps", "9")
    note = sentences("own")["notes"]["assumed_lstm"]
    assert (note in " ".join(text.split())) == (cell in ("lstm", "slstm"))
    assert ("LSTM, H = 3" in text) == (cell in ("lstm", "slstm"))


def test_it_prints_the_verdict_of_each_layer_and_direction_and_all_that_was_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both, second = weights(3, ending="_l0_reverse", kind="f8"), weights(3, features=6, ending="_l1", kind="f8")
    arrays = {**weights(3, kind="f8"), **both, **second, **weights(3, features=6, ending="_l1_reverse", kind="f8")}
    arrays = {f"encoder.{name}": values for name, values in arrays.items()}
    (tmp_path / "a.safetensors").write_bytes(save({**arrays, "embedding": np.ones((5, 2))}))
    monkeypatch.delenv("COLUMNS", raising=False)
    code, out, err = said(capsys, tmp_path / "a.safetensors", "--steps", 30, "--seed", 5, "--loss", "final")
    named, words = recognise(arrays).networks[0], sentences("own")
    asked = Question(steps=30, sequences=4, scale=1.0, loss_at="final", seed=5)
    lines = list(as_text(words, examine("a.safetensors", named, asked), 100))
    assert out.startswith("\n".join(lines) + "\n")
    assert out.endswith("\nNot used: 1 array (embedding).\n")
    assert max(map(len, out.splitlines())) <= 100
    assert err == ""
    loss = drawn.loss(named.network, 30, 4, loss_at="final", seed=5)
    trace = run_network(named.network, drawn.noise(named.network, 30, 4, scale=1.0, seed=5), loss, by_step=True)
    text = list(as_text(words, examine("a.safetensors", named, asked), 500))
    found = findings(trace, loss, "encoder")
    assert [summary(words, finding) for finding in found] == [
        line for line in text if line.startswith("encoder: GRU, l")
    ]
    tried = advise(named.network, trace.inputs, loss, trace=trace)
    rows = [*(row for finding in found for row in verdict_rows(words, finding)), *advice_rows(words, tried)]
    assert [re.split(r"  +", line.strip()) for line in text if line.startswith("  ")] == [
        *(list(row) for row in rows[: -len(tried)]),
        list(words["advice"]["head"].values()),
        *(list(row) for row in rows[-len(tried) :]),
    ]
    assert code == (0 if all(finding.sound for finding in found) else 1)


def test_its_json_is_what_the_engine_answers(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = np.random.default_rng(0).normal(size=(20, 3, 6))
    code, out, _ = said(
        capsys, EXAMPLES, "--module", SICK, "--steps", 20, "--sequences", 3, "--loss", "every", "--json"
    )
    answer = json.loads(out, parse_constant=pytest.fail)  # which NaN and Infinity would be
    (network,) = answer["networks"]
    assert (network["name"], network["cell"], network["healthy"], code) == (SICK, "rnn", False, 1)
    given = recognise(read_weights(EXAMPLES.read_bytes(), "a.safetensors"))
    named = next(one.network for one in given.networks if one.name == SICK)
    inputs = drawn.noise(named, 20, 3, scale=1.0, seed=0)
    trace = run_network(named, inputs, drawn.loss(named, 20, 3, loss_at="every", seed=0))
    assert network["layers"][0]["log10_norms"]["hidden"] == trace.layers[0].log10_norms["hidden"].tolist()
    assert network["log10_norms"]["input"] == trace.log10_norms["input"].tolist()
    assert {one["kind"] for one in network["advice"]} >= {"scale", "orthogonal", "clip", "truncate"}
    assert sorted(answer["unused"]) == sorted(given.others)


def test_it_reads_inputs_of_the_readers_own(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = np.random.default_rng(0).normal(size=(7, 3, 2))
    (tmp_path / "x.npy").write_bytes(saved(inputs))
    _, out, _ = said(capsys, file, "--inputs", tmp_path / "x.npy", "--json")
    (network,) = json.loads(out)["networks"]
    assert network["inputs"] == {"steps": 7, "sequences": 3, "features": 2, "noise": False}
    given = recognise(weights(3)).networks[0].network
    trace = run_network(given, inputs, drawn.loss(given, 7, 3, loss_at="last", seed=0))
    assert network["log10_norms"]["input"] == trace.log10_norms["input"].tolist()


def test_a_gradient_of_exactly_zero_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    off = {name: np.zeros_like(values) - name.startswith("bias") for name, values in weights(1).items()}
    (tmp_path / "a.safetensors").write_bytes(save(off))
    code, out, _ = said(capsys, tmp_path / "a.safetensors", "--nonlinearity", "relu", "--steps", 5, "--json")
    (network,) = json.loads(out, parse_constant=pytest.fail)["networks"]
    assert network["nonlinearity"] == "relu"
    assert network["log10_norms"]["input"] == [None] * 5
    assert code == 1


def check_refused(capsys: pytest.CaptureFixture[str], sentence: str, *arguments: object) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert re.search(sentence, err.splitlines()[0]), err
    assert "Traceback" not in err


def test_what_cannot_be_read_ends_it_with_2_and_a_sentence(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in (
        ("cut.safetensors", file.read_bytes()[:-1]),
        ("x.npy", saved(np.zeros((3, 4, 5)))),
        ("a.pt", b"pickle"),
        ("large.safetensors", save({"weight_hh_l0": np.full((1, 1), 1e90), "weight_ih_l0": np.full((1, 1), 1e90)})),
    ):
        (tmp_path / name).write_bytes(data)
    check_refused(capsys, "no.safetensors cannot be opened: No such file", tmp_path / "no.safetensors")
    check_refused(capsys, "cannot be opened: Is a directory", tmp_path)
    check_refused(capsys, "cut.safetensors is not sound safetensors", tmp_path / "cut.safetensors")
    check_refused(capsys, "x.npy is no file of a kind", tmp_path / "x.npy")
    check_refused(capsys, r"a.pt is a pickle, .* RNN_DYNAMICS_PICKLES=1", tmp_path / "a.pt")
    check_refused(capsys, "x.npy has the shape .*, so D = 5; .* D = 2", file, "--inputs", tmp_path / "x.npy")
    nameless = "gru.safetensors has no module decoder that .*; it has the module whose weights have no prefix"
    check_refused(capsys, nameless, file, "--module", "decoder")
    check_refused(
        capsys, "no answer: .* beyond", tmp_path / "large.safetensors", "--nonlinearity", "relu", "--steps", 9
    )
    check_refused(capsys, "r.html cannot be opened", file, "--html", tmp_path / "no" / "r.html", "--steps", 2)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    check_refused(capsys, "--html needs vl-convert-python, .* pip install", file, "--html", tmp_path / "r.html")


def test_what_truncation_does_to_a_gradient_of_zero_is_not_told_in_numbers() -> None:
    (named,) = recognise({name: 0.0 * values for name, values in weights(1).items()}).networks
    asked = Question(steps=20, sequences=4, scale=1.0, loss_at="last", seed=0)
    text = "\n".join(as_text(sentences("own"), examine("a.safetensors", named, asked), 500))
    assert re.search(
        r"truncation into chunks of 10 steps .* it changes no factor: the gradient is 0 from lag 10 on$", text, re.M
    )


def test_of_a_single_step_it_does_not_say_that_a_gradient_holds(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, file, "--steps", 1)
    assert code == 0
    assert "errors reach a single step" in out
    assert "holds" not in out


@every(
    ("option", "value", "sentence"),
    (
        ("--steps", "0", "steps = 0 is not a whole number from 1 to 1000"),
        ("--steps", "1001", "steps = 1001 is not"),
        ("--steps", "x", "invalid literal"),
        ("--scale", "nan", "scale = nan is not a number"),
        ("--loss", "first", "invalid choice"),
    ),
)
def test_an_option_beyond_its_limits_is_refused_with_its_value(
    option: str, value: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.probe(["a.safetensors", option, value])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_pickle_is_read_apart_where_it_is_switched_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PICKLES, "1")
    monkeypatch.setattr(apart, "as_safetensors", lambda *_: save(weights(3)))
    (tmp_path / "a.pt").write_bytes(b"pickle")
    assert json.loads(said(capsys, tmp_path / "a.pt", "--steps", 3, "--json")[1])["networks"][0]["cell"] == "gru"


def test_nothing_in_a_file_moves_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = {f"\x1b[2J\r<b>{name}": values for name, values in weights(3, prefix="rnn.").items()}
    (tmp_path / "a.safetensors").write_bytes(save({**arrays, "\x1b[31mred": np.ones(3)}))
    _, out, _ = said(capsys, tmp_path / "a.safetensors", "--steps", 9)
    assert "??2J??b?rnn: GRU" in out
    assert out.replace("\n", "").isprintable()


#: Runs the command where there is neither Streamlit nor torch nor what draws.
WITHOUT = """
import sys
for name in ("streamlit", "torch", "altair", "pandas", "pyarrow", "vl_convert"):
    sys.modules[name] = None
from rnn_dynamics.command import main
main()
"""


def without_streamlit(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(started, env=environment, capture_output=True, text=True, check=False)


def test_a_shell_is_told_by_the_number_whether_an_orthogonal_matrix_is_scaled(tmp_path: Path) -> None:
    matrix, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))
    np.save(tmp_path / "rest.npy", np.zeros((60, 1, 1)))
    for scale, code in ((1.0, 0), (0.9, 1), (1.1, 1)):
        rnn = {"weight_ih_l0": np.ones((8, 1)), "weight_hh_l0": scale * matrix}
        (tmp_path / "a.safetensors").write_bytes(save(rnn))
        asked = ("--inputs", str(tmp_path / "rest.npy"), "--nonlinearity", "tanh", "--json")
        probed = without_streamlit("probe", str(tmp_path / "a.safetensors"), *asked)
        assert (probed.returncode, probed.stderr) == (code, "")
        (network,) = json.loads(probed.stdout)["networks"]
        (layer,) = network["layers"]
        assert layer["log10_factor"] == pytest.approx(np.log10(scale), abs=1e-9)  # at rest the gradient is scale^lag


def test_it_works_without_streamlit_which_only_the_dashboard_needs(file: Path) -> None:
    probed = without_streamlit("probe", str(file), "--steps", "9")
    assert (probed.returncode, probed.stderr) == (1, "")
    assert probed.stdout.startswith("gru.safetensors: GRU, H = 3, D = 2, 1 layer\n")
    shown = without_streamlit()
    assert shown.returncode == 2
    assert shown.stderr.startswith("The dashboard needs streamlit, which is not installed")
    assert len(shown.stderr.splitlines()) == 1


def test_the_package_has_the_command() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert EntryPoint("rnn-dynamics", scripts["rnn-dynamics"], "console_scripts").load() is command.main


def write_report(folder: Path) -> Path:
    """The report on a file with two modules, whose names would end a tag."""
    arrays = {**weights(3, prefix="</script><script>x='.rnn."), **weights(4, prefix="b.")}
    (folder / "<b>.safetensors").write_bytes(save(arrays))
    path = folder / "report.html"
    assert command.probe([str(folder / "<b>.safetensors"), "--steps", "12", "--html", str(path)]) == 1
    return path


def test_a_report_refers_to_no_address_and_what_a_file_says_ends_no_tag(tmp_path: Path) -> None:
    head, _, rest = write_report(tmp_path).read_text(encoding="utf-8").partition("<script>")
    bundle, _, body = rest.partition("</script>")
    assert len(bundle) > 500_000
    assert "http" not in head + body
    assert not re.search(r"""(?:src|href)\s*=|@import|url\(""", head + body)
    assert body.count("<script") == 1
    assert body.count("</script") == 1
    assert "<b>" not in body


@every("word", ["lecture", "prob", "\x1b[31m"])
def test_a_word_that_it_does_not_know_is_answered_by_those_that_it_does(word: str) -> None:
    ended = without_streamlit(word)
    shown = word.replace("\x1b[", "??")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"{shown} is none of probe, handout, exercises, sweep. ")


def test_it_says_which_version_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["rnn-dynamics", "--version"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    assert capsys.readouterr().out == f"rnn-dynamics {VERSION}\n"


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_its_help_names_all_that_it_can_do(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["rnn-dynamics", asked])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert len(said.splitlines()) < 20
    assert re.findall(r"rnn-dynamics (\w+) [A-Z.]", said) == ["probe", "handout", "exercises", "sweep"]
    assert "streamlit run --help" in said
