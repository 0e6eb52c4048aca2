"""What a page shows where a question has killed whoever was to answer it, and how its reader goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rnn_dynamics import executor
from rnn_dynamics.content import sentences
from rnn_dynamics.executor import Elsewhere
from rnn_dynamics.learning.jobs import Desk, Job
from tests.reader import wait_until
from tests.test_desk import SMALL
from tests.test_executor import DEAR
from tests.test_pages import open_page, shown

WORDS = sentences("app")["growing"]
pytestmark = pytest.mark.usefixtures("forgotten")


class DiedError(Exception):
    """What an executor tells of an answer that its workers have died of."""


class Deadly(Elsewhere):
    """Workers of whom none survives a question."""

    trains, lost, places = True, (DiedError,), 1

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(DiedError())
        return failed


@pytest.fixture
def deadly() -> Iterator[None]:
    executor.use(Deadly())
    yield
    executor.use(None)


def settled(app: AppTest) -> AppTest:
    """The page once it says what has become of the workers, which a line may have to find out first."""
    wait_until(lambda: bool(app.error or app.run().error), "the page does not say that its workers are lost")
    return app


@pytest.mark.usefixtures("deadly")
@pytest.mark.parametrize("page", sorted(DEAR))
def test_a_page_that_kills_its_workers_says_so_keeps_what_is_set_and_goes_on_when_asked(page: str) -> None:
    app = settled(open_page(page, {"seed": "3"}))
    assert {error.value for error in app.error} == {WORDS["lost"]}
    assert not app.exception
    assert app.session_state["seed"] == 3
    executor.use(None)
    while again := [button for button in app.button if button.label == WORDS["go_on"]]:
        again[0].click().run()
    wait_until(lambda: not app.run().get("progress"), "the picture does not become whole")
    assert not app.error
    assert all(rows for name, rows in shown(app).items() if name.startswith("0-"))


@pytest.mark.usefixtures("deadly")
def test_a_training_that_kills_its_workers_ends_with_a_sentence() -> None:
    desk, job = Desk(), Job([SMALL])
    desk.submit(job)
    wait_until(lambda: job.over, "it does not end")
    assert job.foreseen
    assert job.failure.startswith("Workers, one after the other, have ended before they had an answer")
