"""The loops of a step in LLVM's language, sixteen entries at a time, and the function that the processor runs.

The two transcendental functions are written here, for a call of a library's takes one entry at a time:

    exp(x)  = 2^k e^r,                        k = x / ln 2 rounded, r = x − k ln 2 with |r| ≤ 0.35; e^r by its series
    tanh(x) = sign(x) m / (m + 2),            m = exp(2 |x|) − 1 = 2^k (e^r − 1) + (2^k − 1)

Neither has a cancellation: r and e^r − 1 keep all digits where the argument is small. Where a mask chooses between two
values, the first of them is computed only if the mask holds in one of the sixteen.
"""

import ctypes
import math
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from rnn_dynamics.engine.compiled.program import Loop, Place, Product, Value

#: Entries at a time: two of AVX-512's vectors, because blocks that begin within a line of the cache, a multiple of 4 kB
#: apart, throw each other's lines out before the next vector comes to them.
WIDTH = 16
#: Address of the table, seeds, entries of a block; the parts that are asked for, a bit each; from one step to the next,
#: how many, and the first. Of each array the table holds the address, and the bytes from one step to the next and from
#: one seed to the next; of each product the addresses of kernel and matrix, the bytes from one seed's matrix to the
#: next, rows, inner and columns, and the address of the scale (see `products`).
Function = Callable[[int, int, int, int, int, int, int], None]
TABLE_COLUMNS, PRODUCT_COLUMNS = 3, 7
_ROUND = 1.5 * 2.0**52  # a double this large has no fraction: adding it rounds, and its last bits are the integer
_LN2_HIGH = struct.unpack("<d", struct.pack("<Q", 0x3FE62E42FEE00000))[0]  # 21 bits are 0: k times it is exact
_LN2_LOW = 1.90821492927058770002e-10
_TERMS = 13  # the next one is below 4e-18 of the sum
_LOG_TERMS = 17  # likewise, where the square of the ratio is 1/9
NUMBER, _WHOLE, _MASK = "double", "i64", "i1"


class Text:
    """Lines of LLVM's language for `width` entries."""

    def __init__(self, width: int, stem: str) -> None:
        self.width, self.lines, self.block, self.declared = width, list[str](), "", set[str]()
        self.stem, self._count = stem, 0

    def type(self, of: str) -> str:
        """A register of a type, or one number."""
        return f"<{self.width} x {of}>" if self.width > 1 else of

    def constant(self, value: float | int) -> str:
        """A number at each place of a register."""
        bits = f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}" if isinstance(value, float) else str(value)
        of = NUMBER if isinstance(value, float) else _WHOLE
        return f"<{', '.join([f'{of} {bits}'] * self.width)}>" if self.width > 1 else bits

    def let(self, expression: str) -> str:
        """A line that names the value of an expression."""
        self._count += 1
        name = f"%{self.stem}.{self._count}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def label(self, role: str) -> str:
        """A name for a block of lines."""
        self._count += 1
        return f"{role}.{self.stem}.{self._count}"

    def open(self, label: str) -> None:
        """Begin a block of lines."""
        self.lines.append(f"{label}:")
        self.block = label

    def apply(self, instruction: str, *operands: str, of: str = NUMBER) -> str:
        """An instruction on registers of one type."""
        return self.let(f"{instruction} {self.type(of)} {', '.join(operands)}")

    def intrinsic(self, name: str, *operands: str) -> str:
        """A function of LLVM's own on registers of numbers."""
        kind = self.type(NUMBER)
        return self.call(kind, f"{name}.{f'v{self.width}' if self.width > 1 else ''}f64", kind, *operands)

    def call(self, result: str, name: str, kind: str, *operands: str) -> str:
        """The same of any types."""
        self.declared.add(f"declare {result} @llvm.{name}({', '.join([kind] * len(operands))})")
        return self.let(f"call {result} @llvm.{name}({', '.join(f'{kind} {of}' for of in operands)})")

    def choose(self, mask: str, first: str, second: str) -> str:
        """The first where the mask holds, else the second."""
        kind = self.type(NUMBER)
        return self.let(f"select {self.type(_MASK)} {mask}, {kind} {first}, {kind} {second}")

    def convert(self, instruction: str, value: str, source: str, target: str) -> str:
        """A register of one type as that of another."""
        return self.let(f"{instruction} {self.type(source)} {value} to {self.type(target)}")


