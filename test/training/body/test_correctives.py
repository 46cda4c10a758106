import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.body import load_body
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyModel
from biopose_ros.body.volume import volume_m3
from biopose_ros.training.body.anny_source import mirror_vertices
from biopose_ros.training.body.correctives import fit_correctives, swing_and_twist


@pytest.fixture(scope='module')
def models():
    """The default body without and with its correctives."""
    from dataclasses import replace

    data = load_body().data
    return BodyModel(replace(data, pose_blocks=())), BodyModel(data)


def test_swing_after_twist_is_the_rotation():
    rotation = Rotation.random(random_state=0)
    axis = np.array([0.0, 0.6, 0.8])
    swing, twist = swing_and_twist(rotation, axis)
    np.testing.assert_allclose((swing * twist).as_matrix(), rotation.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(np.cross(twist.as_rotvec(), axis), 0.0, atol=1e-12)
    assert abs(swing.as_rotvec() @ axis) < 1e-9


@pytest.mark.parametrize(
    ('joint', 'turn'),
    [
        ('left_hip', (-1.57, 0, 0)),
        ('left_knee', (1.57, 0, 0)),
        ('left_shoulder', (0, -1.57, 0)),
        ('right_elbow', (0, 1.57, 0)),
        ('left_wrist', (1.4, 0, 0)),
    ],
)
def test_correctives_bring_back_volume(models, joint, turn):
    pose = torch.zeros(2, 24, 3)
    pose[1, JOINT_NAMES.index(joint)] = torch.tensor(turn)
    volumes = [volume_m3(m(pose).vertices_m.double().numpy(), m.faces) for m in models]
    lost = [1.0 - posed / rest for rest, posed in volumes]
    assert lost[1] < lost[0]


def test_correctives_are_zero_at_rest_and_mirror(models):
    plain, corrected = models
    rest = torch.zeros(24, 3)
    torch.testing.assert_close(corrected(rest).vertices_m, plain(rest).vertices_m)
    mirror = mirror_vertices(plain.data.template_m)
    dense = corrected.data.dense_pose_directions().reshape(len(mirror), 3, 23, 9)
    flip = np.array([-1.0, 1.0, 1.0])
    left = dense[:, :, JOINT_NAMES.index('left_knee') - 1] * np.outer(flip, flip).reshape(9)
    right = dense[mirror][:, :, JOINT_NAMES.index('right_knee') - 1]
    np.testing.assert_allclose(left * flip[:, None], right, atol=1e-5)


def test_fitting_again_gives_the_shipped_correctives(models):
    data = models[1].data
    blocks = fit_correctives(
        data.template_m,
        data.joint_regressor @ data.template_m,
        data.weights,
        mirror_vertices(data.template_m),
        np.random.default_rng(0),
        lambda steps: None,
    )
    shipped = {block.joint: len(block.vertices) for block in data.pose_blocks}
    for block in blocks:
        assert abs(len(block.vertices) - shipped[block.joint]) <= 0.2 * shipped[block.joint] + 10
