"""Weights and inputs from files: sound ones are read to the last digit, others are refused by a sentence."""

import gc
import io
import os
import pickle
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from functools import partial
from importlib import metadata
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

from rnn_dynamics.content import sentences
from rnn_dynamics.own import apart, pt_file
from rnn_dynamics.own.files import UnreadableFile, read_inputs, read_weights
from rnn_dynamics.own.recognise import recognise
from tests.every import every
from tests.hostile import Case, Evil, hostile_inputs, hostile_weights, npz, saved, weights

ROOT = Path(__file__).resolve().parent.parent
#: Sentences of `apart`, of which the ones that take another process are tested below, by hand.
OF_PICKLES = {key for key in sentences("own")["unreadable"] if key.startswith("pickle_")}
#: Sentences of `held`, which tests/test_own_network_page.py meets.
OF_VISITORS = {"full", "jordan"}


def refused(name: str, data: bytes, *, inputs: bool = False) -> UnreadableFile:
    read = partial(read_inputs, features=3) if inputs else lambda *file: recognise(read_weights(*file))
    with pytest.raises(UnreadableFile) as caught:
        read(data, name)
    return caught.value


def check_sentence(error: UnreadableFile) -> None:
    """One line that ends as a sentence, is filled, and holds nothing that a terminal or a page would act on."""
    text = str(error)
    assert text[-1] in ".:;"
    assert len(text) < 450
    assert text.isprintable()
    assert not set(text) & set("{}<>[]`|\\*")


def test_there_are_a_hundred_files_and_each_is_refused_by_its_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    evil = str(tmp_path / "evil")
    weights, inputs = hostile_weights(evil), hostile_inputs(evil)
    assert len(weights) > 200
    met = set()
    for case in (*weights, *inputs):
        name, make, key = case
        try:
            error = refused(name, make(), inputs=case in inputs)
        except Exception as other:
            other.add_note(f"at {name[:20]} {key} {make().hex()[:200]}")
            raise
        assert error.key == key, (name[:20], str(error))
        check_sentence(error)
        met.add(key)
    assert not os.path.exists(evil)
    assert met | OF_PICKLES | OF_VISITORS == set(sentences("own")["unreadable"])
    check_memory(weights)


def test_the_code_would_run_if_a_pickle_were_read(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Evil(str(tmp_path / "evil"))))
    assert (tmp_path / "evil").exists()


def check_memory(cases: list[Case]) -> None:
    """It is where it was after all of them; what is made once is there already.

    What other threads of these tests take meanwhile counts too, so what is left is looked at up to three times.
    """
    assert any(left_by(cases) < 200_000 for _ in range(3))


def left_by(cases: list[Case]) -> int:
    """Bytes that all of them leave, none of which takes far more on the way."""
    gc.collect()
    tracemalloc.start()
    try:
        for name, make, _ in cases:
            data = make()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            refused(name, data)
            assert tracemalloc.get_traced_memory()[1] - before < 230_000_000, name
            del data
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@every("name", ("a.safetensors", "a.npz"))
def test_a_file_with_a_few_other_bytes_is_read_or_refused_and_nothing_else(name: str) -> None:
    good = save({key: torch.tensor(value) for key, value in weights().items()})
    good = good if name.endswith("s") else npz(weights())
    generator = np.random.default_rng(0)
    outcomes = set()
    for _ in range(600):
        data = bytearray(good)
        for place in generator.integers(0, len(data), generator.integers(1, 4)):
            data[place] = generator.integers(0, 256)
        try:
            recognise(read_weights(bytes(data), name))
            outcomes.add("read")
        except UnreadableFile as error:
            check_sentence(error)
            outcomes.add(error.key)
    assert len(outcomes) > 2


@every("kind", (torch.float64, torch.float32, torch.float16, torch.bfloat16))
def test_every_type_is_read_to_its_last_digit(kind: torch.dtype) -> None:
    values = torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(kind)
    found = read_weights(save({"w": values, "n": torch.arange(3)}), "a.safetensors")
    np.testing.assert_array_equal(found["w"].astype(np.float64), values.to(torch.float64).numpy())
    np.testing.assert_array_equal(found["n"], [0, 1, 2])
    if kind != torch.bfloat16:
        array = values.numpy()
        packed = read_weights(npz({"w": np.asfortranarray(array), "big": array.astype(f">f{array.itemsize}")}), "a.NPZ")
        np.testing.assert_array_equal(packed["w"], array)
        np.testing.assert_array_equal(packed["big"], array)


