"""Weights and inputs from files that may be broken or hostile: what one says of itself is checked before it is copied.

No pickle is run. The kinds that are read are .safetensors, NumPy's .npz, for inputs .npy, and on request torch's .pt.
"""

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BytesIO
from math import prod
from pathlib import PurePath
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from rnn_dynamics.limits import LARGEST_INPUT, Range
from rnn_dynamics.own import apart
from rnn_dynamics.own.converters import KERAS, ONNX, TORCH
from rnn_dynamics.own.unreadable import UnreadableFile

__all__ = ["LARGEST_FILE", "NUMBERS", "SEQUENCES", "STEPS", "UnreadableFile", "read_inputs", "read_weights"]

AnyArray = NDArray[Any]
Array = NDArray[np.float64]

#: Bytes of a file, and of all that it unpacks to.
LARGEST_FILE, LARGEST_UNPACKED = 50_000_000, 100_000_000
#: Numbers that are turned into float64: 100 MB of them.
NUMBERS = 12_500_000
#: Inputs: T, and N.
STEPS, SEQUENCES = Range(minimum=1, maximum=1_000, whole=True), Range(minimum=1, maximum=256, whole=True)
#: Bytes of the list of tensors that stands before them, and how many arrays an .npz may have.
_LARGEST_HEADER, _MOST_ARRAYS, _MOST_AXES = 1_000_000, 1_000, 8
#: Bytes of what stands before the numbers of an array; NumPy's own limit.
_LARGEST_START = 10_000
#: Type as safetensors names it -> as NumPy does; bfloat16 is widened, and no other is read.
_TYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "BOOL": "b1", "C64": "c8"} | {
    f"{sign}{8 * size}": f"{sign.lower()}{size}" for sign in "IU" for size in (1, 2, 4, 8)
}
#: The beginning of an array as `numpy.save` writes it, whatever its type; not what else Python could evaluate.
_NPY = re.compile(
    rb"\x93NUMPY(?:\x01\x00(?P<two>..)|[\x02\x03]\x00(?P<four>....))(?P<header>"
    rb"\{'descr': '(?P<type>[<>|=]?[\w?\[\]]{1,12})', 'fortran_order': (?:True|False), "
    rb"'shape': \((?P<shape>(?:(?:(?:0|[1-9]\d{0,18}), ?)+(?:0|[1-9]\d{0,18})?)?)\),? ?\} *\n)",
    re.DOTALL,
)
_PLAIN_TYPE = re.compile(r"[<>|=]?(?:f[248]|[iu][1248]|b1|c8|c16|[US]\d{1,4})")
#: What Python's zipfile raises at archives that are broken in one way or another.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def read_weights(data: bytes, name: str, *, pickles: bool = False) -> dict[str, AnyArray]:
    """The arrays of a file by their names, each of the file's own type, but bfloat16 as float32.

    Args:
        data: the file, at most 50 MB.
        name: its name, whose ending says of what kind it is.
        pickles: whether torch's files are read at all: by torch's weights_only, in a process of its own.

    Raises:
        UnreadableFile: it is too large, empty, broken, of another kind, or unpacks to more than 100 MB.
    """
    _check_size(data, name)
    found = _arrays(data, name, pickles)
    if not found:
        raise UnreadableFile("nothing", file=name)
    return found


def _arrays(data: bytes, name: str, pickles: bool) -> dict[str, AnyArray]:
    match PurePath(name).suffix.lower():
        case ".safetensors":
            return _of_safetensors(data, name)
        case ".npz":
            return dict(_of_npz(data, name))
        case ".pt" | ".pth" | ".bin" | ".ckpt" if pickles:
            return _of_safetensors(apart.as_safetensors(data, name, LARGEST_UNPACKED), name)
        case ".pt" | ".pth" | ".bin" | ".ckpt":
            raise UnreadableFile("pickle", lines=TORCH, file=name)
        case ".h5" | ".hdf5" | ".keras":
            raise UnreadableFile("keras", lines=KERAS, file=name)
        case ".onnx":
            raise UnreadableFile("onnx", lines=ONNX, file=name)
    raise UnreadableFile("kind", file=name)


def read_inputs(data: bytes, name: str, *, features: int | None = None) -> Array:
    """Inputs (T, N, D) in float64 from a .npy file, of which (T, D) counts as one sequence.

    Args:
        data: the file, at most 50 MB.
        name: its name.
        features: D of the network that shall read them, if that is known.

    Raises:
        UnreadableFile: it is no array of real and finite numbers, or T > 1,000, N > 256, or D is another.
    """
    _check_size(data, name)
    if PurePath(name).suffix.lower() != ".npy":
        raise UnreadableFile("inputs_kind", file=name)
    found = _of_npy(data, name, PurePath(name).stem)
    if found.dtype.kind not in "fiub":
        raise UnreadableFile("inputs_type", file=name, type=str(found.dtype))
    if found.ndim not in (2, 3):
        raise UnreadableFile("inputs_axes", file=name, shape=found.shape)
    if not found.size:
        raise UnreadableFile("inputs_empty", file=name, shape=str(found.shape))
    steps, sequences, width = found.shape if found.ndim == 3 else (len(found), 1, found.shape[1])
    _check_inputs(name, {"T": (steps, STEPS), "N": (sequences, SEQUENCES)})
    if found.size > NUMBERS:
        raise UnreadableFile("inputs_numbers", file=name, shape=found.shape, count=found.size, limit=NUMBERS)
    if features is not None and width != features:
        raise UnreadableFile("inputs_features", file=name, shape=found.shape, width=width, features=features)
    if not np.isfinite(found).all():
        raise UnreadableFile("inputs_finite", file=name, value=first_strange(found))
    inputs = np.ascontiguousarray(found, dtype=np.float64).reshape(steps, sequences, width)
    if (largest := float(np.abs(inputs).max())) > LARGEST_INPUT:
        raise UnreadableFile("inputs_huge", file=name, value=f"{largest:.0e}", limit=f"{LARGEST_INPUT:.0e}")
    return inputs


