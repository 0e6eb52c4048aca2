"""What all tests share: examples that are the same on every machine and in every run, and every processor core."""

import pytest
from hypothesis import settings

from rnn_dynamics import process

settings.register_profile("same_everywhere", max_examples=25, deadline=None, derandomize=True, database=None)
settings.load_profile("same_everywhere")


@pytest.fixture(autouse=True)
def every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that runs inside a test must not pin the tests, and the browsers that they start, to one core."""
    monkeypatch.setattr(process, "use_one_core", lambda: False)
