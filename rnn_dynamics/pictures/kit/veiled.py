"""A picture before its answer: axes and settings are seen; no curve, title or label is in what the browser gets.

Nor is any number of an axis that ends where the answer does: 10^-60 would say that a gradient vanishes.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from rnn_dynamics.pictures.kit.frames import Tables, as_bytes
from rnn_dynamics.remembered import remembered

#: Table that expressions read -> its columns on which axes depend.
Seen = Mapping[str, frozenset[str]]
#: Of these the columns that say what the reader has set. What else an axis ends by comes from the answer, and tells it.
_SET: Seen = {
    "whole": frozenset(
        {"length", "levels", "units", "count", "columns", "rows", "lines", "longest", "steps", "updates"}
        | {"first", "last", "gated"}
    ),
    "scales": frozenset({"scale"}),
    "chosen": frozenset({"scale"}),
    "columns": frozenset({"name", "value"}),
    "rows": frozenset({"name"}),
    "region": frozenset({"left", "right", "bottom", "top"}),
}
#: Ends of an axis that say nothing, and what stands where it has numbers: as wide as some, so that all keeps its place.
_ENDS, _LOG_ENDS, _NO_NUMBER = [-1, 1], [0.1, 10], "'\u2007\u2007\u2007\u2007'"


def veiled(specification: str, datasets: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """A chart and its datasets without what they tell, see `veiled_specification` and `veiled_tables`."""
    tables = veiled_tables(specification, {name: _table(data) for name, data in datasets.items()})
    return veiled_specification(specification), as_bytes(tables)


@remembered
def veiled_specification(specification: str) -> str:
    """A chart whose axes and legends have no numbers where they end by what the answer is; the others keep theirs."""
    spec = json.loads(specification)
    reads = _reader(specification, spec)
    for channel in _channels(spec):
        scale = channel["scale"]
        if any(columns - _SET.get(table, frozenset()) for table, columns in reads([scale.get("domain")]).items()):
            scale["domain"] = _LOG_ENDS if scale.get("type") == "log" else _ENDS
            for guide in filter(None, (channel.get("axis"), channel.get("legend"))):
                guide["labelExpr"] = _NO_NUMBER
    return json.dumps(spec)


def veiled_tables(specification: str, tables: Tables) -> dict[str, pa.Table]:
    """The tables of a chart without what they tell.

    One that only marks draw keeps no row. Of one that the chart's expressions read, the columns stay by which axes are
    as the reader has set them, and of all others no number and no word.
    """
    seen = _read_by_axes(specification)
    return {name: _veiled(table, seen.get(name)) for name, table in tables.items()}


def _table(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _veiled(table: pa.Table, axes: frozenset[str] | None) -> pa.Table:
    if axes is None:
        return table.slice(0, 0)
    columns = [table[name] if name in axes else _blank(table[name]) for name in table.column_names]
    return pa.table(columns, schema=table.schema)


def _blank(column: pa.ChunkedArray) -> pa.Array:
    """As many empty texts, for an expression would write "null", or as many times no value."""
    text = pa.types.is_string(column.type)
    return pa.array([""] * len(column)) if text else pa.nulls(len(column), column.type)


@remembered
def _read_by_axes(specification: str) -> Seen:
    """What of the reader's settings the scales and axes of a chart read, of each table that its expressions read."""
    spec = json.loads(specification)
    read = _reader(specification, spec)(_under(spec, "scale", "axis"))
    return {table: columns & _SET.get(table, frozenset()) for table, columns in read.items()}


def _reader(specification: str, spec: Any) -> Callable[[Iterable[Any]], Seen]:
    """What finds the columns of each table that parts of a chart read, by its parameters too."""
    parameters = {one["name"]: one.get("expr", "") for one in spec.get("params", ())}
    tables = set(re.findall(r"data\('(\w+)'\)", specification))
    ways = {table: "|".join([rf"data\('{table}'\)", *_aliases(table, parameters)]) for table in tables}

    def reads(parts: Iterable[Any]) -> Seen:
        expressions = _with_parameters([json.dumps(part) for part in parts], parameters)
        return {table: frozenset(_columns(way, expressions)) for table, way in ways.items()}

    return reads


def _channels(spec: Any) -> Iterator[dict[str, Any]]:
    """All encodings that have a scale of their own."""
    for encoding in _under(spec, "encoding"):
        yield from (channel for channel in encoding.values() if isinstance(channel, dict) and channel.get("scale"))


def _under(part: Any, *keys: str) -> Iterator[Any]:
    """All that stands under some keys, however deep."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key in keys:
            yield value
        else:
            yield from _under(value, *keys)


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
