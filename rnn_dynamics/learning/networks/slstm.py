"""sLSTM, the scalar cell of xLSTM, with ln n as its stabiliser: see the engine's."""

import torch


class SLSTM(torch.nn.Module):
    """Blocks i, f, g, o of torch's LSTM; r stands for c / n. It begins at c = n = 0: ln n = −∞.

    weight_ih_l0 (4H, D), weight_hh_l0 (4H, H), bias_ih_l0 and bias_hh_l0 (4H,).
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = torch.nn.Parameter(torch.zeros(4 * hidden_size, input_size))
        self.weight_hh_l0 = torch.nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.bias_ih_l0 = torch.nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh_l0 = torch.nn.Parameter(torch.zeros(4 * hidden_size))

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states (T, N, H) of inputs (T, N, D), and the last one."""
        read = inputs @ self.weight_ih_l0.T + (self.bias_ih_l0 + self.bias_hh_l0)
        r = torch.zeros_like(read[0].chunk(4, dim=-1)[0])
        log_n, states = torch.full_like(r, -torch.inf), [r]
        for of_input in read.unbind():
            i, f, g, o = (of_input + states[-1] @ self.weight_hh_l0.T).chunk(4, dim=-1)
            kept = torch.nn.functional.logsigmoid(f) + log_n
            log_n, r = torch.logaddexp(kept, i), torch.lerp(r, torch.tanh(g), torch.sigmoid(i - kept))
            states.append(torch.sigmoid(o) * r)
        return torch.stack(states[1:]), states[-1]