def _power_of_two(text: Text, exponent: str) -> str:
    """2^exponent of whole numbers from −1022 to 1023."""
    biased = text.apply("add", exponent, text.constant(1023), of=_WHOLE)
    return text.convert("bitcast", text.apply("shl", biased, text.constant(52), of=_WHOLE), _WHOLE, NUMBER)


def _polynomial(text: Text, coefficients: list[float], argument: str) -> str:
    """Σ c_k x^k in pairs, so that the processor has several products to work on at once (Estrin 1960)."""
    terms = [text.constant(of) for of in coefficients]
    while len(terms) > 1:
        pairs = [text.intrinsic("fmuladd", *(terms[k + 1], argument, terms[k])) for k in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[2 * len(pairs) :]
        argument = text.apply("fmul", argument, argument)
    return terms[0]


def _reduced(text: Text, argument: str) -> tuple[str, str, str]:
    """Return k as whole numbers, r, and e^r − 1 − r, see above; |argument| below 800."""
    shifted = text.intrinsic("fmuladd", argument, text.constant(1.0 / math.log(2.0)), text.constant(_ROUND))
    rounded = text.apply("fsub", shifted, text.constant(_ROUND))
    exact = text.intrinsic("fmuladd", rounded, text.constant(-_LN2_HIGH), argument)
    rest = text.intrinsic("fmuladd", rounded, text.constant(-_LN2_LOW), exact)
    lost = text.intrinsic("fmuladd", rounded, text.constant(-_LN2_LOW), text.apply("fsub", exact, rest))
    series = _polynomial(text, [1.0 / math.factorial(k) for k in range(2, _TERMS + 1)], rest)
    curved = text.intrinsic("fmuladd", series, text.apply("fmul", rest, rest), lost)
    bits = text.convert("bitcast", shifted, NUMBER, _WHOLE)
    whole = text.apply("sub", bits, text.constant(struct.unpack("<q", struct.pack("<d", _ROUND))[0]), of=_WHOLE)
    return whole, rest, curved


def _exp(text: Text, argument: str) -> str:
    for limit, beyond in ((-746.0, "fcmp olt"), (710.0, "fcmp ogt")):
        bound = text.constant(limit)
        argument = text.choose(text.apply(beyond, argument, bound), bound, argument)
    whole, rest, curved = _reduced(text, argument)
    # In two halves, so that a result below 10^−308 or beyond 10^308 comes about by a product, as it should.
    half = text.apply("ashr", whole, text.constant(1), of=_WHOLE)
    result = text.apply("fadd", text.apply("fadd", rest, curved), text.constant(1.0))
    for part in (half, text.apply("sub", whole, half, of=_WHOLE)):
        result = text.apply("fmul", result, _power_of_two(text, part))
    return result


def _tanh(text: Text, argument: str) -> str:
    size, bound = text.intrinsic("fabs", argument), text.constant(20.0)
    size = text.choose(text.apply("fcmp ogt", size, bound), bound, size)  # where tanh is 1
    whole, rest, curved = _reduced(text, text.apply("fadd", size, size))
    power = _power_of_two(text, whole)
    less_one = text.apply("fsub", power, text.constant(1.0))
    grown = text.intrinsic("fmuladd", power, rest, less_one)
    lost = text.intrinsic("fmuladd", power, rest, text.apply("fsub", less_one, grown))  # by the line before
    grown = text.apply("fadd", grown, text.intrinsic("fmuladd", power, curved, lost))
    below, two, half = text.apply("fadd", grown, text.constant(2.0)), text.constant(2.0), text.constant(0.5)
    ratio = text.apply("fdiv", grown, below)
    # What rounding took from m + 2 and from the quotient q, times dq/dm: 1 / (m + 2) = (1 − q) / 2.
    larger = text.apply("fcmp ogt", grown, two)
    missing = text.apply("fsub", below, text.choose(larger, grown, two))
    missing = text.apply("fsub", text.choose(larger, two, grown), missing)
    minus = text.apply("fneg", ratio)
    rest = text.intrinsic("fmuladd", minus, missing, text.intrinsic("fmuladd", minus, below, grown))
    ratio = text.intrinsic("fmuladd", rest, text.intrinsic("fmuladd", minus, half, half), ratio)
    return text.intrinsic("copysign", ratio, argument)


def _logaddexp(text: Text, first: str, second: str) -> str:
    """The larger of both + ln(1 + e), e = exp(−|a − b|) from 0 to 1, by ln(1 + e) = 2 artanh(e / (2 + e))."""
    zero, two = text.constant(0.0), text.constant(2.0)
    apart = text.intrinsic("fabs", text.apply("fsub", first, second))
    apart = text.choose(text.apply("fcmp oeq", first, second), zero, apart)  # where both are infinite
    smaller = _exp(text, text.apply("fneg", apart))
    ratio = text.apply("fdiv", smaller, text.apply("fadd", two, smaller))
    square = text.apply("fmul", ratio, ratio)
    series = _polynomial(text, [1.0 / (2 * k + 1) for k in range(_LOG_TERMS)], square)
    rest = text.apply("fmul", text.apply("fmul", two, ratio), series)
    return text.apply("fadd", text.intrinsic("maximum", first, second), rest)


def _instruction(name: str) -> Callable[..., str]:
    return lambda text, *operands: str(text.apply(name, *operands))


def _intrinsic(name: str) -> Callable[..., str]:
    return lambda text, *operands: str(text.intrinsic(name, *operands))


#: Name of an operation -> what writes it, of a text and the names of its operands.
_OPERATIONS: dict[str, Callable[..., str]] = {
    **{"add": _instruction("fadd"), "subtract": _instruction("fsub"), "multiply": _instruction("fmul")},
    **{"divide": _instruction("fdiv"), "negative": _instruction("fneg")},
    **{"less": _instruction("fcmp olt"), "less_equal": _instruction("fcmp ole")},
    **{"greater": _instruction("fcmp ogt"), "greater_equal": _instruction("fcmp oge")},
    "equal": _instruction("fcmp oeq"),
    **{"absolute": _intrinsic("fabs"), "minimum": _intrinsic("minimum"), "maximum": _intrinsic("maximum")},
    "positive": lambda text, of: of,
    "reciprocal": lambda text, of: text.apply("fdiv", text.constant(1.0), of),
    "square": lambda text, of: text.apply("fmul", of, of),
    "number": lambda text, of: text.convert("uitofp", of, _MASK, NUMBER),
    **{"exp": _exp, "tanh": _tanh, "logaddexp": _logaddexp},
}


class _Body:
    """What a loop does with `width` entries, from a given entry on."""

    def __init__(self, text: Text, pointers: dict[Place, str], entry: str) -> None:
        self.text, self._pointers, self._entry = text, pointers, entry
        self._names: dict[Value, str] = {}

    def store(self, place: Place, name: str) -> None:
        self.text.lines.append(f"  store {self.text.type(NUMBER)} {name}, ptr {self._at(place)}, align 8")

    def name(self, value: Value | float) -> str:
        """Of a value, whose lines are written when it is first asked for."""
        if isinstance(value, float):
            return self.text.constant(value)
        if value not in self._names:
            self._names[value] = self._written(value)
        return self._names[value]

    def _at(self, place: Place) -> str:
        return self.text.let(f"getelementptr double, ptr {self._pointers[place]}, i64 {self._entry}")

    def _written(self, value: Value) -> str:
        text = self.text
        if value.place is not None:
            return text.let(f"load {text.type(NUMBER)}, ptr {self._at(value.place)}, align 8")
        if value.name == "select":
            return self._chosen(*value.arguments)
        return _OPERATIONS[value.name](text, *(self.name(of) for of in value.arguments))

    def _chosen(self, mask: Value | float, first: Value | float, second: Value | float) -> str:
        """`first` where the mask holds, else `second`; `first` is skipped where it holds nowhere."""
        text, holds, otherwise = self.text, self.name(mask), self.name(second)
        if isinstance(first, float):
            return text.choose(holds, self.name(first), otherwise)
        kind, anywhere, after = text.type(_MASK), text.label("anywhere"), text.label("after")
        width, before = text.width, text.block
        found = text.call("i1", f"vector.reduce.or.v{width}i1", kind, holds) if width > 1 else holds
        text.lines.append(f"  br i1 {found}, label %{anywhere}, label %{after}")
        text.open(anywhere)
        known = dict(self._names)
        chosen, end = text.choose(holds, self.name(first), otherwise), text.block
        self._names = known  # what was computed here alone is known here alone
        text.lines.append(f"  br label %{after}")
        text.open(after)
        return text.let(f"phi {text.type(NUMBER)} [ {otherwise}, %{before} ], [ {chosen}, %{end} ]")


def _places(loop: Loop) -> list[Place]:
    """All blocks that a loop touches, in order."""
    found = dict.fromkeys(loop)
    stack: list[Value | float] = list(loop.values())
    while stack:
        value = stack.pop()
        if isinstance(value, Value):
            found |= {value.place: None} if value.place is not None else {}
            stack += value.arguments
    return list(found)


def make_function(parts: Sequence[Loop | Product], arrays: Sequence[str]) -> Function:
    """The parts of a step as a function, in whose table stand `arrays` in order, and then the products."""
    written, declared, products = list[str](), set[str](), 0
    for number, part in enumerate(parts):
        if isinstance(part, Product):
            lines = _product(number, part, arrays, TABLE_COLUMNS * len(arrays) + PRODUCT_COLUMNS * products)
            products += 1
        else:
            lines, needed = _loop(number, part, arrays)
            declared |= needed
        written += _where_asked(number, lines)
    lines = [
        "define void @walk(ptr %table, i64 %seeds, i64 %size, i64 %asked, i64 %stride, i64 %count, i64 %first) {",
        *("entry:", f"  %whole = and i64 %size, {-WIDTH}", "  br label %begin"),
        *("begin:", "  %n = phi i64 [ 0, %entry ], [ %n.next, %end ]"),
        *("  %step = phi i64 [ %first, %entry ], [ %step.next, %end ]", "  br label %part.0", *written),
        *(f"part.{len(parts)}:", "  br label %end", "end:", "  %n.next = add i64 %n, 1"),
        *("  %step.next = add i64 %step, %stride", "  %more = icmp slt i64 %n.next, %count"),
        *("  br i1 %more, label %begin, label %done", "done:", "  ret void", "}"),
    ]
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_ssize_t] * 6)(assemble("walk", lines, declared))


