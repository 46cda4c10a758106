import pytest

from biopose_ros.evaluation.mesh_recovery.ablations import (
    VARIANTS,
    AblationConfig,
    compare_variants,
)
from biopose_ros.mesh_recovery.config import MeshRecoveryConfig


def test_variants_are_networks_that_differ():
    networks = {name: MeshRecoveryConfig(**changes) for name, changes in VARIANTS.items()}
    assert networks['the network'] == MeshRecoveryConfig()
    assert networks['stride 16 alone'].levels == ('stride16',)
    assert not networks['one query'].joint_queries


def test_without_maps_it_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='no store of encoder maps'):
        compare_variants('heavy', tmp_path, AblationConfig())
