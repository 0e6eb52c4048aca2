"""The one sentence that says how many digits of an answer another program finds again."""

from rnn_dynamics.content import LANGUAGE, sentences

#: With fewer digits than these, what a page shows is not certain to its last digit: it says so beside its numbers.
FEW = 4


def digits_note(digits: int, language: str = LANGUAGE) -> str:
    """The sentence, for the `digits` of an answer; see `trace.Rounded`."""
    kind = "none" if digits == 0 else "one" if digits == 1 else "few" if digits < FEW else "many"
    return str(sentences("digits", language)[kind].format(digits=digits))


def warning(digits: int | None, language: str = LANGUAGE) -> str:
    """The sentence where a page's own digits are not certain, else "", as where nobody can say."""
    return digits_note(digits, language) if digits is not None and digits < FEW else ""
