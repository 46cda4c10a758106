import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler
from biopose_ros.virtual_markers.body_parts import BODY_PARTS
from biopose_ros.virtual_markers.part_axes import PartAxes

PARTS = [part.name for part in BODY_PARTS]
NUMBERS = 6 * len(PARTS)


def turned(vectors):
    return torch.from_numpy(
        Rotation.from_rotvec(np.reshape(vectors, (-1, 3))).as_matrix().reshape(*vectors.shape, 3)
    ).float()


@pytest.fixture(scope='module')
def attitudes():
    random = np.random.default_rng(0)
    return random.normal(0, 0.5, (4000, len(PARTS), 3))


@pytest.fixture(scope='module')
def halved(attitudes):
    """Of a network that turns every part half as far as it is turned, give or take 0.1 rad."""
    noise = np.random.default_rng(1).normal(0, 0.1, attitudes.shape)
    return MeshErrors.measure(turned(attitudes), turned(0.5 * attitudes + noise))


def angles_rad(turns):
    return Rotation.from_matrix(turns.reshape(-1, 3, 3).numpy()).magnitude()


def test_shrunken_turns_are_shrunken_again(halved, attitudes):
    true = turned(attitudes[:500])
    none, ones = torch.zeros(500, NUMBERS), torch.ones(500)
    given = halved(true, none, ones)
    gain = angles_rad(given).mean() / angles_rad(true).mean()
    assert 0.4 < gain < 0.65
    assert Rotation.from_matrix(given.reshape(-1, 3, 3).numpy()).magnitude().max() < np.pi
    torch.testing.assert_close(given @ given.mT, torch.eye(3).expand_as(given), atol=1e-5, rtol=0)


def test_strength_scales_the_errors_and_noise_adds_to_them(halved, attitudes):
    true, none = turned(attitudes[:500]), torch.zeros(500, NUMBERS)
    noise = torch.randn(500, NUMBERS, generator=torch.Generator().manual_seed(2))

    def error_rad(noise, strength):
        return angles_rad(halved(true, noise, torch.full((500,), strength)).mT @ true).mean()

    assert error_rad(none, 0.0) < 1e-3
    assert error_rad(none, 0.0) < error_rad(none, 0.5) < error_rad(none, 1.0)
    assert error_rad(noise, 1.0) > 1.02 * error_rad(none, 1.0)


def test_both_sides_err_alike(attitudes):
    estimated = attitudes.copy()
    estimated[:, PARTS.index('tibia_r')] *= 0.3
    errors = MeshErrors.measure(turned(attitudes), turned(estimated))
    true = turned(attitudes[:500])
    given = errors(true, torch.zeros(500, NUMBERS), torch.ones(500))
    off = {name: angles_rad(given[:, row].mT @ true[:, row]).mean() for row, name in
           enumerate(PARTS)}  # fmt: skip
    assert off['tibia_l'] == pytest.approx(off['tibia_r'], rel=0.1)
    assert off['tibia_l'] > 3 * off['femur_l']


def test_a_file_keeps_the_errors_and_others_are_refused(halved, tmp_path):
    halved.save(tmp_path / 'errors.npz')
    again = MeshErrors.load(tmp_path / 'errors.npz')
    torch.testing.assert_close(again.slope, halved.slope, atol=2e-3, rtol=2e-3)
    fewer = MeshErrors(halved.slope[:6, :6], halved.shift[:6], halved.root[:6, :6])
    fewer.save(tmp_path / 'other.npz')
    with pytest.raises(ValueError, match=r'other\.npz: errors of 1 body parts, this release has'):
        MeshErrors.load(tmp_path / 'other.npz')


def test_windows_are_given_the_errors_before_the_camera(motion, halved):
    skeleton, config = load_skeleton(), WindowConfig(frames=6, keypoint_share=1.0)
    axes = PartAxes()

    def movement(errors):
        evidence, _ = WindowSampler(motion, skeleton, config, 0, errors).draw(128)
        turns = axes(evidence.positions_m, torch.ones_like(evidence.weights)).rotations
        return evidence, turns

    evidence, turns = movement(halved)
    assert torch.isfinite(evidence.positions_m).all()
    facing = turns[:, :, PARTS.index('pelvis'), 0, 0]
    plain_facing = movement(None)[1][:, :, PARTS.index('pelvis'), 0, 0]
    # This network has never seen a pelvis far from the camera's axes: headings shrink.
    assert facing.mean() > plain_facing.mean() + 0.1
