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
    """
    Prepares the encoder's maps, once for all layers.

    Coarse maps have few cells and many channels, and are projected; fine ones have many cells,
    and are looked into as they are.
    """

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels = config.levels
        self.project = nn.ModuleDict(
            {
                level: nn.Linear(config.channels[level], config.memory_size)
                for level in self.levels
                if config.channels[level] > config.memory_size
            }
        )

    def forward(self, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """
        Project the maps to the size that attention reads.

        :param maps: by level, [batch, rows, columns, channels], near unit variance.
        :returns: by level, [batch, channels of the memory, rows, columns].
        """
        projected = {
            level: self.project[level](maps[level]) if level in self.project else maps[level]
            for level in self.levels
        }
        return {level: values.float().permute(0, 3, 1, 2) for level, values in projected.items()}


def memory_channels(config: MeshRecoveryConfig) -> dict[str, int]:
    """
    Give the channels of each level after :class:`MapMemory`.

    :param config: of the network.
    """
    return {level: min(config.channels[level], config.memory_size) for level in config.levels}


class DeformableAttention(nn.Module):
    """
    Deformable attention (Zhu et al. 2021, arXiv 2010.04159) over the prepared maps.

    Every query chooses, for each head and level, where to look about its reference point, and how
    much each sample counts. Samples are weighted before they are projected, which is the same and
    needs no projection of whole maps.
    """

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels, self.heads, self.points = config.levels, config.heads, config.points
        places = self.heads * len(self.levels) * self.points
        self.offsets = nn.Linear(config.size, 2 * places)
        self.weights = nn.Linear(config.size, places)
        self.values = nn.ParameterDict(
            {
                level: torch.randn(self.heads, channels, config.size // self.heads)
                * channels**-0.5
                for level, channels in memory_channels(config).items()
            }
        )
        self.output = nn.Linear(config.size, config.size)
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
        Attend to the maps.

        :param queries: [batch, queries, size].
        :param reference: [batch, queries, 2], 0 to 1 across the crop.
        :param memory: of :class:`MapMemory`.
        :returns: [batch, queries, size].
        """
        batch, count = queries.shape[:2]
        shape = (batch, count, self.heads, len(self.levels), self.points)
        offsets = self.offsets(queries).float().reshape(*shape, 2)
        weights = self.weights(queries).float().reshape(batch, count, self.heads, -1)
        weights = weights.softmax(-1).reshape(shape)
        seen = []
        for row, level in enumerate(self.levels):
            rows, columns = memory[level].shape[-2:]
            cell = offsets.new_tensor([1.0 / columns, 1.0 / rows])
            places = reference[:, :, None, None] + offsets[:, :, :, row] * cell
            samples = sample(memory[level], places)
            mixed = (samples * weights[:, None, :, :, row]).sum(-1)  # batch, channels, query, head
            seen.append(torch.einsum('bcqh,hcs->bqhs', mixed, self.values[level]))
        out: Tensor = self.output(torch.stack(seen).sum(0).flatten(-2))
        return out


def sample(values: Tensor, places: Tensor) -> Tensor:
    """
    Read maps between their cells; beyond the edge they are zero.

    :param values: [batch, channels, rows, columns].
    :param places: [batch, queries, heads, points, 2], 0 to 1 across the map, x first.
    :returns: [batch, channels, queries, heads, points].
    """
    batch, count, heads, points, _ = places.shape
    grid = 2 * places.reshape(batch, count * heads, points, 2) - 1
    seen = F.grid_sample(values, grid, align_corners=False)
    return seen.reshape(batch, values.shape[1], count, heads, points)


class DenseAttention(nn.Module):
    """Ordinary cross-attention to every cell of the maps, for comparison."""

    def __init__(self, config: MeshRecoveryConfig) -> None:
        super().__init__()
        self.levels = config.levels
        size = config.memory_size
        self.attention = nn.MultiheadAttention(
            config.size, config.heads, kdim=size, vdim=size, batch_first=True
        )
        self.values = nn.ModuleDict(
            {level: nn.Linear(n, size) for level, n in memory_channels(config).items()}
        )
        self.place = nn.Linear(2, size)

    def forward(self, queries: Tensor, reference: Tensor, memory: Memory) -> Tensor:
        """
        Attend to the maps, as :class:`DeformableAttention` does.

        :param queries: [batch, queries, size].
        :param reference: [batch, queries, 2]; not used.
        :param memory: of :class:`MapMemory`.
        """
        del reference
        cells = torch.cat([self._cells(level, memory[level]) for level in self.levels], 1)
        seen: Tensor = self.attention(queries, cells, cells, need_weights=False)[0]
        return seen

    def _cells(self, level: str, values: Tensor) -> Tensor:
        rows, columns = values.shape[-2:]
        y = (torch.arange(rows, device=values.device) + 0.5) / rows - 0.5
        x = (torch.arange(columns, device=values.device) + 0.5) / columns - 0.5
        places = torch.stack(torch.meshgrid(x, y, indexing='xy'), -1).flatten(0, 1)
        cells: Tensor = self.values[level](values.flatten(2).mT) + self.place(places)
        return cells
