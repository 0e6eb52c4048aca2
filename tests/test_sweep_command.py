"""The command `rnn-dynamics sweep`: the file that it reads, how it ends, and how it is stopped."""

import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from rnn_dynamics import Experiment, run
from rnn_dynamics.content import sentences
from rnn_dynamics.sweep import Progress, Sweep, blocks, command, open_sweep, run_sweep, running
from rnn_dynamics.sweep.blocks import cut
from rnn_dynamics.sweep.file import read_sweep
from tests.every import every
from tests.reader import wait_until

ROOT = Path(__file__).resolve().parent.parent
START = "import sys; from rnn_dynamics.command import main; main()"
SMALL = """
seeds = [3, 1]
[experiment]
cell = "rnn"
hidden_size = 3
input_size = 2
batch_size = 2
sequence_length = 6
nonlinearity = "relu"
[axes]
weight_scale = { from = 0.5, to = 2, count = 4 }
"""
#: As SMALL asks.
ASKED = Sweep(
    Experiment(cell="rnn", hidden_size=3, input_size=2, batch_size=2, sequence_length=6, nonlinearity="relu"),
    {"weight_scale": [0.5, 1.0, 1.5, 2.0]},
    [3, 1],
)
#: Some blocks, each of which takes a while.
LONG = """
seeds = { from = 0, to = 599, count = 600 }
experiment = { hidden_size = 16, batch_size = 2, sequence_length = 50 }
[axes]
weight_scale = { from = 0.1, to = 3.0, count = 20 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, SMALL)


def written(folder: Path, text: str) -> Path:
    path = folder / "sweep.toml"
    path.write_text(text, encoding="utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """How the command ends, and what stands on both outputs."""
    code = command.sweep([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def begun(*arguments: object) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    asked = [sys.executable, "-c", START, "sweep", *map(str, arguments)]
    return subprocess.Popen(asked, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def why_not(asked: Experiment) -> str:
    """Why `run` has no answer."""
    try:
        run(asked, parameter_gradients=False)
    except ValueError as error:
        return str(error)
    return ""


def marks(path: Path) -> int:
    """How many blocks of a store are done."""
    return len(list((path / "blocks" / "scalars").glob("*.0.0")))


def test_a_file_asks_for_what_the_class_asks_for(file: Path) -> None:
    assert read_sweep(file) == ASKED


def test_a_span_has_whole_numbers_where_its_steps_are_whole_and_no_digits_of_rounding(tmp_path: Path) -> None:
    text = "axes.weight_scale = { from = 0.1, to = 0.7, count = 7 }\naxes.hidden_size = { from = 2, to = 8, count = 3 }"
    asked = read_sweep(written(tmp_path, text))
    assert asked.coordinates == {
        "weight_scale": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
        "hidden_size": (2, 5, 8),
        "seed": (0,),
    }


def test_the_example_of_the_documentation_is_as_large_as_it_says() -> None:
    path = ROOT / "docs" / "atlas.toml"
    assert f"{read_sweep(path).size:,} experiments" in path.read_text(encoding="utf-8")
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))) == {"seeds", "norms", "experiment", "axes"}


@every(
    ("text", "message"),
    [
        ("axes = {", "it is no TOML: "),
        ("\x00", "it is no TOML: "),
        ("axes = " + 3_000 * "[", "it is no TOML: "),
        ("axis = {}", "key = 'axis' is not one of experiment, axes, seeds, norms"),
        ("axes = 3", "axes = 3 does not name the values"),
        ("experiment = [1]", "experiment = [1] does not name fields"),
        ("experiment.hidden = 3", "Experiment has no field 'hidden'; did you mean 'hidden_size'?"),
        ("experiment.hidden_size = 0", "hidden_size = 0 is not a whole number from 1 to 512"),
        ("axes.hidden = [3]", "axis = 'hidden' is not one of cell, weight_scale"),
        ("axes.hidden_size = { from = 1, to = 4, count = 3 }", "hidden_size = 2.5 is not a whole number"),
        ("axes.hidden_size = { from = 1, to = 4 }", "hidden_size = {'from': 1, 'to': 4} does not have the numbers"),
        ("axes.bias = { from = false, to = true, count = 2 }", "does not have the numbers from, to and count"),
        ("axes.weight_scale = { from = 1, to = nan, count = 4 }", "weight_scale = nan is not a number from 0 to 10"),
        ("axes.weight_scale = { from = 1, to = 1, count = 4 }", "weight_scale = 1.0 is given twice"),
        (
            "axes.weight_scale = { from = 1, to = 2, count = 1 }",
            "count of weight_scale = 1 is not a whole number from 2",
        ),
        (
            "axes.weight_scale = { from = 1, to = 2, count = 1e99 }",
            "count of weight_scale = 1e+99 is not a whole number",
        ),
        ("seeds = 5", "seed = 5 is not a sequence of values"),
        ("norms = ['cell']", "norms = 'cell' is not one of input, hidden"),
    ],
)
def test_a_file_that_asks_for_no_sweep_is_refused_in_a_sentence(
    text: str, message: str, tmp_path: Path, capsys: Any
) -> None:
    code, out, err = said(capsys, written(tmp_path, text), "--out", tmp_path / "a.zarr")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"{tmp_path / 'sweep.toml'} does not describe a sweep: ")
    assert message in err
    assert not (tmp_path / "a.zarr").exists()


def test_so_is_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, tmp_path / "none.toml", "--out", tmp_path / "a.zarr")
    assert (code, err) == (
        2,
        f"{tmp_path / 'none.toml'} does not describe a sweep: it cannot be opened: No such file or directory.\n",
    )


def test_it_writes_what_the_library_writes(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, file, "--out", tmp_path / "a.zarr")
    run_sweep(ASKED, tmp_path / "b.zarr")
    assert (code, out) == (0, f"All 1 block is in {tmp_path / 'a.zarr'}.\n")
    assert "0 of 1 block\n" in err
    assert "█ 1 of 1 block\n" in err
    xarray.testing.assert_identical(open_sweep(tmp_path / "a.zarr").load(), open_sweep(tmp_path / "b.zarr").load())


def test_it_goes_on_with_a_store_only_where_it_is_asked_to(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.zarr"
    run_sweep(ASKED, out, stop=lambda: True)
    code, _, err = said(capsys, file, "--out", out)
    assert (code, marks(out)) == (2, 0)
    assert err.endswith(f"The sweep has stopped: {out} is there already; resume it, or name another store.\n")
    assert said(capsys, file, "--out", out, "--resume")[0] == 0
    assert marks(out) == 1


def test_another_sweep_than_the_store_s_is_refused_without_advice_that_would_not_help(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_sweep(Sweep(ASKED.experiment, ASKED.axes, [3]), tmp_path / "a.zarr", stop=lambda: True)
    code, _, err = said(capsys, file, "--out", tmp_path / "a.zarr", "--resume")
    assert code == 2
    assert err.endswith(f"{tmp_path / 'a.zarr'} holds another sweep: seed = (3,) there, (3, 1) here.\n")


def test_experiments_without_an_answer_are_counted_and_named_with_the_reason_and_the_others_have_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.replace("sequence_length = 6", "sequence_length = 3000").replace("to = 2,", "to = 8,")
    code, out, _ = said(capsys, written(tmp_path, text), "--out", tmp_path / "a.zarr")
    lost = np.isnan(open_sweep(tmp_path / "a.zarr").loss.values)
    assert code == 1
    assert 0 < lost.sum() < lost.size
    asked, first = read_sweep(tmp_path / "sweep.toml"), tuple(np.argwhere(lost)[0])
    for index in np.ndindex(*lost.shape):
        assert lost[index] == bool(why_not(asked.experiment_at(index)))
    assert out.splitlines()[1:] == [
        f"{lost.sum()} experiments have no answer, and nan in the store:",
        f"  {asked.named(first)}: {why_not(asked.experiment_at(first))}",
    ]


def test_a_block_that_fails_is_named_and_the_others_go_on_and_it_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, answer = written(tmp_path, SMALL.replace("[3, 1]", "[3, 1]\nnorms = []")), blocks.answer
    monkeypatch.setattr(blocks, "_MOST", 2)

    def fails(sweep: Sweep, box: blocks.Box) -> blocks.Answers:
        if box[0].start == 2:
            raise MemoryError("no room")
        return answer(sweep, box)

    with monkeypatch.context() as patch:
        patch.setattr(running, "answer", fails)
        code, out, _ = said(capsys, file, "--out", tmp_path / "a.zarr")
    assert code == 1
    assert out.splitlines() == [
        f"2 of 4 blocks are in {tmp_path / 'a.zarr'}; run the command again with --resume for the others.",
        "2 blocks have failed:",
        "  block 2, which begins at weight_scale = 1.5, seed = 3: MemoryError: no room",
        "  block 3, which begins at weight_scale = 1.5, seed = 1: MemoryError: no room",
    ]
    assert np.isnan(open_sweep(tmp_path / "a.zarr").loss.values).tolist() == [[False] * 2] * 2 + [[True] * 2] * 2
    assert said(capsys, file, "--out", tmp_path / "a.zarr", "--resume")[0] == 0
    assert np.isfinite(open_sweep(tmp_path / "a.zarr").loss.values).all()


def test_it_says_how_long_it_takes_at_the_pace_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 2.0, 200.0, 9000.0])
    monkeypatch.setattr(command, "monotonic", lambda: next(now))
    bar = command._Bar(sentences("sweep"))
    for done in (0, 1, 2, 3):
        bar(Progress(blocks=5, done=done))
    assert [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "0 of 5 blocks",
        "1 of 5 blocks, 8 s left",
        "2 of 5 blocks, 5 min left",
        "3 of 5 blocks, 2 h left",
    ]


def test_blocks_that_were_there_before_do_not_count_for_the_pace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 6.0])
    monkeypatch.setattr(command, "monotonic", lambda: next(now))
    command._Bar(sentences("sweep"))(Progress(blocks=20, before=16, done=17, failed=1))
    assert capsys.readouterr().err.endswith("17 of 20 blocks, 6 s left\n")


def test_ctrl_c_ends_it_after_the_block_that_runs_and_it_can_be_resumed(tmp_path: Path) -> None:
    file, out = written(tmp_path, LONG), tmp_path / "a.zarr"
    with begun(file, "--out", out) as process:
        wait_until(lambda: marks(out) > 0, "no block is done", seconds=180)
        process.send_signal(signal.SIGINT)
        said, err = process.communicate(timeout=180)
    done, blocks = marks(out), cut(read_sweep(file)).blocks
    assert 0 < done < blocks
    assert process.returncode == 1
    assert said == f"{done} of {blocks} blocks are in {out}; run the command again with --resume for the others.\n"
    assert "The sweep stops as soon as the blocks that run are done." in err
    assert int(np.isfinite(open_sweep(out).loss.values).sum()) == 12_000 // blocks * done
    with begun(file, "--out", out, "--resume") as process:
        _, err = process.communicate(timeout=180)
    assert f" {done} of {blocks} blocks\n" in err
    assert (process.returncode, marks(out)) == (0, blocks)


def test_a_sweep_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    file, out = written(tmp_path, LONG), tmp_path / "a.zarr"
    with begun(file, "--out", out) as process:
        wait_until(lambda: marks(out) > 1, "no block is done", seconds=180)
        process.kill()
    done = marks(out)
    progress = run_sweep(read_sweep(file), out)
    assert 1 < progress.before == done < progress.blocks == progress.done
    assert np.isfinite(open_sweep(out).loss.values).all()


@every("address", ["tcp://127.0.0.1:1", "nonsense", "ftp://127.0.0.1:8786"])
def test_without_a_scheduler_it_says_so(
    address: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(command, "_PATIENCE", 0.5)
    code, _, err = said(capsys, file, "--out", tmp_path / "a.zarr", "--scheduler", address)
    assert (code, err) == (2, f"The sweep has stopped: no scheduler answers at {address}.\n")
    assert not (tmp_path / "a.zarr").exists()


def test_without_the_extra_it_names_what_is_to_be_installed(file: Path) -> None:
    blocked = f"import sys; sys.modules['zarr'] = None; sys.argv[1:] = ['sweep', {str(file)!r}, '--out', 'x']; {START}"
    ended = subprocess.run([sys.executable, "-c", blocked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == 'A sweep needs zarr, which is not installed: pip install "rnn-dynamics[sweep]".\n'


def test_nothing_of_the_extra_is_loaded_by_the_library_or_the_other_commands() -> None:
    extra = {"zarr", "xarray", "dask", "distributed"}
    program = f"import sys, rnn_dynamics.command, rnn_dynamics.pictures; print({extra} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"


def test_it_needs_no_streamlit_and_no_torch(file: Path, tmp_path: Path) -> None:
    blocked = "import sys; sys.modules['streamlit'] = sys.modules['torch'] = None"
    program = f"{blocked}; sys.argv[1:] = ['sweep', {str(file)!r}, '--out', {str(tmp_path / 'a.zarr')!r}]; {START}"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
