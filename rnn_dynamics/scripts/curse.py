"""The script of a unit that remembers: how sensitive its state is to its own λ, and a step of descent, by autograd."""

from collections.abc import Sequence

from rnn_dynamics.engine.curse import START, Student


def curse_script(students: Sequence[tuple[Student, float]]) -> str:
    """A Python file that needs torch only, and finds the numbers of some students again by autograd.

    students: each with the learning rate of its step. Each line of its output after the header is: memory, rho, remedy,
    standard deviation of the state and of its derivative by what is learned, loss before the step, λ after it.
    """
    rows = "\n".join(f"    ({s.memory!r}, {s.rho!r}, {s.remedy!r}, {rate!r})," for s, rate in students)
    return f"""# h_t = lambda h_(t-1) + x_t on inputs of variance 1 and correlation rho ** lag (Zucchet & Orvieto 2024).
# Such inputs are filtered white noise, so mean squares are sums over what an impulse of the noise leaves in the state.
import torch

# memory in steps, rho, remedy, learning rate
STUDENTS = [
{rows}
]
# a state is followed until memory and inputs have forgotten the impulse
LENGTHS = [int(15 * (memory + 1 / (1 - rho))) for memory, rho, _, _ in STUDENTS]


def responses(factors, rhos):
    h, x, found = torch.zeros_like(factors), torch.ones_like(rhos), []
    for _ in range(max(LENGTHS)):
        h = factors * h + x
        x = rhos * x
        found.append(h)
    return torch.stack(found) * torch.sqrt(1 - rhos**2)


memories, rhos, rates = (torch.tensor([s[k] for s in STUDENTS], dtype=torch.float64) for k in (0, 1, 3))
exponential = torch.tensor([s[2] in ("exponential", "both") for s in STUDENTS])
normalised = torch.tensor([s[2] in ("gamma", "both") for s in STUDENTS])
gammas = torch.where(normalised, torch.sqrt(-torch.expm1(-2 / memories)), 1.0)


def as_learned(factors):
    return torch.where(exponential, torch.log(-torch.log(factors)), factors)


def as_factor(learned):
    return torch.where(exponential, torch.exp(-torch.exp(learned)), learned)


def state(learned):
    return gammas * responses(as_factor(learned), rhos)


teachers = as_learned(torch.exp(-1 / memories))
states, derivatives = torch.autograd.functional.jvp(state, teachers, torch.ones_like(teachers))
start = as_learned(torch.exp(-1 / ({START} * memories))).requires_grad_()
losses = ((state(start) - states) ** 2).sum(0) / 2
losses.sum().backward()
ends = as_factor(start.detach() - rates * start.grad)

print("memory rho remedy state derivative loss_before lambda_after")
sizes = [(of**2).sum(0).sqrt().tolist() for of in (states, derivatives)]
for (memory, rho, remedy, _), *found in zip(STUDENTS, *sizes, losses.tolist(), ends.tolist()):
    print(memory, rho, remedy, *found)
"""
