import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from biopose_ros.mesh_recovery.attention import (
    DeformableAttention,
    DenseAttention,
    MapMemory,
    sample,
)
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig

CONFIG = MeshRecoveryConfig(size=16, heads=2, points=3, memory_size=6, layers=1)
CELLS = {'stride4': 16, 'stride8': 8, 'stride16': 4, 'stride32': 2}


def maps(batch, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return {
        level: torch.randn(batch, cells, cells, CONFIG.channels[level], generator=rng)
        for level, cells in CELLS.items()
    }


def test_samples_are_those_of_an_independent_interpolation():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 3, 5, 7))
    places = rng.uniform(-0.1, 1.1, (2, 4, 2, 3, 2))
    found = sample(torch.from_numpy(values), torch.from_numpy(places)).numpy()
    for batch, channel in np.ndindex(2, 3):
        at = places[batch] * [7, 5] - 0.5  # cell k of n covers k / n to (k + 1) / n
        wanted = map_coordinates(
            values[batch, channel], [at[..., 1], at[..., 0]], order=1, mode='grid-constant'
        )
        np.testing.assert_allclose(found[batch, channel], wanted, atol=1e-12)


def test_gradients_of_samples():
    values = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    places = torch.rand(1, 2, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sample, (values, places))


def test_attention_is_the_weighted_sum_of_projected_samples():
    torch.manual_seed(0)
    attention, memory = DeformableAttention(CONFIG), MapMemory(CONFIG)(maps(2))
    torch.nn.init.normal_(attention.offsets.weight)
    torch.nn.init.normal_(attention.weights.weight)
    queries, reference = torch.randn(2, 3, 16), torch.rand(2, 3, 2)
    offsets = attention.offsets(queries).reshape(2, 3, 2, 4, 3, 2)
    weights = attention.weights(queries).reshape(2, 3, 2, 12).softmax(-1).reshape(2, 3, 2, 4, 3)
    expected = torch.zeros(2, 3, 2, 8)
    for batch, query, head, point in np.ndindex(2, 3, 2, 3):
        for row, level in enumerate(CONFIG.levels):
            values = memory[level][batch].detach().numpy()
            cells = CELLS[level]
            place = reference[batch, query] + offsets[batch, query, head, row, point] / cells
            x, y = (place * cells - 0.5).tolist()
            seen = [
                map_coordinates(channel, [[y], [x]], order=1, mode='grid-constant')[0]
                for channel in values
            ]
            weight = weights[batch, query, head, row, point]
            expected[batch, query, head] += (
                weight * torch.tensor(seen) @ attention.values[level][head]
            )
    found = attention(queries, reference, memory)
    torch.testing.assert_close(found, attention.output(expected.flatten(2)), atol=2e-5, rtol=0)


@pytest.mark.parametrize('kind', [DeformableAttention, DenseAttention])
def test_a_batch_gives_what_its_parts_give(kind):
    torch.manual_seed(1)
    attention, memory = kind(CONFIG).eval(), MapMemory(CONFIG)(maps(3))
    queries, reference = torch.randn(3, 5, 16), torch.rand(3, 5, 2)
    whole = attention(queries, reference, memory)
    for row in range(3):
        part = {level: values[row : row + 1] for level, values in memory.items()}
        alone = attention(queries[row : row + 1], reference[row : row + 1], part)
        torch.testing.assert_close(alone[0], whole[row], atol=1e-5, rtol=0)