def _where_asked(part: int, lines: list[str]) -> list[str]:
    """The lines of a part for each seed, if its bit is set."""
    return [
        *(f"part.{part}:", f"  %bit.{part} = and i64 %asked, {1 << part}"),
        f"  %idle.{part} = icmp eq i64 %bit.{part}, 0",
        f"  br i1 %idle.{part}, label %part.{part + 1}, label %seed.{part}",
        *(f"seed.{part}:", f"  %s.{part} = phi i64 [ 0, %part.{part} ], [ %later.{part}, %after.{part} ]", *lines),
        *(f"after.{part}:", f"  %later.{part} = add i64 %s.{part}, 1"),
        f"  %again.{part} = icmp slt i64 %later.{part}, %seeds",
        f"  br i1 %again.{part}, label %seed.{part}, label %part.{part + 1}",
    ]


def _loop(part: int, loop: Loop, arrays: Sequence[str]) -> tuple[list[str], set[str]]:
    """The lines of a loop, and what must be declared for it."""
    begin = Text(1, f"p{part}")
    pointers = {place: _pointer(begin, place, arrays, f"%s.{part}") for place in _places(loop)}
    wide, narrow = Text(WIDTH, f"w{part}"), Text(1, f"n{part}")
    lines = [
        *(*begin.lines, f"  br label %head.w{part}"),
        *_stretch(loop, pointers, wide, ("0", "%whole"), (f"seed.{part}", f"head.n{part}")),
        *_stretch(loop, pointers, narrow, ("%whole", "%size"), (f"head.w{part}", f"after.{part}")),
    ]
    return lines, wide.declared | narrow.declared


