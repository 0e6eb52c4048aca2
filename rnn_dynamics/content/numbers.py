"""Numbers as a reader meets them: each kind has one form, which a sentence asks for by its name: {share:percent}."""

import math
from collections.abc import Callable, Mapping
from html import escape
from typing import Any


def times(log10_factor: float, digits: str = ".3g") -> str:
    """A factor given by its log10: ×0.582, ×0, ×10⁻⁷, ×∞, – for nan."""
    if math.isnan(log10_factor):
        return "–"
    if math.isinf(log10_factor):
        return "×0" if log10_factor < 0.0 else "×∞"
    return f"×{10**log10_factor:{digits}}" if abs(log10_factor) < 4 else f"×{ten_to(round(log10_factor))}"


def factor(log10_factor: float) -> str:
    """The same with one digit more where it is almost 1: ×0.9984, ×0.582."""
    return times(log10_factor, ".4g" if abs(log10_factor) <= 0.02 else ".3g")


def power_of_ten(log10_value: float) -> str:
    """A value given by its log10: 0.25, 3.1, 10⁻²² where digits would be zeros, ∞, – for nan."""
    if math.isnan(log10_value):
        return "–"
    if math.isinf(log10_value):
        return "0" if log10_value < 0.0 else "∞"
    if -4 <= log10_value < 4:
        return f"{float(f'{10**log10_value:.2g}'):,g}" if log10_value < 2 else f"{10**log10_value:,.0f}"
    return ten_to(round(log10_value))


def three_digits(value: float) -> str:
    """A number: 0.517, −2.5, 1,230, 10⁻⁷ where digits would be zeros or many, – where there is none."""
    if not math.isfinite(value):
        return "–"
    size = float(f"{abs(value):.3g}")
    text = f"{size:,g}" if 1e-3 <= size < 1e6 else power_of_ten(math.log10(size) if size else -math.inf)
    return f"−{text}" if value < 0 else text


def decimals(value: float, digits: int = 3) -> str:
    """A number from 0 on with so many decimals: 0.352; 0.0026, 10⁻²², 10⁶⁰ where they would show one digit, or many."""
    if 10.0 ** (1 - digits) <= value < 1e6:
        return f"{value:.{digits}f}"
    return power_of_ten(math.log10(value) if value > 0.0 else -math.inf)


def share(log10_share: float) -> str:
    """What is left of something, as a factor: ×0.25; – where there is nothing to compare with."""
    return "–" if math.isnan(log10_share) else f"×{power_of_ten(log10_share)}"


def percent(log10_share: float) -> str:
    """A share given by its log10, in per cent: 0.48 %; a power of ten where that is below 0.01: 10⁻⁷; – for nan."""
    if math.isnan(log10_share) or -math.inf < log10_share < -4.0:
        return power_of_ten(log10_share)
    return f"{power_of_ten(log10_share + 2.0)} %"


def whole_percent(part: float) -> str:
    """Per cent, rounded, without the sign of per cent: 48, −3, – for nan."""
    return "–" if math.isnan(part) else signed(part, 0)


def certainty(probability: float) -> str:
    """A probability in per cent, without its sign, with a digit more close to none or all: 48, 0.3, – for nan."""
    if math.isnan(probability):
        return "–"
    near = 0.0 < probability < 1.0 and not 0.01 <= probability <= 0.995
    return f"{100 * probability:.1f}" if near else f"{100 * probability:.0f}"


def short(log10_value: float, digits: int = 2) -> str:
    """A value given by its log10, in few letters: 0.0016, with one digit 0.002, or 2·10⁻⁶ where it has many zeros."""
    if -3.0 <= log10_value < 2.0:
        return f"{float(f'{10**log10_value:.{digits}g}'):g}"
    if not math.isfinite(log10_value) or log10_value > 0.0:
        return power_of_ten(log10_value)
    digit, exponent = f"{10.0 ** (log10_value % 1.0):.0e}".split("e")
    power = ten_to(math.floor(log10_value) + int(exponent))
    return power if digit == "1" else f"{digit}·{power}"


def degrees(angle: float) -> str:
    """An angle in degrees: 0.3°, – for nan."""
    return "–" if math.isnan(angle) else f"{angle:.1f}°"


def number(value: float, digits: str = "") -> str:
    """A number of any size in few letters, with so many digits if any are named; – where there is none."""
    if not math.isfinite(value):
        return "–"
    return f"{value:{digits}}" if digits else power_of_ten(math.log10(value) if value > 0 else -math.inf)


