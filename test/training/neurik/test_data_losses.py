from dataclasses import replace

import numpy as np
import pytest
import torch

from biopose_ros.training.neurik.data import LabelledMotion
from biopose_ros.training.neurik.losses import NeurikLoss, estimate_errors, wrapped
from biopose_ros.training.neurik.noise import NoiseLevels
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

CLEAN = NoiseLevels.uniform(8, 0.0, 0.0, 0.0)


def draw(motion, skeleton, seed=0):
    return WindowSampler(motion, skeleton, WindowConfig(frames=8), seed).draw(8, CLEAN)


def test_labels_survive_the_file(motion, tmp_path):
    path = tmp_path / 'train.npz'
    motion.save(path)
    again = LabelledMotion.load(path)
    assert again.names == motion.names
    torch.testing.assert_close(again.markers_m, motion.markers_m)
    replace(motion, markers_m=motion.markers_m[:, :5]).save(path)
    with pytest.raises(ValueError, match=r'train\.npz holds 5 markers, the network takes 95'):
        LabelledMotion.load(path)


def test_labels_put_the_skeleton_where_the_markers_are(motion, skeleton):
    """In every window, mirrored and turned too: hip centres of skeleton and mesh coincide."""
    evidence, truth = draw(motion, skeleton)
    points_m = NeurikLoss(skeleton).body_points_m(
        truth.angles_rad, truth.factors, truth.pelvis_rotations
    )
    for side, name in (('r', 'bp_right_hip'), ('l', 'bp_left_hip')):
        hip = (
            truth.pelvis_positions_m
            + points_m[..., 4 * skeleton.segment_index(f'femur_{side}'), :]
        )
        marker = evidence.positions_m[:, :, MARKER_NAMES.index(name)]
        assert (hip - marker).norm(dim=-1).max() < 0.03
    knee = truth.pelvis_positions_m + points_m[..., 4 * skeleton.segment_index('tibia_l'), :]
    marker = evidence.positions_m[:, :, MARKER_NAMES.index('bp_left_knee')]
    assert (knee - marker).norm(dim=-1).max() < 0.06


def test_the_same_seed_draws_the_same(motion, skeleton):
    first, second = (draw(motion, skeleton, seed=4)[0] for _ in range(2))
    assert torch.equal(first.positions_m, second.positions_m)
    assert not torch.equal(first.positions_m, draw(motion, skeleton, seed=5)[0].positions_m)
    assert (first.times_s.diff(dim=1) > 0).all()


def test_the_truth_has_no_loss(motion, skeleton):
    _, truth = draw(motion, skeleton)
    losses = NeurikLoss(skeleton)(truth.as_estimate(), truth)
    for name, value in losses.items():
        assert float(value) == pytest.approx(0.0, abs=1e-5), name
    assert estimate_errors(skeleton, truth.as_estimate(), truth).abs().max() < 1e-4


def test_losses_grow_with_the_error_and_give_gradients(motion, skeleton):
    _, truth = draw(motion, skeleton)
    loss = NeurikLoss(skeleton)
    estimate = truth.as_estimate()
    angles = (truth.angles_rad + 0.1).requires_grad_()
    wrong = replace(
        estimate, angles_rad=angles, raw_angles_rad=angles, factors=truth.factors + 0.1
    )
    losses = loss(wrong, truth)
    assert all(float(losses[name]) > 0.01 for name in ('angle', 'place', 'factor'))
    sum(loss.weighted(losses).values()).backward()
    assert angles.grad.isfinite().all()
    assert angles.grad.abs().sum() > 0


def test_differences_of_angles_take_the_short_way():
    turns = torch.tensor([0.1, 2 * np.pi + 0.1, -2 * np.pi + 0.1])
    torch.testing.assert_close(wrapped(turns), torch.full((3,), 0.1), atol=1e-5, rtol=0)
