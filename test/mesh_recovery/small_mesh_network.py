"""A mesh recovery network small enough for tests, and crops for it."""

import torch

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.mesh_file import MAP_CELLS, map_inputs
from biopose_ros.mesh_recovery.network import CropEvidence, MeshRecovery

SMALL = MeshRecoveryConfig(encoder='full', size=32, heads=2, layers=2, feedforward_size=48)


def evidence_of(config, batch, seed=0):
    rng = torch.Generator().manual_seed(seed)
    maps = {
        level: torch.randn(
            batch, MAP_CELLS[level], MAP_CELLS[level], config.channels[level], generator=rng
        )
        for level in map_inputs(config)
    }
    return CropEvidence(
        maps,
        torch.rand(batch, 33, 3, generator=rng),
        0.3 * torch.randn(batch, 33, 3, generator=rng),
        0.1 * torch.randn(batch, 3, generator=rng),
    )


def network_of(config, seed=0):
    """A network whose answers differ from crop to crop, as if it were trained."""
    torch.manual_seed(seed)
    model = MeshRecovery(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(('turn.weight', 'shift.weight', 'whole.weight')):
                weight.mul_(20)
    return model
