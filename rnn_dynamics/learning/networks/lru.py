"""The Linear Recurrent Unit, in complex numbers, by a scan: see the engine's."""

import torch


class LRU(torch.nn.Module):
    """x_t = λ ∘ x_{t−1} + e^γ ∘ (W_ih u_t + b) from x_0 = 0, with λ = exp(−e^ν + i e^θ); h_t = (Re x_t, Im x_t).

    weight_ih_l0 (H, D), bias_ih_l0 (H,), nu_log_l0 and gamma_log_l0 (⌈H/2⌉,), theta_log_l0 (⌊H/2⌋,): of an odd H the
    last unit is real.
    """

    weight_ih_l0: torch.nn.Parameter
    bias_ih_l0: torch.nn.Parameter
    nu_log_l0: torch.nn.Parameter
    theta_log_l0: torch.nn.Parameter
    gamma_log_l0: torch.nn.Parameter

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        turning, units = hidden_size // 2, hidden_size - hidden_size // 2
        shapes = {"weight_ih": (hidden_size, input_size), "bias_ih": (hidden_size,)}
        for name, shape in (shapes | {"nu_log": (units,), "theta_log": (turning,), "gamma_log": (units,)}).items():
            self.register_parameter(f"{name}_l0", torch.nn.Parameter(torch.zeros(shape)))

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states (T, N, H) of inputs (T, N, D), and the last one."""
        turning, still = len(self.theta_log_l0), len(self.nu_log_l0) - len(self.theta_log_l0)
        read = inputs @ self.weight_ih_l0.T + self.bias_ih_l0
        real, imaginary, last = torch.split(read, [turning, turning, still], dim=-1)
        imaginary, angle = (torch.nn.functional.pad(of, (0, still)) for of in (imaginary, self.theta_log_l0.exp()))
        states = self.gamma_log_l0.exp() * torch.complex(torch.cat([real, last], dim=-1), imaginary)
        factor, reach = torch.exp(torch.complex(-self.nu_log_l0.exp(), angle)), 1
        while reach < len(states):  # each state holds what was read within `reach` steps, and λ^reach is `factor`
            states = torch.cat([states[:reach], states[reach:] + factor * states[:-reach]])
            factor, reach = factor * factor, 2 * reach
        rows = torch.cat([states.real[..., :turning], states.imag[..., :turning], states.real[..., turning:]], dim=-1)
        return rows, rows[-1]
