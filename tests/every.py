"""A law at many values in a few test items: as quick to write as parametrize, and each failure still says where."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., None]


def every(names: str | tuple[str, ...], values: Iterable[Any], *, parts: int = 1, **_: Any) -> Callable[[Test], Test]:
    """Run a test at each of the values, which are tuples where there are several names, in so many items.

    Takes what `pytest.mark.parametrize` takes, ids apart: a failure is noted with its values, and the others are met
    after it. Fixtures are made once an item, so a test that leaves one changed is better parametrized.
    """
    each = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    given = [dict(zip(each, _unpacked(value, len(each)), strict=True)) for value in values]
    assert given, f"{names}: no value"

    def decorate(test: Test) -> Test:
        others = [p for p in inspect.signature(test).parameters.values() if p.name not in each]

        @wraps(test)
        def over_all(part: int = 0, **fixtures: Any) -> None:
            failed = []
            for at in given[part::parts]:
                try:
                    test(**at, **fixtures)
                except Exception as error:  # noqa: BLE001  # raised below
                    error.add_note(f"at {at}")
                    failed.append(error)
            if failed:
                raise failed[0] if len(failed) == 1 else ExceptionGroup(f"at {len(failed)} values", failed)

        part = [inspect.Parameter("part", inspect.Parameter.KEYWORD_ONLY)] if parts > 1 else []
        over_all.__signature__ = inspect.Signature([*others, *part])  # type: ignore[attr-defined]
        marked: Test = pytest.mark.parametrize("part", range(parts))(over_all) if parts > 1 else over_all
        return marked

    return decorate


def _unpacked(value: Any, count: int) -> tuple[Any, ...]:
    if isinstance(value, type(pytest.param())):
        return tuple(value.values)
    return tuple(value) if count > 1 else (value,)
