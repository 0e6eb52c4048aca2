"""Gates of the input alone: see the engine's minGRU, minLSTM and SSM. Parameters as torch.nn.GRU's, without W_hh."""

import torch


class InputGated(torch.nn.Module):
    """h_t = keep_t ∘ h_{t−1} + added_t from h_0 = 0, both of x_t alone: weight_ih_l0 (G·H, D), bias_ih_l0 (G·H,)."""

    blocks: int

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = torch.nn.Parameter(torch.zeros(self.blocks * hidden_size, input_size))
        self.bias_ih_l0 = torch.nn.Parameter(torch.zeros(self.blocks * hidden_size))

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states (T, N, H) of inputs (T, N, D), and the last one."""
        keep, added = self._opened(*(inputs @ self.weight_ih_l0.T + self.bias_ih_l0).chunk(self.blocks, dim=-1))
        states = [added[0]]
        for kept, more in zip(keep[1:].unbind(), added[1:].unbind(), strict=True):
            states.append(torch.addcmul(more, kept, states[-1]))
        return torch.stack(states), states[-1]

    def _opened(self, *blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What of the state is kept, and what is added, of the pre-activations of each block."""
        raise NotImplementedError


class MinGRU(InputGated):
    """Blocks z, n."""

    blocks = 2

    def _opened(self, *blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        z, n = blocks
        return torch.sigmoid(-z), torch.sigmoid(z) * n


class MinLSTM(InputGated):
    """Blocks f, i, g."""

    blocks = 3

    def _opened(self, *blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        f, i, g = blocks
        odds = torch.nn.functional.logsigmoid(f) - torch.nn.functional.logsigmoid(i)  # ln of f / i
        return torch.sigmoid(odds), torch.sigmoid(-odds) * g


class SelectiveSSM(InputGated):
    """Blocks Δ, Bx; beside them A_log_l0 (H,)."""

    blocks = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.A_log_l0 = torch.nn.Parameter(torch.zeros(hidden_size))

    def _opened(self, *blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        delta, read = -torch.nn.functional.logsigmoid(-blocks[0]), blocks[1]  # softplus of the first
        return torch.exp(-torch.exp(self.A_log_l0) * delta), delta * read