def _product(part: int, product: Product, arrays: Sequence[str], row: int) -> list[str]:
    """The lines that call a kernel of `products`, which stands in the table from `row` on."""
    text, seed = Text(1, f"p{part}"), f"%s.{part}"
    kernel, matrix, by_seed, rows, inner, columns, scale = (
        text.let(f"load i64, ptr {text.let(f'getelementptr i64, ptr %table, i64 {row + k}')}")
        for k in range(PRODUCT_COLUMNS)
    )
    of_seed = text.let(f"add i64 {matrix}, {text.let(f'mul i64 {seed}, {by_seed}')}")
    x, out = (_pointer(text, product.places[of], arrays, seed) for of in product.call.blocks)
    function, at, factor = (text.let(f"inttoptr i64 {of} to ptr") for of in (kernel, of_seed, scale))
    given = f"ptr {at}, ptr {x}, ptr {out}, i64 {rows}, i64 {inner}, i64 {columns}, ptr {factor}"
    return [*text.lines, f"  call void {function}({given})", f"  br label %after.{part}"]


def _stretch(
    loop: Loop, pointers: dict[Place, str], text: Text, entries: tuple[str, str], around: tuple[str, str]
) -> list[str]:
    """The lines for the entries from the first to before the last, `text.width` at a time."""
    (first, last), (before, after), name = entries, around, text.stem
    text.open(f"body.{name}")
    body = _Body(text, pointers, f"%i.{name}")
    for place, value in [(place, body.name(value)) for place, value in loop.items()]:
        body.store(place, value)
    return [
        f"head.{name}:",
        f"  %i.{name} = phi i64 [ {first}, %{before} ], [ %next.{name}, %{text.block} ]",
        f"  %more.{name} = icmp slt i64 %i.{name}, {last}",
        f"  br i1 %more.{name}, label %body.{name}, label %{after}",
        *text.lines,
        f"  %next.{name} = add i64 %i.{name}, {text.width}",
        f"  br label %head.{name}",
    ]


