from dataclasses import replace

import pytest
import torch
from small_mesh_network import SMALL, evidence_of, network_of

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig


def test_a_batch_gives_what_its_parts_give(small_network):
    evidence = evidence_of(SMALL, 3)
    with torch.inference_mode():
        whole, summary = small_network(evidence)
        for row in range(3):
            part = replace(
                evidence,
                maps={level: m[row : row + 1] for level, m in evidence.maps.items()},
                **{
                    n: getattr(evidence, n)[row : row + 1]
                    for n in ('keypoints', 'world_m', 'view')
                },
            )
            alone, own_summary = small_network(part)
            torch.testing.assert_close(alone[-1].pose[0], whole[-1].pose[row], atol=1e-5, rtol=0)
            torch.testing.assert_close(own_summary[0], summary[row], atol=1e-5, rtol=0)


def test_every_layer_answers_with_rotations_and_sizes(small_network):
    with torch.inference_mode():
        estimates, summary = small_network(evidence_of(SMALL, 2))
    assert len(estimates) == SMALL.layers
    for estimate in estimates:
        assert estimate.betas.shape == (2, SMALL.components)
        product = estimate.turns @ estimate.turns.mT
        torch.testing.assert_close(product, torch.eye(3).expand_as(product), atol=1e-5, rtol=0)
    assert summary.shape == (2, SMALL.feature_size)
    assert not torch.equal(estimates[0].turns, estimates[1].turns)


@pytest.mark.parametrize(
    'changes',
    [
        {'attention': 'dense'},
        {'attention': 'none'},
        {'joint_queries': False},
        {'levels': ('stride16',)},
    ],
    ids=str,
)
def test_variants_for_comparison_answer_alike(changes):
    config = replace(SMALL, **changes)
    with torch.inference_mode():
        estimates, _ = network_of(config)(evidence_of(config, 2))
    assert estimates[-1].pose.shape == (2, 24, 3, 3)
    assert torch.isfinite(estimates[-1].pose).all()


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'encoder': 'resnet'}, "unknown encoder 'resnet'"),
        ({'levels': ('stride2',)}, 'levels must be some of'),
        ({'levels': ()}, 'levels must be some of'),
        ({'attention': 'sparse'}, "got 'sparse'"),
        ({'heads': 5}, 'heads must divide size, got 5 and 192'),
        ({'extra_queries': 0}, 'at least 1, got 0'),
    ],
)
def test_impossible_sizes_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        MeshRecoveryConfig(**wrong)
