"""A sweep as a file in TOML, such as docs/atlas.toml."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnn_dynamics.experiment import Experiment
from rnn_dynamics.limits import Range, one_of, short
from rnn_dynamics.sweep.question import NORMS, Sweep

_PARTS = ("experiment", "axes", "seeds", "norms")
_SPAN = {"from", "to", "count"}
_COUNT = Range(minimum=2, maximum=1_000_000, whole=True)


def read_sweep(path: Path) -> Sweep:
    """The sweep that a file asks for.

    Its tables `experiment` and `axes`, and its lists `seeds` and `norms`, are the arguments of `Sweep`. Numbers may be
    given as { from = 0.5, to = 2.0, count = 4 }, both ends included.

    Raises:
        ValueError: the file cannot be read, is no TOML, or asks for what is no sweep; the message says what.
    """
    asked = _asked(path)
    for name in asked:
        one_of("key", name, _PARTS)
    axes, seeds = asked.get("axes", {}), asked.get("seeds")
    if not isinstance(axes, dict):
        raise ValueError(f"axes = {short(axes)} does not name the values of each field")
    return Sweep(
        _experiment(asked.get("experiment", {})),
        {name: _values(name, values) for name, values in axes.items()},
        None if seeds is None else _values("seeds", seeds),
        asked.get("norms", NORMS),
    )


def _asked(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"it cannot be opened: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # no TOML, or no text at all
        raise ValueError(f"it is no TOML: {error}") from error


def _experiment(fields: Any) -> Experiment:
    if not isinstance(fields, Mapping):
        raise ValueError(f"experiment = {short(fields)} does not name fields of an Experiment")
    try:
        return Experiment(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _values(name: str, values: Any) -> Any:
    """A list as it is; of a span its numbers."""
    if not isinstance(values, dict):
        return values
    ends = [values.get(end) for end in ("from", "to")]
    if set(values) != _SPAN or not all(type(end) in (int, float) for end in ends):
        raise ValueError(f"{name} = {short(values)} does not have the numbers from, to and count")
    count = int(_COUNT.checked(f"count of {name}", values["count"]))
    return [_between(*ends, part=i, parts=count - 1) for i in range(count)]


def _between(first: Any, last: Any, *, part: int, parts: int) -> float:
    """A number on the way from first to last, without the digits of rounding: a whole one where it can be."""
    if type(first) is type(last) is int and (last - first) * part % parts == 0:
        return first + (last - first) * part // parts
    return float(f"{first + (last - first) * part / parts:.12g}")