def first_strange(values: AnyArray) -> str:
    """The first value that is not finite, and where: "nan at (0, 3)"."""
    at = tuple(int(place) for place in np.argwhere(~np.isfinite(values))[0])
    return f"{values[at]} at {at}"


def _check_size(data: bytes, name: str) -> None:
    if len(data) > LARGEST_FILE:
        raise UnreadableFile("large", file=name, size=len(data), limit=LARGEST_FILE)
    if not data:
        raise UnreadableFile("empty", file=name)


def _check_inputs(name: str, counts: Mapping[str, tuple[int, Range]]) -> None:
    for what, (count, limits) in counts.items():
        if count > limits.maximum:
            raise UnreadableFile("inputs_long", file=name, what=what, count=count, limit=int(limits.maximum))


def _check_shape(file: str, tensor: str, shape: tuple[int, ...]) -> None:
    """Refuse what NumPy cannot hold, zeros among the sizes included, before it tries."""
    if len(shape) > _MOST_AXES or prod(max(size, 1) for size in shape) > LARGEST_UNPACKED:
        raise UnreadableFile("shape", file=file, tensor=tensor, shape=str(shape), limit=LARGEST_UNPACKED)


def _of_safetensors(data: bytes, file: str) -> dict[str, AnyArray]:
    said = int.from_bytes(data[:8], "little")
    if said > min(_LARGEST_HEADER, len(data) - 8):  # so many names would take a hundred times the memory of the file
        raise UnreadableFile("header", file=file, said=said, size=len(data), limit=_LARGEST_HEADER)
    try:
        parts = safetensors.deserialize(data)  # type: ignore[no-untyped-call]  # checks that types, shapes and sizes fit, before it copies
    except safetensors.SafetensorError as error:
        raise UnreadableFile("safetensors", file=file, why=str(error).rpartition("deserializing: ")[2]) from error
    # They come in another order in each process.
    return {name: _of_part(file, name, part) for name, part in sorted(parts, key=lambda of: str(of[0]))}


def _of_part(file: str, name: str, part: Mapping[str, Any]) -> AnyArray:
    shape = tuple(part["shape"])
    _check_shape(file, name, shape)
    if part["dtype"] not in _TYPES:
        raise UnreadableFile("type", file=file, tensor=name, type=part["dtype"])
    values = np.frombuffer(part["data"], dtype=f"<{_TYPES[part['dtype']]}").reshape(shape)
    if part["dtype"] != "BF16":
        return values
    return (values.astype(np.uint32) << 16).view(np.float32)  # bfloat16 is the upper half of a float32


def _of_npz(data: bytes, file: str) -> Iterator[tuple[str, AnyArray]]:
    """Name and array of each member, unpacked one after the other, with no more than the limit in all."""
    if data.count(b"PK\x01\x02") > _MOST_ARRAYS:  # before an object is made for each that is listed
        raise UnreadableFile("zip_many", file=file, limit=_MOST_ARRAYS)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_directory(archive, file)
            left = LARGEST_UNPACKED
            for member in archive.infolist():
                unpacked = _unpacked(archive, member, left, file)
                left -= len(unpacked)
                name = member.filename.removesuffix(".npy")
                yield name, _of_npy(unpacked, file, name)
    except UnreadableFile:
        raise
    except _BROKEN_ZIP as error:
        raise UnreadableFile("zip", file=file, why=str(error)) from error


def _check_directory(archive: zipfile.ZipFile, file: str) -> None:
    """Refuse what is no array, packed as NumPy does not, or too large by the archive's own word."""
    for member in archive.infolist():
        if not member.filename.endswith(".npy"):
            raise UnreadableFile("zip_member", file=file, member=member.filename)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise UnreadableFile("zip_packed", file=file, member=member.filename)
    names = Counter(member.filename for member in archive.infolist())
    if twice := [name for name, often in names.items() if often > 1]:
        raise UnreadableFile("zip_twice", file=file, member=twice[0])
    size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST_UNPACKED:
        raise UnreadableFile("zip_large", file=file, size=size, limit=LARGEST_UNPACKED)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, file: str) -> bytes:
    """A member, of which no more is unpacked than is left of the limit, whatever the archive says of its size."""
    with archive.open(member) as stream:
        unpacked = stream.read(left + 1)
    if len(unpacked) > left:
        raise UnreadableFile("zip_large", file=file, size=LARGEST_UNPACKED + 1, limit=LARGEST_UNPACKED)
    return unpacked


def _of_npy(data: bytes, file: str, tensor: str) -> AnyArray:
    found = _NPY.match(data, 0, _LARGEST_START)
    said = found and int.from_bytes(found["two"] or found["four"], "little")
    if found is None or said != len(found["header"]):
        raise UnreadableFile("npy", file=file, tensor=tensor)
    kind = found["type"].decode("latin-1")
    if "O" in kind:
        raise UnreadableFile("npy_objects", file=file, tensor=tensor)
    if not _PLAIN_TYPE.fullmatch(kind):
        raise UnreadableFile("type", file=file, tensor=tensor, type=kind)
    shape = tuple(int(size) for size in found["shape"].split(b",") if size.strip())
    _check_shape(file, tensor, shape)
    needed, there = prod(shape) * np.dtype(kind).itemsize, len(data) - found.end()
    if there < needed:
        raise UnreadableFile("npy_cut", file=file, tensor=tensor, shape=shape, needed=needed, there=there)
    return np.asarray(np.load(BytesIO(data), allow_pickle=False))
