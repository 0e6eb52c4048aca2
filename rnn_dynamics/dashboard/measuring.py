"""A measurement that grows while its reader looks, and stays with the session."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Any

import streamlit as st

from rnn_dynamics.content import sentences
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.cost.answer import ROUNDS, Measurement, network_of

#: Seconds that one run of the page measures, and between two measurements, so that others who wait get the lock.
_SLICE, _BREATH = 0.25, 0.001
_STATE = "measurement"


def measured() -> Measurement | None:
    """What this session has measured last, as far as it has come."""
    measurement: Measurement | None = st.session_state.get(_STATE)
    return measurement


def grown_measurement(experiment: Experiment) -> tuple[Measurement | None, bool]:
    """What the session has measured, after a slice of time, and whether the page has to run again.

    Shows the button that begins, and while it goes on the progress and the button that stops. A measurement stays with
    the network with which it began: moving a slider neither stops nor mends it.
    """
    words, measurement, status = sentences("cost"), measured(), st.empty()
    if measurement is None or measurement.complete or measurement.stopped:
        if not status.button(words["again" if measurement else "measure"], key="measure"):
            return measurement, False
        measurement = st.session_state[_STATE] = Measurement(network_of(experiment))
    with status.container(horizontal=True, vertical_alignment="bottom"):
        bar = st.empty()
        st.button(words["stop"], key="stop_measuring", on_click=_stop)
    _measure(measurement, bar)
    return measurement, True  # at its end too, to take away the bar


def _measure(measurement: Measurement, bar: Any) -> None:
    words, until = sentences("cost"), monotonic() + _SLICE
    while not measurement.complete:
        kind, length = measurement.round[measurement.done % len(measurement.round)]
        turn = measurement.done // len(measurement.round) + 1
        says = {"what": words["progress"][kind], "length": length, "round": turn, "rounds": ROUNDS}
        bar.progress(measurement.share, words["progress"]["text"].format(**says))
        measurement.advance()
        if monotonic() > until:
            break
        sleep(_BREATH)


def _stop() -> None:
    st.session_state[_STATE].stopped = True
