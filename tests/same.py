"""Whether two answers are the same, to the bit."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def assert_same(one: Any, other: Any, where: str = "answer") -> None:
    """All that both hold: types, names, and the bytes of every array."""
    if one is other:
        return
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert one.tobytes() == other.tobytes(), where
    elif is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, Mapping):
        assert list(one) == list(other), where
        for name, value in one.items():
            assert_same(value, other[name], f"{where}[{name!r}]")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, (value, its) in enumerate(zip(one, other, strict=True)):
            assert_same(value, its, f"{where}[{number}]")
    elif hasattr(one, "__dict__") and "__eq__" not in vars(type(one)):
        assert_same(vars(one), vars(other), where)
    else:
        assert one == other or (one != one and other != other), where  # noqa: PLR0124  # nan