def test_an_archive_of_numpys_own_is_read(tmp_path: Path) -> None:
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "a.npz", **weights())  # type: ignore[arg-type]
        found = read_weights((tmp_path / "a.npz").read_bytes(), "a.npz")
        assert {name: values.tobytes() for name, values in found.items()} == {
            name: values.tobytes() for name, values in weights().items()
        }


@every(("shape", "kind"), (((7, 2, 3), "f4"), ((7, 3), "f8"), ((1_000, 1, 3), "f2"), ((5, 3), "i1"), ((5, 3), "?")))
def test_inputs_are_read_in_float64_time_first(shape: tuple[int, ...], kind: str) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(kind)
    found = read_inputs(saved(values), "x.npy", features=3)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, values.reshape(shape[0], -1, 3))
    np.testing.assert_array_equal(read_inputs(saved(np.asfortranarray(values)), "x.npy"), found)


def test_a_sentence_names_the_value_and_the_limit() -> None:
    assert str(refused("x.npy", saved(np.zeros((1_001, 3))), inputs=True)) == "x.npy has T = 1,001; the limit is 1,000."
    assert str(refused("x.npy", b"no array", inputs=True)).startswith("x of x.npy does not begin")
    assert "50,000,001" in str(refused("a.npz", bytes(50_000_001)))
    for sentence in sentences("own")["unreadable"].values():
        assert any(name for _, name, *_ in Formatter().parse(sentence))


def test_what_a_file_calls_itself_or_its_weights_cannot_paint_the_page() -> None:
    error = refused("\x1b[2J<script>![x](http://x)\n" + "x" * 999 + ".exe", b"weights")
    check_sentence(error)
    assert len(str(error)) < 200


def torch_file(value: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def test_a_torch_file_is_read_apart_and_its_code_is_not_run(tmp_path: Path) -> None:
    module = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(2, 3), "norm": torch.nn.BatchNorm1d(3)}).to(torch.bfloat16)
    found = read_weights(torch_file({"model": module.state_dict(), "epoch": 3}), "a.pt", pickles=True)
    assert sorted(found) == sorted(f"model.{name}" for name in module.state_dict())
    for name, values in module.state_dict().items():
        np.testing.assert_array_equal(found[f"model.{name}"], values.float().numpy())
    evil = tmp_path / "evil"
    with pytest.raises(UnreadableFile, match=r"asks for posix\.mkdir, which is no tensor"):
        read_weights(torch_file({"rnn": Evil(str(evil))}), "a.pt", pickles=True)
    assert not evil.exists()


