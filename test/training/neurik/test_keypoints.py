import pytest
import torch

from biopose_ros.inverse_kinematics.keypoint_encoder import KEYPOINT_MARKERS, View
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.neurik.keypoints import SimulatedDetector
from biopose_ros.training.neurik.noise import NoiseLevels
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler, places


@pytest.fixture(scope='module')
def seen(motion):
    """Lateral errors [windows, frames, keypoints], metres, and confidence."""
    sampler = WindowSampler(motion, load_skeleton(), WindowConfig(frames=16), seed=0)
    evidence, _ = sampler.draw(200, NoiseLevels.uniform(200, 0.0, 0.0, 0.0))
    hips = [landmark_index(f'{side}_hip') for side in ('left', 'right')]
    origins_m = evidence.positions_m[:, :, KEYPOINT_MARKERS[hips]].mean(2)
    detector = SimulatedDetector(torch.Generator().manual_seed(1))
    keypoints_m, confidence = detector(evidence.positions_m, origins_m, evidence.times_s)
    view = View.of(origins_m)
    found, wanted = (
        view.project(points)[0]
        for points in (keypoints_m, evidence.positions_m[:, :, KEYPOINT_MARKERS])
    )
    return (found - wanted).norm(dim=-1), confidence, keypoints_m, origins_m


def test_errors_are_as_large_as_measured_and_have_heavy_tails(seen):
    errors_m, confidence, *_ = seen
    wrist = landmark_index('left_wrist')
    sure = errors_m[..., wrist][confidence[..., wrist] > 0.9]
    doubtful = errors_m[..., wrist][confidence[..., wrist] < 0.5]
    assert 0.010 < sure.median() < 0.026
    assert doubtful.median() > 1.8 * sure.median()
    assert sure.quantile(0.98) > 5 * sure.median()


def test_hips_are_always_sure_and_limbs_are_not(seen):
    confidence = seen[1]
    assert (confidence[..., landmark_index('right_hip')] == 1).all()
    assert 0.3 < (confidence[..., landmark_index('right_knee')] > 0.9).float().mean() < 0.6


def test_keypoints_lie_in_the_plane_that_faces_the_camera(seen):
    *_, keypoints_m, origins_m = seen
    depth_m = ((keypoints_m - origins_m[:, :, None]) * origins_m[:, :, None]).sum(-1)
    assert depth_m.abs().max() < 1e-2


def test_persons_stand_before_the_camera_and_walk_about():
    times_s = torch.linspace(0, 2, 20).expand(500, 20)
    origins_m = places(times_s, torch.Generator().manual_seed(0))
    assert (origins_m[..., 0] < -0.7).all()
    steps_m = origins_m.diff(dim=1).norm(dim=-1)
    assert 0.0 < steps_m.median() < 0.3
