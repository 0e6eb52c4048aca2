"""Products with a small matrix as machine code: out = matrix x, each column times a factor of its own.

BLAS asks at each call how it should go about it, which at H = 32 takes as long as the product. Here one of the two,
matrix or x, fills registers with what lies side by side, and numbers of the other are multiplied in: with up to seven
columns it is the matrix, with more x, eight columns of it. As many rows are worked on at a time as find room; the
matrix lies in blocks of these, each column by column, and a block beyond the end begins earlier.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

import numpy as np

from rnn_dynamics.engine.cells.activations import Array
from rnn_dynamics.engine.compiled.machine_code import NUMBER, Text, assemble, has_wide_registers

#: Columns up to which the matrix fills registers.
_FEW = 7
#: Rows that a block may have, and how many sums find room in the registers: in 32 of eight numbers each, or in fewer.
_HIGH = (32, 16, 8, 4, 1)
_ROOM = {True: 224, False: 48}
#: Of a kernel: matrix (rows, inner) as `stored` gives it, x (inner, columns), out (rows, columns), scale (columns,).
ARGUMENTS = ("ptr %matrix", "ptr %x", "ptr %out", "i64 %rows", "i64 %inner", "i64 %columns", "ptr %scale")


def stored(matrix: Array, columns: int) -> Array:
    """A matrix (..., rows, K) as it is read with so many columns: (..., blocks, K, rows of a block).

    Row by row, numbers that are read together would lie a multiple of 4 kB apart at many sizes, and throw each other
    out of the processor's cache.
    """
    *outer, rows, inner = matrix.shape
    high = _high(rows, columns)
    blocks = np.empty((*outer, -(-rows // high), inner, high))
    for k in range(blocks.shape[-3]):
        begin = min(k * high, rows - high)
        blocks[..., k, :, :] = matrix[..., begin : begin + high, :].swapaxes(-1, -2)
    return blocks


def kernel(rows: int, columns: int) -> int:
    """The address of a function of ARGUMENTS for such a product."""
    return _of_blocks(_high(rows, columns), min(columns, _FEW + 1))


def _high(rows: int, columns: int) -> int:
    room = _ROOM[has_wide_registers()] // min(columns, _FEW + 1)
    return next(high for high in _HIGH if high <= min(rows, room))


@lru_cache(maxsize=64)  # of few heights and widths
def _of_blocks(high: int, wide: int) -> int:
    """The function that computes blocks of `high` rows and `wide` columns."""
    few = wide <= _FEW
    term, block = Text(high if few else wide, "t"), Text(high if few else wide, "b")
    kind, sums = term.type(NUMBER), [f"%sum{k}" for k in range(wide if few else high)]
    side = _load(term, "%matrix", "%j", str(high), "%block") if few else _load(term, "%x", "%j", "%columns", "%z")
    more = []
    for k, so_far in enumerate(sums):
        if few:
            number = _load_one(term, "%x", "%j", "%columns", str(k))
        else:
            number = _load_one(term, "%matrix", "%j", str(high), term.let(f"add i64 %block, {k}"))
        more.append(term.intrinsic("fmuladd", side, number, so_far))
    if few:
        _store_as_rows(
            block, [block.apply("fmul", of, _load_one(block, "%scale", str(k), "1", "0")) for k, of in enumerate(more)]
        )
    else:
        scale = _load(block, "%scale", "%z", "1", "0")
        for k, of in enumerate(more):
            place = _at(block, "%out", block.let(f"add i64 %y, {k}"), "%columns", "%z")
            block.lines.append(f"  store {kind} {block.apply('fmul', of, scale)}, ptr {place}, align 8")
    phis = [
        f"  {so_far} = phi {kind} [ zeroinitializer, %column ], [ {of}, %term ]"
        for so_far, of in zip(sums, more, strict=True)
    ]
    lines = [
        f"define void @product({', '.join(ARGUMENTS)}) {{",
        *("entry:", f"  %low = sub i64 %rows, {high}", f"  %right = sub i64 %columns, {wide}", "  br label %row"),
        *("row:", "  %r = phi i64 [ 0, %entry ], [ %r.next, %end ]", "  %block = mul i64 %r, %inner"),
        *("  %y = call i64 @llvm.smin.i64(i64 %r, i64 %low)", "  br label %column"),
        *("column:", "  %c = phi i64 [ 0, %row ], [ %c.next, %store ]"),
        *("  %z = call i64 @llvm.smin.i64(i64 %c, i64 %right)", "  br label %term"),
        *("term:", "  %j = phi i64 [ 0, %column ], [ %j.next, %term ]", *phis, *term.lines),
        *("  %j.next = add i64 %j, 1", "  %j.more = icmp slt i64 %j.next, %inner"),
        *("  br i1 %j.more, label %term, label %store", "store:", *block.lines),
        *(f"  %c.next = add i64 %c, {wide}", "  %c.more = icmp slt i64 %c.next, %columns"),
        *("  br i1 %c.more, label %column, label %end", "end:"),
        *(f"  %r.next = add i64 %r, {high}", "  %r.more = icmp slt i64 %r.next, %rows"),
        *("  br i1 %r.more, label %row, label %done", "done:", "  ret void", "}"),
    ]
    return assemble("product", lines, term.declared | {"declare i64 @llvm.smin.i64(i64, i64)"})


def _at(text: Text, array: str, row: str, stride: str, column: str) -> str:
    """The address of an entry."""
    entry = text.let(f"add i64 {text.let(f'mul i64 {row}, {stride}')}, {column}")
    return text.let(f"getelementptr double, ptr {array}, i64 {entry}")


def _load(text: Text, array: str, row: str, stride: str, column: str) -> str:
    """As many entries as a register has, from one on."""
    return text.let(f"load {text.type(NUMBER)}, ptr {_at(text, array, row, stride, column)}, align 8")


def _load_one(text: Text, array: str, row: str, stride: str, column: str) -> str:
    """An entry at each place of a register."""
    number = text.let(f"load {NUMBER}, ptr {_at(text, array, row, stride, column)}, align 8")
    if text.width == 1:
        return number
    kind, lanes = text.type(NUMBER), text.type("i32")
    first = text.let(f"insertelement {kind} poison, {NUMBER} {number}, i32 0")
    return text.let(f"shufflevector {kind} {first}, {kind} poison, {lanes} zeroinitializer")


def _store_as_rows(text: Text, columns: list[str]) -> None:
    """Store some columns of the result, of as many rows each as a register has."""
    high, wide = text.width, len(columns)
    if high == 1:
        places = [_at(text, "%out", "%y", "%columns", str(k)) for k in range(wide)]
        text.lines += [
            f"  store {NUMBER} {of}, ptr {place}, align 8" for of, place in zip(columns, places, strict=True)
        ]
        return
    each = high
    while len(columns) > 2:  # two registers are to hold all columns, one after the other
        pairs = list(zip_longest(columns[::2], columns[1::2], fillvalue=columns[-1]))
        columns, each = [_shuffled(text, each, pair, range(2 * each)) for pair in pairs], 2 * each
    if wide > 1:
        rows = [k * high + row for row in range(high) for k in range(wide)]
        columns = [_shuffled(text, each, columns, rows)]
    kind = f"<{high * wide} x {NUMBER}>"
    text.lines.append(f"  store {kind} {columns[0]}, ptr {_at(text, '%out', '%y', '%columns', '0')}, align 8")


def _shuffled(text: Text, length: int, pair: Sequence[str], places: Sequence[int]) -> str:
    """Some entries of two registers of a length."""
    kind, mask = f"<{length} x {NUMBER}>", ", ".join(f"i32 {place}" for place in places)
    return text.let(f"shufflevector {kind} {pair[0]}, {kind} {pair[1]}, <{len(places)} x i32> <{mask}>")