def _pointer(text: Text, place: Place, arrays: Sequence[str], member: str) -> str:
    """The address of the first entry of a block at the step, of the seed."""
    first = TABLE_COLUMNS * arrays.index(place.array)
    base, step, seed = (text.let(f"getelementptr i64, ptr %table, i64 {first + k}") for k in range(TABLE_COLUMNS))
    row = text.let(f"mul i64 {text.let(f'add i64 %step, {place.time}')}, {text.let(f'load i64, ptr {step}')}")
    of_seed = text.let(f"mul i64 {member}, {text.let(f'load i64, ptr {seed}')}")
    block = text.let(f"mul i64 %size, {8 * place.block}")
    offset = text.let(f"add i64 {text.let(f'add i64 {row}, {of_seed}')}, {block}")
    return text.let(f"getelementptr i8, ptr {text.let(f'load ptr, ptr {base}')}, i64 {offset}")


def assemble(name: str, lines: Iterable[str], declared: Iterable[str]) -> int:
    """The address of a function, given the lines that define it, and what must be declared for it."""
    binding = llvm()
    module = binding.parse_assembly("\n".join([*lines, *declared]))
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=3
    )
    module.triple, module.data_layout = target.triple, str(target.target_data)
    engine = binding.create_mcjit_compiler(module, target)
    engine.finalize_object()
    _ENGINES.append(engine)  # which holds the code
    return int(engine.get_function_address(name))


_ENGINES: list[Any] = []


@cache
def has_wide_registers() -> bool:
    """Whether the processor has those of AVX-512, 32 of eight numbers each."""
    return bool(llvm().get_host_cpu_features().get("avx512f"))


def llvm() -> Any:
    """LLVM, ready to compile for this machine; None where it is not installed or RNN_DYNAMICS_COMPILED is 0."""
    return None if os.environ.get("RNN_DYNAMICS_COMPILED") == "0" else _installed()


@cache
def _installed() -> Any:
    try:
        from llvmlite import binding
    except ImportError:
        return None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding
