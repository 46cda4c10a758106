"""How queries look into feature maps: at a few points of their own choice, or everywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig

# Cells of a level's map between the points of one head at the start of training.
_STEP_CELLS = 1.0
Memory = Mapping[str, Tensor]


class MapMemory(nn.Module):
    """Projects the encoder's maps, once for all layers."""

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels = config.levels
        self.project = nn.ModuleDict(
            {level: nn.Linear(config.channels[level], config.memory_size) for level in self.levels}
        )

    def forward(self, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """
        Project.

        :param maps: by level, [batch, rows, columns, channels], near unit variance.
        :returns: by level, [batch, memory, rows, columns].
        """
        return {
            level: self.project[level](maps[level]).permute(0, 3, 1, 2) for level in self.levels
        }


class DeformableAttention(nn.Module):
    """
    Deformable attention (Zhu et al. 2021, arXiv 2010.04159) over the projected maps.

    Every query chooses, for each head and level, where to look about its reference point, and how
    much each sample counts.
    """

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels, self.heads, self.points = config.levels, config.heads, config.points
        places = self.heads * len(self.levels) * self.points
        self.offsets = nn.Linear(config.size, 2 * places)
        self.weights = nn.Linear(config.size, places)
        self.output = nn.Linear(config.memory_size, config.size)
        self._start()

    @torch.no_grad()
    def _start(self) -> None:
        """Let each head look another way, its points further and further out."""
        turn = torch.arange(self.heads) * (2 * math.pi / self.heads)
        ways = torch.stack([turn.cos(), turn.sin()], -1)
        reach = _STEP_CELLS * torch.arange(self.points)
        bias = ways[:, None, None] * reach[:, None]
        self.offsets.bias.copy_(bias.expand(-1, len(self.levels), -1, -1).flatten())
        self.offsets.weight.zero_()
        self.weights.weight.zero_()
        self.weights.bias.zero_()

    def forward(self, queries: Tensor, reference: Tensor, memory: Memory) -> Tensor:
        """
        Look.

        :param queries: [batch, queries, size].
        :param reference: [batch, queries, 2], 0 to 1 across the crop.
        :param memory: of :class:`MapMemory`.
        :returns: [batch, queries, size].
        """
        batch, count = queries.shape[:2]
        shape = (batch, count, self.heads, len(self.levels), self.points)
        offsets = self.offsets(queries).float().reshape(*shape, 2)
        weights = self.weights(queries).float().reshape(*shape[:3], -1)
        weights = weights.softmax(-1).reshape(shape)
        total: Tensor | float = 0.0
        for row, level in enumerate(self.levels):
            values = memory[level].float()
            rows, columns = values.shape[-2:]
            cell = offsets.new_tensor([1.0 / columns, 1.0 / rows])
            places = reference[:, :, None, None] + offsets[:, :, :, row] * cell
            seen = sample(values, places, self.heads)
            total = total + (seen * weights[:, :, :, row, :, None]).sum(-2)
        assert isinstance(total, Tensor)
        out: Tensor = self.output(total.flatten(-2))
        return out


def sample(values: Tensor, places: Tensor, heads: int) -> Tensor:
    """
    Read maps between their cells; beyond the edge they are zero.

    :param values: [batch, channels, rows, columns]; each head has its share of the channels.
    :param places: [batch, queries, heads, points, 2], 0 to 1 across the map, x first.
    :param heads: divides the channels.
    :returns: [batch, queries, heads, points, channels / heads].
    """
    batch, count, _, points, _ = places.shape
    channels, rows, columns = values.shape[1:]
    grid = places.transpose(1, 2).reshape(batch * heads, count, points, 2)
    split = values.reshape(batch * heads, channels // heads, rows, columns)
    seen = F.grid_sample(split, 2 * grid - 1, align_corners=False)
    return seen.reshape(batch, heads, channels // heads, count, points).permute(0, 3, 1, 4, 2)


class DenseAttention(nn.Module):
    """Ordinary cross-attention to every cell of the maps, for comparison."""

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels = config.levels
        self.attention = nn.MultiheadAttention(
            config.size, config.heads, kdim=config.memory_size, vdim=config.memory_size,
            batch_first=True,
        )  # fmt: skip
        self.place = nn.Linear(2, config.memory_size)

    def forward(self, queries: Tensor, reference: Tensor, memory: Memory) -> Tensor:
        """
        Look; the arguments are those of :class:`DeformableAttention`.

        :param queries: [batch, queries, size].
        :param reference: [batch, queries, 2]; not used.
        :param memory: of :class:`MapMemory`.
        """
        del reference
        cells = torch.cat([self._cells(memory[level]) for level in self.levels], 1)
        seen: Tensor = self.attention(queries, cells, cells, need_weights=False)[0]
        return seen

    def _cells(self, values: Tensor) -> Tensor:
        rows, columns = values.shape[-2:]
        y = (torch.arange(rows, device=values.device) + 0.5) / rows - 0.5
        x = (torch.arange(columns, device=values.device) + 0.5) / columns - 0.5
        places = torch.stack(torch.meshgrid(x, y, indexing='xy'), -1).flatten(0, 1)
        return values.flatten(2).mT + self.place(places)