def signed(value: float, digits: int) -> str:
    """A number with so many decimals, a real minus sign, and no sign before a zero."""
    return f"{value:z.{digits}f}".replace("-", "−")


def with_spread(value: float, spread: float) -> str:
    """A number with the digits that its spread leaves, and the spread where it has one: −0.52 ± 0.03, −∞, – for nan."""
    if not math.isfinite(value):
        return "−∞" if value == -math.inf else "–"
    digits = 1 if math.isnan(spread) else min(3, max(1, math.ceil(-math.log10(max(spread, 1e-9)))))
    shown, known = signed(value, digits), not math.isnan(spread) and round(spread, digits)
    return f"{shown} ± {spread:.{digits}f}" if known else shown


def difference(size: float, digits: str = ".2g", power: str = ".1e") -> str:
    """How far two numbers are apart, as Python writes it, for a reader who prints one too: 0, 2.2e-16, 0.41."""
    if size == 0.0:
        return "0"
    return f"{size:{digits}}" if size >= 0.01 else f"{size:{power}}".replace(".0e", "e").replace("e-0", "e-")


def six_digits(value: float) -> str:
    """A number with six digits, as Python writes it, with a real minus sign before it: −0.105361, 4.82201e-19."""
    return f"{value + 0.0:.6g}".replace("-", "−", value < 0)


def aligned(value: float) -> str:
    """A number with three digits, even where they are zeros, so that those below each other are alike: −0.500, 123."""
    return f"{value + 0.0:#.3g}".rstrip(".").replace("-", "−")  # the sum makes −0 a plain 0


def power(exponent: float) -> str:
    """The p of T^p: 1.02, −0.31, 0 where it is none to speak of, – for nan."""
    if math.isnan(exponent):
        return "–"
    return "0" if abs(exponent) < 0.005 else signed(exponent, 2)


def raised_power(exponent: float) -> str:
    """The same as it stands above the line: T¹·⁰²; of an unknown one T^–."""
    return "^–" if math.isnan(exponent) else power(exponent).translate(_SUPERSCRIPT)


def ten_to(exponent: int) -> str:
    """A power of ten with its exponent raised."""
    return "10" + raised(exponent)


def raised(exponent: int) -> str:
    """An exponent as it stands above the line: ⁻²²."""
    return str(exponent).translate(_SUPERSCRIPT)


def subscripted(name: object) -> str:
    """A name with its number lowered, h₃, or a number."""
    return str(name).translate(_SUBSCRIPT)


_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPT = str.maketrans("-−.0123456789", "⁻⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(value: float) -> str:
    """How many: 1,363."""
    return f"{value:,}"


def worded(count: float | None, one: str, other: str, none: str = "–") -> str:
    """What a sentence says of a count, "#" being its number: "1 step", "# steps", "never"; – for nan.

    Half a step is no step: a median that lies between two counts, such as 9.5, is said as both, 9–10.
    """
    if count is None:
        return none
    if math.isnan(count):
        return "–"
    below, above = math.floor(count), math.ceil(count)
    return one if count == 1 else other.replace("#", f"{below:g}" if below == above else f"{below:g}–{above:g}")


def aligned_times(log10_factor: float) -> str:
    """A factor with three digits, even where they are zeros, so that those below each other are alike: ×0.500."""
    return times(log10_factor, "#.3g")


def one_decimal(value: float) -> str:
    """A number with one decimal, see `signed`."""
    return signed(value, 1)


def two_decimals(value: float) -> str:
    """A number with two decimals, see `signed`."""
    return signed(value, 2)


def three_decimals(value: float) -> str:
    """A number with three decimals, see `signed`."""
    return signed(value, 3)


def hundredths(part: float) -> str:
    """A share in per cent, rounded, without the sign of per cent: 48 of 0.48, – for nan."""
    return whole_percent(100.0 * part)


#: What a sentence may ask for, by name; `escape` is how HTML writes a text that a reader has typed.
KINDS: Mapping[str, Callable[[Any], str]] = {
    kind.__name__: kind
    for kind in (
        *(times, factor, aligned_times, power_of_ten, three_digits, decimals, share, percent, whole_percent),
        *(hundredths, certainty, short, degrees, number, difference, power, raised_power, raised, subscripted, count),
        *(one_decimal, two_decimals, three_decimals, six_digits, escape),
    )
}
