"""The script of descents on the error cliff of one unit."""

from collections.abc import Sequence

from rnn_dynamics.engine.cliff import STEPS_IN_TIME, TARGET, Descent


def cliff_script(descents: Sequence[Descent]) -> str:
    """A Python file that needs torch only, and walks down the error of one unit by autograd and torch.optim.SGD.

    Each line of its output after the header is: clipping, steps done, w, b, E, and the gradient's norm before clipping.
    """
    starts = "\n".join(
        f"    ({d.clipping!r}, {d.w!r}, {d.b!r}, {d.learning_rate!r}, {d.threshold!r}, {d.steps})," for d in descents
    )
    return f"""# Gradient descent on the error of one unit (Pascanu, Mikolov & Bengio 2013), by autograd.
# On the cliff the slope changes so fast that a difference in the last digit grows from step to step.
import torch

# clipping, w, b, learning rate, threshold, steps
DESCENTS = [
{starts}
]


def error(w, b):
    x = torch.tensor(0.5, dtype=torch.float64)
    for _ in range({STEPS_IN_TIME}):
        x = w * torch.sigmoid(x) + b
    return (torch.sigmoid(x) - {TARGET}) ** 2


print("clipping step w b error gradient_norm")
for clipping, w, b, learning_rate, threshold, steps in DESCENTS:
    place = torch.nn.Parameter(torch.tensor([w, b], dtype=torch.float64))
    optimiser = torch.optim.SGD([place], lr=learning_rate)
    for step in range(steps + 1):
        optimiser.zero_grad()
        loss = error(*place)
        loss.backward()
        print(clipping, step, *place.tolist(), loss.item(), place.grad.norm().item())
        if clipping == "norm":
            torch.nn.utils.clip_grad_norm_([place], threshold)
        if clipping == "value":
            torch.nn.utils.clip_grad_value_([place], threshold)
        optimiser.step()
"""
