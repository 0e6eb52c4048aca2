"""Laws of the error of one unit and its cliff (Pascanu, Mikolov & Bengio 2013, figure 6)."""

import numpy as np

from rnn_dynamics.engine.cliff import cliff, edge, error_surface
from rnn_dynamics.laws.law import Laws, Sides

LAWS = Laws()


@LAWS.law("cliff", "figure", within=5e-4)
def cliff_place() -> Sides:
    """The bias at which |dE/db| is largest, at w = 5."""
    b = np.linspace(-2.62, -2.60, 50_001)
    return -2.612, b[np.abs(error_surface(5.0, b).gradient_b).argmax()]


@LAWS.law("cliff", "figure", within=2e-3)
def cliff_fall() -> Sides:
    """E before and behind it."""
    return (0.345, 0.012), error_surface(5.0, [-2.622, -2.602]).error


@LAWS.law("cliff", "figure", within=0.02, of="each")
def cliff_slope() -> Sides:
    """The largest |dE/db|."""
    found = cliff(5.0)
    assert found is not None
    return 5.7e3, found.steepest


@LAWS.law("cliff", "exact", within=1e-9)
def cliff_edge() -> Sides:
    """Where σ(x_T) is to reach an output, E is (output − 0.7)², at eleven weights."""
    w, outputs = np.linspace(0.0, 5.0, 11), np.array([[0.1], [0.35], [0.6]])
    return (outputs - 0.7) ** 2, error_surface(w, edge(w, outputs)).error


@LAWS.law("cliff", "exact", within=1e-12, of="each")
def saturated_gradient() -> Sides:
    """dE/db at w = 0, b = 40, where σ(b) rounds to 1."""
    return 2.0 * 0.3 * np.exp(-40.0), error_surface(0.0, 40.0).gradient_b


@LAWS.law("cliff", "differences", within=1e-5, of="each")
def cliff_differences() -> Sides:
    """Both parts of the gradient at five places."""
    w, b = np.array([(3.0, -2.0), (4.2, -2.125), (5.0, -2.7), (5.0, -2.5), (-5.0, 3.0)]).T
    surface, step = error_surface(w, b), 1e-6
    by_w = error_surface(w + step, b).error - error_surface(w - step, b).error
    by_b = error_surface(w, b + step).error - error_surface(w, b - step).error
    return np.stack([by_w, by_b]) / (2.0 * step), [surface.gradient_w, surface.gradient_b]
