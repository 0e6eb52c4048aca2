"""A picture before its answer: axes and settings are seen; no curve, title or label is in what the browser gets."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import Tables, as_bytes
from rnn_dynamics.remembered import remembered

#: Table that expressions read -> its columns on which axes depend.
Seen = Mapping[str, frozenset[str]]
#: Digits of an axis's end: one that is the largest number of a curve would say it.
_DIGITS = 2


def veiled(specification: str, datasets: Mapping[str, bytes]) -> dict[str, bytes]:
    """The datasets of a chart without what they tell, see `veiled_tables`."""
    return as_bytes(veiled_tables(specification, {name: _table(data) for name, data in datasets.items()}))


def veiled_tables(specification: str, tables: Tables) -> dict[str, pa.Table]:
    """The tables of a chart without what they tell.

    One that only marks draw keeps no row. Of one that the chart's expressions read, the columns on which axes
    depend stay, and of all others no number and no word.
    """
    seen = _read_by_axes(specification)
    return {name: _veiled(table, seen.get(name)) for name, table in tables.items()}


def _table(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _veiled(table: pa.Table, axes: frozenset[str] | None) -> pa.Table:
    if axes is None:
        return table.slice(0, 0)
    columns = [_rounded(table[name]) if name in axes else _blank(table[name]) for name in table.column_names]
    return pa.table(columns, schema=table.schema)


def _blank(column: pa.ChunkedArray) -> pa.Array:
    """As many empty texts, for an expression would write "null", or as many times no value."""
    text = pa.types.is_string(column.type)
    return pa.array([""] * len(column)) if text else pa.nulls(len(column), column.type)


def _rounded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(column.type):
        return column
    numbers = [None if value is None else float(f"{value:.{_DIGITS}g}") for value in column.to_pylist()]
    return pa.chunked_array([pa.array(numbers, column.type)])


@remembered
def _read_by_axes(specification: str) -> Seen:
    """What the scales and axes of a chart read, of each table that its expressions read at all."""
    spec = json.loads(specification)
    parameters = {one["name"]: one.get("expr", "") for one in spec.get("params", ())}
    expressions = _with_parameters([*_of_axes(spec)], parameters)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for table in re.findall(r"data\('(\w+)'\)", specification):
        ways = [rf"data\('{table}'\)", *_aliases(table, parameters)]
        found[table] |= set(_columns("|".join(ways), expressions))
    return {table: frozenset(columns) for table, columns in found.items()}


def _of_axes(part: Any) -> Iterator[str]:
    """The texts of all scales and axes."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key in ("scale", "axis"):
            yield json.dumps(value)
        else:
            yield from _of_axes(value)


def _with_parameters(expressions: list[str], parameters: Mapping[str, str]) -> list[str]:
    """Expressions, those of the parameters that they name, and so on."""
    left = dict(parameters)
    for expression in expressions:  # which grow meanwhile
        named = [name for name in left if re.search(rf"\b{name}\b", expression)]
        expressions.extend(left.pop(name) for name in named)
    return expressions


def _aliases(table: str, parameters: Mapping[str, str]) -> Iterator[str]:
    """The parameters that are the table, or one row of it."""
    begins = rf"data\('{table}'\)(\[.*\])?$"
    return (rf"\b{name}" for name, expression in parameters.items() if re.match(begins, expression))


def _columns(table: str, expressions: Iterable[str]) -> Iterator[str]:
    """Names behind a dot, with or without the place of a row before it, and those that are plucked."""
    for expression in expressions:
        yield from re.findall(rf"(?:{table})(?:\[[^\]]*\])?\.(\w+)", expression)
        yield from re.findall(rf"pluck\((?:{table}), '(\w+)'\)", expression)