def test_a_torch_file_has_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, large = io.BytesIO(), io.BytesIO(torch_file({"a": torch.zeros(16_000_000)}))  # 64 MB that pack to little
    with (
        zipfile.ZipFile(large) as stored,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        for member in stored.infolist():
            packed.writestr(member.filename, stored.read(member))
    assert len(stream.getvalue()) < 1_000_000
    monkeypatch.setattr(apart, "_MEMORY", 50_000_000)
    with pytest.raises(UnreadableFile) as caught:
        read_weights(stream.getvalue(), "a.pt", pickles=True)
    assert caught.value.key == "pickle_memory"


@every(
    ("value", "key", "what"),
    (
        ({"w": torch.zeros(1).expand(10**6, 10**6)}, "pickle_expanded", "w"),
        ({"a": {"b": torch.zeros(3, 1).expand(3, 4)}}, "pickle_expanded", "a.b"),
        ({"w": torch.eye(2).to_sparse()}, "pickle_kind", "w"),
        ({"w": torch.zeros(2, device="meta")}, "pickle_kind", "w"),
        ({"w": torch.zeros(2_000)}, "pickle_large", None),
        ({str(n): torch.zeros(0) for n in range(10_001)}, "pickle_many", None),
        ({"lr": 3, "names": ["a"]}, "pickle_empty", None),
        (torch.zeros(3), "pickle_empty", None),
        ([torch.zeros(3)], "pickle_empty", None),
        (torch.nn.LSTM(2, 3), "pickle_code", "torch.nn.modules.rnn.LSTM"),
        (Evil("/tmp/evil"), "pickle_code", "posix.mkdir"),
    ),
)
def test_what_a_torch_file_holds_beside_tensors_is_refused(value: Any, key: str, what: str | None) -> None:
    with pytest.raises(pt_file.Refused) as caught:
        pt_file.as_safetensors(torch_file(value), 4_000)
    assert (caught.value.said["key"], caught.value.said.get("what")) == (key, what)


def test_a_torch_file_that_is_cut_short_is_refused_wherever_it_is_cut() -> None:
    good = torch_file(torch.nn.GRU(2, 3).state_dict())
    assert pt_file.as_safetensors(good, 10_000)
    for length in (0, 1, 30, 300, len(good) // 2, len(good) - 30, len(good) - 1):
        with pytest.raises(pt_file.Refused, match="pickle_broken"):
            pt_file.as_safetensors(good[:length], 10_000)
    for data in (pickle.dumps(3, protocol=2), b"garbage", b"\x80\x02}q\x00.", npz(weights())):
        with pytest.raises(pt_file.Refused):
            pt_file.as_safetensors(data, 10_000)


@every(
    ("code", "answer", "key"),
    (
        (-9, b"", "pickle_slow"),
        (-24, b"", "pickle_slow"),
        (1, b"", "pickle_broken"),
        (3, b"no JSON", "pickle_broken"),
        (3, b"[" * 9_999, "pickle_broken"),
        (3, b'{"key": "empty"}', "pickle_broken"),
        (3, b'{"key": ["empty"]}', "pickle_broken"),
        (3, b'{"key": "pickle_many", "count": 7, "limit": "x"}', "pickle_many"),
        (3, b'{"key": "pickle_code", "what": "\\u001b[2J"}', "pickle_code"),
        (0, bytes(3_000_000), "pickle_broken"),
    ),
)
def test_the_other_process_is_not_trusted(code: int, answer: bytes, key: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "_ask", lambda *_: (code, answer))
        with pytest.raises(UnreadableFile) as caught:
            apart.as_safetensors(b"data", "a.pt", 1_000)
    assert caught.value.key == key
    check_sentence(caught.value)


@pytest.mark.parametrize(
    ("does", "key"),
    [
        ("import time; time.sleep(99)", "pickle_slow"),
        ("import sys; sys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write(bytes(1_000_000))", "pickle_broken"),
        ("import os; os.abort()", "pickle_slow"),
        ("import sys; sys.exit(1)", "pickle_broken"),
    ],
)
def test_the_other_process_ends_whatever_it_does(
    does: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "child.py").write_text(does, encoding="utf-8")
    monkeypatch.setattr(apart, "_CHILD", tmp_path / "child.py")
    monkeypatch.setattr(apart, "_SECONDS", 0.5)
    with pytest.raises(UnreadableFile) as caught:
        apart.as_safetensors(bytes(10_000_000), "a.pt", 1_000)  # more than a pipe holds, and nobody reads it
    assert caught.value.key == key


def test_the_other_process_is_told_no_variable_of_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    (tmp_path / "child.py").write_text("import os; print(*os.environ)", encoding="utf-8")
    monkeypatch.setattr(apart, "_CHILD", tmp_path / "child.py")
    assert set(apart.as_safetensors(b"", "a.pt", 1_000).decode().split()) <= {"PATH", "PYTHONPATH", "LC_CTYPE"}


#: Does in a process without rights what code in a pickle might.
GIVEN_UP = """
from rnn_dynamics.own.pt_file import _give_up_the_rest
_give_up_the_rest(30_000_000, 1)
for name, does in (("memory", lambda: bytes(60_000_000)), ("file", lambda: open("x", "w").write("x" * 9_999))):
    try:
        does()
        print(name)
    except (MemoryError, OSError):
        pass
while True:
    pass
"""


def test_the_other_process_has_little_memory_and_time_and_writes_no_file(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", GIVEN_UP], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")


@every(("what", "value", "key"), (("platform", "win32", "pickle_system"), ("version", "2.9.1+cpu", "pickle_torch")))
def test_where_it_cannot_be_safe_no_torch_file_is_read(what: str, value: str, key: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if what == "platform":
            patch.setattr(sys, what, value)
        else:
            patch.setattr(metadata, what, lambda _: value)
        with pytest.raises(UnreadableFile) as caught:
            read_weights(torch_file({}), "a.pt", pickles=True)
    assert caught.value.key == key
    check_sentence(caught.value)


def test_only_one_torch_file_is_read_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_PATIENCE", 0.01)
    with apart._ONE, pytest.raises(UnreadableFile, match="waits for another file"):
        read_weights(torch_file({}), "a.pt", pickles=True)
