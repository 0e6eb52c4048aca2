"""Files that are broken or hostile, each with the key of the sentence that refuses it; made only when asked for."""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

Array = NDArray[Any]
#: Name of the file, what makes it, and the key of its sentence.
Case = tuple[str, Callable[[], bytes], str]
PI = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def held(data: bytes) -> Callable[[], bytes]:
    """What makes a file that is there already."""
    return partial(bytes, data)


class Evil:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


def weights(
    gates: int = 4, hidden: int = 3, features: int = 2, ending: str = "_l0", prefix: str = "", kind: str = "f4"
) -> dict[str, Array]:
    """Weights of one level by torch's names."""
    rows, generator = gates * hidden, np.random.default_rng(0)
    shapes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    drawn = {part: generator.normal(size=shape).astype(kind) for part, shape in shapes.items()}
    return {f"{prefix}{part}{ending}": values for part, values in drawn.items()}


def tensors(header: Any, body: bytes = bytes(8), said: int | None = None) -> bytes:
    """Safetensors with this header, which says of itself that it is so long."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if said is None else said) + text + body


def npy(header: str, body: bytes = bytes(8), said: int | None = None, version: bytes = b"\x01\x00") -> bytes:
    """An array of numpy.save with this header."""
    return (
        b"\x93NUMPY"
        + version
        + struct.pack("<H", len(header) + 1 if said is None else said)
        + header.encode()
        + b"\n"
        + body
    )


def described(kind: str = "'<f4'", shape: str = "(2,)") -> str:
    return f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}"


def saved(values: Array, *, pickles: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=pickles)
    return stream.getvalue()


def archive(members: Mapping[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packed) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return stream.getvalue()


def npz(arrays: Mapping[str, Array]) -> bytes:
    return archive({f"{name}.npy": saved(values) for name, values in arrays.items()})


def changed(arrays: Mapping[str, Array], **others: Array | None) -> bytes:
    """Safetensors of these arrays, some of them others or left out."""
    return save(
        {name: np.ascontiguousarray(values) for name, values in {**arrays, **others}.items() if values is not None}
    )


def bomb(said: int | None = None) -> bytes:
    """110 MB of zeros in 110 kB; the directory says that they are `said` bytes."""
    packed = archive({"a.npy": saved(np.zeros(13_750_000))})
    if said is not None:
        place = packed.rindex(b"PK\x01\x02")
        packed = packed[: place + 24] + struct.pack("<I", said) + packed[place + 28 :]
    return packed


def patched(data: bytes, mark: bytes, offset: int, new: bytes) -> bytes:
    place = data.rindex(mark) + offset
    return data[:place] + new + data[place + len(new) :]


def broken_tensors() -> Iterator[Case]:
    good = save(weights())
    size = int.from_bytes(good[:8], "little")
    for length, key in (
        (1, "header"),
        (7, "header"),
        (8, "header"),
        (8 + size // 2, "header"),
        (8 + size - 1, "header"),
    ):
        yield "a.safetensors", held(good[:length]), key
    for length in (8 + size, 8 + size + 1, len(good) - 1):
        yield "a.safetensors", held(good[:length]), "safetensors"
    for said in (2**64 - 1, 2**63, 10**9, len(good)):
        yield "a.safetensors", held(tensors(good[8:], b"", said)), "header"
    yield "a.safetensors", lambda: tensors(b" " * 1_000_001), "header"
    for said in (0, 2, size - 1):
        yield "a.safetensors", held(tensors(good[8:], b"", said)), "safetensors"
    part: dict[str, Any] = PI["a"]
    headers: tuple[Any, ...] = (
        *(
            b"",
            b"nonsense",
            b"[]",
            b"null",
            b"3",
            b'"a"',
            b"NaN",
            b"[" * 10_000,
            b'{"a":' * 10_000,
            b'{"\xff": 1}',
            b"{'a': 1}",
        ),
        *({"a": {**part, "dtype": kind}} for kind in ("F99", "f4", "", None, 4)),
        *(
            {"a": {**part, "shape": shape}}
            for shape in ([3], [1], [-2], [2.0], ["2"], 2, None, [2, 2], [10**12], [2**63, 2**63])
        ),
        *(
            {"a": {**part, "data_offsets": offsets}}
            for offsets in ([0, 4], [8, 0], [0, 16], [4, 12], [-8, 0], [0], [0, 8, 8], "08")
        ),
        *({"a": {key: value for key, value in part.items() if key != missing}} for missing in part),
        {"a": part, "b": part},
        {"a": part, "__metadata__": {"format": 1}},
        {"a": part, "__metadata__": [1]},
    )
    for header in headers:
        yield "a.safetensors", held(tensors(header)), "safetensors"
    yield "a.safetensors", lambda: tensors(PI, bytes(9)), "safetensors"
    yield "a.safetensors", lambda: tensors({"a": {**part, "shape": [1] * 9 + [2]}}), "shape"
    yield (
        "a.safetensors",
        lambda: tensors({"a": {"dtype": "F32", "shape": [0, 10**18], "data_offsets": [0, 0]}}, b""),
        "shape",
    )
    for kind in ("F8_E4M3", "F8_E5M2"):
        header = {"a": {"dtype": kind, "shape": [8], "data_offsets": [0, 8]}}
        yield "a.safetensors", held(tensors(header)), "type"
    for other in (b"\x89HDF\r\n\x1a\n" * 9, pickle.dumps([1] * 99), npz(weights()), b"<html>" * 9, b"\xff" * 99):
        yield "a.safetensors", held(other), "header"
    yield "a.safetensors", lambda: bytes(100), "safetensors"


def broken_archives(evil: str) -> Iterator[Case]:
    good = npz(weights())
    for length in (1, 3, 20, 100, len(good) // 2, len(good) - 22, len(good) - 1):
        yield "a.npz", held(good[:length]), "zip"
    yield "a.npz", lambda: b"no archive", "zip"
    yield "a.npz", lambda: save(weights()), "zip"
    yield "a.npz", lambda: archive({}), "nothing"
    yield "a.npz", lambda: archive({"data.pkl": pickle.dumps(Evil(evil))}), "zip_member"
    yield "a.npz", lambda: archive({"../../etc/passwd": b"x"}), "zip_member"
    for packed in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield "a.npz", held(archive({"a.npy": saved(np.ones(3))}, packed)), "zip_packed"
    yield "a.npz", lambda: patched(good, b"PK\x01\x02", 8, b"\x01\x00"), "zip_packed"  # encrypted, it says
    yield "a.npz", lambda: patched(good, b"PK\x01\x02", 10, b"\x63\x00"), "zip_packed"  # by no known method
    yield "a.npz", lambda: patched(good, b"PK\x01\x02", 16, bytes(4)), "zip"  # another checksum
    yield "a.npz", lambda: patched(good, b"PK\x01\x02", 42, b"\xff\xff\xff\x7f"), "zip"  # lies behind the end
    yield "a.npz", lambda: patched(good, b"PK\x03\x04", 0, b"PK\x09\x09"), "zip"
    yield "a.npz", bomb, "zip_large"
    yield "a.npz", lambda: bomb(1_000), "zip"  # whose directory lies
    yield "a.npz", lambda: archive({f"{n}.npy": b"" for n in range(1_001)}, zipfile.ZIP_STORED), "zip_many"
    yield "a.npz", lambda: good.replace(b"bias_hh", b"bias_ih"), "zip_twice"
    for data, key in broken_arrays(evil):
        yield "a.npz", held(archive({"w.npy": data})), key


def broken_arrays(evil: str) -> Iterator[tuple[bytes, str]]:
    """Arrays that numpy.save has not written, or not from numbers."""
    yield b"", "npy"
    yield b"\x93NUMPY", "npy"
    yield pickle.dumps(Evil(evil)), "npy"
    yield saved(np.array([Evil(evil)], dtype=object), pickles=True), "npy_objects"
    yield npy(described("'|O'")), "npy_objects"
    yield npy(described("[('a', '<f4')]")), "npy"
    yield npy(described("__import__('os').mkdir('x')")), "npy"
    yield npy(described(shape="(2)")), "npy"
    yield npy(described(shape=f"({'1, ' * 20_000})")), "npy"
    yield npy(described(shape="(-2,)")), "npy"
    yield npy(described(shape="(2.0,)")), "npy"
    yield npy(described(shape="(" * 1_000)), "npy"
    yield npy("{}"), "npy"
    yield npy(described(), version=b"\x09\x00"), "npy"
    yield npy(described(), said=3), "npy"
    yield npy(described(), said=60_000), "npy"
    for kind in ("|V2", "<M8[s]", "<f16", "<f3", "<q8"):
        yield npy(described(f"'{kind}'")), "type"
    yield npy(described(shape="(1000000, 1000000)")), "shape"
    yield npy(described(shape="(0, 1000000000000000000)")), "shape"
    yield npy(described(shape="(1, 1, 1, 1, 1, 1, 1, 1, 2)")), "shape"
    yield npy(described(shape="(3,)")), "npy_cut"
    yield npy(described("'<U999'", "(9,)")), "npy_cut"


def strange_weights() -> Iterator[Case]:
    """Files that are sound, of weights that are not."""
    good, gru, cell = weights(), weights(3), weights(ending="")
    for kind in ("i1", "i4", "u1", "i8", "?", "c8"):
        yield "a.safetensors", held(changed(weights(kind=kind))), "number_type"
    for kind in ("i2", "c16", "U4", "S3"):
        yield "a.npz", held(npz(weights(kind=kind))), "number_type"
    for value in (np.nan, np.inf, -np.inf):
        strange = good["weight_hh_l0"].copy()
        strange[3, 1] = value
        yield "a.safetensors", held(changed(good, weight_hh_l0=strange)), "finite"
        yield "a.npz", held(npz({**good, "weight_hh_l0": strange})), "finite"
    yield "a.npz", held(npz({**good, "weight_hh_l0": np.full((12, 3), -1e308)})), "huge"
    for rows, columns in ((6, 3), (15, 3), (13, 3), (3, 5), (0, 3), (3, 0)):
        hh = np.zeros((rows, columns), "f4")
        yield "a.safetensors", held(changed(good, weight_hh_l0=hh)), "rows"
    for axes in ((), (12,), (12, 3, 1)):
        hh = np.zeros(axes, "f4")
        yield "a.safetensors", held(changed(good, weight_hh_l0=hh)), "rows"
    yield "a.safetensors", lambda: changed({name: values.T for name, values in good.items()}), "transposed"
    for name, shape in (
        *(("weight_ih_l0", (9, 2)), ("weight_ih_l0", (12,)), ("weight_ih_l0", (2, 12)), ("weight_ih_l0", (12, 0))),
        *(
            ("bias_ih_l0", (9,)),
            ("bias_hh_l0", (12, 1)),
            ("bias_hh_l0", ()),
            ("weight_hh_l0", (9, 3)),
            ("weight_hh_l0", (16, 4)),
        ),
    ):
        other = np.zeros(shape, "f4")
        yield "a.safetensors", held(changed(good, **{name: other})), "fits"
    for name in good:
        yield "a.safetensors", held(changed(good, **{name: None})), "missing"
    second, back = weights(features=3, ending="_l1"), weights(ending="_l0_reverse")
    yield "a.safetensors", lambda: changed(weights(ending="_l1")), "missing"
    yield "a.safetensors", lambda: changed({**good, **weights(features=3, ending="_l2")}), "missing"
    yield "a.safetensors", lambda: changed({**good, **second}, bias_ih_l1=None, bias_hh_l1=None), "missing"
    yield "a.safetensors", lambda: changed({**good, **second, **back}), "missing"
    yield "a.safetensors", lambda: changed(good, weight_hh_l0_reverse=back["weight_hh_l0_reverse"]), "missing"
    yield "a.safetensors", lambda: changed(back), "missing"
    yield "a.safetensors", lambda: changed({**good, **weights(ending="_l1")}), "fits"
    both = {**back, **second, **weights(features=3, ending="_l1_reverse")}
    yield "a.safetensors", lambda: changed({**good, **both}), "fits"  # reads H, not 2H
    yield "a.safetensors", lambda: changed({**good, **weights(3, 4, 2, "_l1")}), "fits"
    yield "a.safetensors", lambda: changed({**good, **weights(ending="_l8")}), "layers"
    yield "a.safetensors", lambda: changed({**good, **weights(ending="_l9999")}), "layers"
    yield "a.safetensors", lambda: changed({**good, **cell}), "mixed"
    yield "a.safetensors", lambda: changed({**gru, **cell}), "mixed"
    yield "a.safetensors", lambda: changed(good, w_hh_l0=good["weight_hh_l0"]), "twice"
    yield "a.safetensors", lambda: changed(good, W_ih_l0=gru["weight_ih_l0"]), "twice"
    yield "a.safetensors", lambda: changed(good, weight_hr_l0=np.zeros((2, 3), "f4")), "projection"
    yield "a.safetensors", lambda: changed(good, weight_ho=np.zeros((2, 3), "f4")), "fits"
    jordan = {**weights(1), **weights(1, features=3, ending="_l1"), "weight_ho": np.zeros((3, 3), "f4")}
    yield "a.safetensors", lambda: changed(jordan), "layers"
    yield "a.safetensors", lambda: changed({"fc.weight": np.ones((2, 2), "f4")}), "none"
    yield "a.safetensors", lambda: changed({"weight_ih_l0_raw": np.ones((2, 2), "f4")}), "none"
    i2h = {"cell.i2h.weight": np.ones((2, 5), "f4"), "cell.i2h.bias": np.ones(2, "f4")}
    yield "a.safetensors", lambda: changed(i2h), "cornn"
    yield "a.safetensors", lambda: save({}), "nothing"
    yield "a.safetensors", lambda: changed(weights(1, 1_025, kind="f2")), "wide"
    yield "a.safetensors", lambda: changed(weights(1, 2, 4_097)), "wide"
    large = {"weight_ih_l0": np.zeros((4_096, 4_000), "f2"), "weight_hh_l0": np.zeros((4_096, 1_024), "f2")}
    yield "a.safetensors", lambda: changed(large), "numbers"
    yield "a.safetensors", lambda: changed({"\x1b[2J![x](http://x).weight_hh_l0": good["weight_hh_l0"]}), "missing"


def other_kinds() -> Iterator[Case]:
    for name in ("a.safetensors", "a.npz", "a.pt", "a.h5"):
        yield name, bytes, "empty"
    yield "a.safetensors", lambda: bytes(50_000_001), "large"
    for ending, key in (("h5", "keras"), ("hdf5", "keras"), ("keras", "keras"), ("onnx", "onnx"), ("ONNX", "onnx")):
        yield f"a.{ending}", lambda: b"weights", key
    for ending in ("pt", "pth", "bin", "ckpt", "PT"):
        yield f"a.{ending}", lambda: b"weights", "pickle"
    for name in ("a.pkl", "a.joblib", "a.csv", "a.exe", "a", ".npz", "a.npz.gz", "a.npy", "", "\x00", "x" * 10_000):
        yield name, lambda: b"weights", "kind"
    yield "a.pkl", lambda: pickle.dumps(Evil("/")), "kind"


def hostile_weights(evil: str) -> list[Case]:
    """Weights; what code they hold would make the folder `evil`."""
    return [*broken_tensors(), *broken_archives(evil), *strange_weights(), *other_kinds()]


def hostile_inputs(evil: str) -> list[Case]:
    """Inputs of a network that reads D = 3."""
    shaped: tuple[tuple[Array, str], ...] = (
        *((np.zeros(shape, "f4"), "inputs_axes") for shape in ((), (3,), (2, 2, 3, 1))),
        *((np.zeros(shape, "f4"), "inputs_empty") for shape in ((0, 3), (4, 0, 3), (4, 2, 0))),
        (np.zeros((1_001, 3), "f4"), "inputs_long"),
        (np.zeros((2, 257, 3), "f4"), "inputs_long"),
        (np.zeros((5, 2, 4)), "inputs_features"),
        (np.zeros((5, 4)), "inputs_features"),
        (np.full((5, 3), np.nan), "inputs_finite"),
        (np.full((5, 3), -1e300), "inputs_huge"),
        (np.full((5, 2, 3), np.inf, "f2"), "inputs_finite"),
        *((np.zeros((5, 3), kind), "inputs_type") for kind in ("c8", "U2", "S2")),
    )
    cases: list[Case] = [("x.npy", held(saved(values)), key) for values, key in shaped]
    cases += [("x.npy", held(data), key) for data, key in broken_arrays(evil) if data]
    cases += [("x.npz", lambda: npz(weights()), "inputs_kind"), ("x.csv", lambda: b"1,2,3", "inputs_kind")]
    return [
        *cases,
        ("x.npy", bytes, "empty"),
        ("x.npy", lambda: saved(np.zeros((1_000, 256, 49), "i1")), "inputs_numbers"),
    ]
