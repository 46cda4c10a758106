"""The temporal encoder: frames look at those before; their only place is the time between them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biopose_ros.inverse_kinematics.config import NeurikConfig

_TIME_RATES_HZ = (0.4, 0.8, 1.6, 3.2, 6.4)


def time_waves(ages_s: Tensor) -> Tensor:
    """
    Describe times between frames by waves of several rates.

    :param ages_s: [...], seconds, not negative.
    :returns: [..., features].
    """
    phase = ages_s[..., None] * (2 * torch.pi * ages_s.new_tensor(_TIME_RATES_HZ))
    return torch.cat([phase.sin(), phase.cos(), ages_s[..., None]], -1)


class TemporalLayer(nn.Module):
    """One layer of the temporal encoder."""

    def __init__(self, config: NeurikConfig) -> None:
        super().__init__()
        size = config.frame_size
        self.heads = config.heads
        self.head_size = size // config.heads
        self.attention_norm = nn.LayerNorm(size)
        self.query_key_value = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)
        # How much a frame looks at another, by the time between them, for each head.
        self.bias = nn.Linear(2 * len(_TIME_RATES_HZ) + 1, config.heads)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, config.feedforward_size),
            nn.GELU(),
            nn.Linear(config.feedforward_size, size),
        )

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        Give queries, keys and values.

        :param tokens: [batch, frames, size].
        :returns: [batch, frames, size] each.
        """
        query, key, value = self.query_key_value(self.attention_norm(tokens)).chunk(3, -1)
        return query, key, value

    def attend(
        self, tokens: Tensor, query: Tensor, key: Tensor, value: Tensor, bias: Tensor
    ) -> Tensor:
        """
        Let frames look at others.

        :param tokens: [batch, frames, size].
        :param query: [batch, frames, size].
        :param key: [batch, others, size].
        :param value: [batch, others, size].
        :param bias: [batch, heads, frames, others], minus infinity where not allowed.
        :returns: the tokens after this layer.
        """
        query, key, value = (self._split(part) for part in (query, key, value))
        score = query @ key.transpose(-1, -2) * self.head_size**-0.5 + bias
        seen = score.softmax(-1) @ value
        tokens = tokens + self.output(seen.transpose(1, 2).flatten(-2))
        return tokens + self.feedforward(tokens)

    def _split(self, tokens: Tensor) -> Tensor:
        """Give every head its share: [batch, heads, frames, size / heads]."""
        # Not unflatten: its export to ONNX would fix the batch.
        shape = (tokens.shape[0], tokens.shape[1], self.heads, self.head_size)
        return tokens.reshape(shape).transpose(1, 2)
