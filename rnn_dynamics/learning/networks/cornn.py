"""coRNN, the coupled oscillatory RNN, in the order of its authors' code: see the engine's."""

import torch

DT, GAMMA, EPSILON = 0.042, 2.7, 4.7  # fixed, as in the engine


class CoRNN(torch.nn.Module):
    """Oscillators with the position y, which is the state that is handed on, and the velocity z; both begin at 0.

    weight_ih_l0 (H, D), weight_hh_l0 (H, 2H), which multiplies y and z side by side, bias_ih_l0 and bias_hh_l0 (H,).
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = torch.nn.Parameter(torch.zeros(hidden_size, input_size))
        self.weight_hh_l0 = torch.nn.Parameter(torch.zeros(hidden_size, 2 * hidden_size))
        self.bias_ih_l0 = torch.nn.Parameter(torch.zeros(hidden_size))
        self.bias_hh_l0 = torch.nn.Parameter(torch.zeros(hidden_size))

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states (T, N, H) of inputs (T, N, D), and the last one."""
        read = inputs @ self.weight_ih_l0.T + (self.bias_ih_l0 + self.bias_hh_l0)
        z, states = torch.zeros_like(read[0]), [torch.zeros_like(read[0])]
        for of_input in read.unbind():
            y = states[-1]
            force = torch.tanh(of_input + torch.cat((y, z), dim=-1) @ self.weight_hh_l0.T)
            z = z + DT * (force - GAMMA * y - EPSILON * z)
            states.append(y + DT * z)
        return torch.stack(states[1:]), states[-1]
