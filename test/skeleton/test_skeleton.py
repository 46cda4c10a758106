import pytest
import torch

from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.marker_kinematics import compile_markers


@pytest.mark.parametrize(('model', 'count'), [('default', 1000), ('reference', 300)])
def test_forward_kinematics_equals_opensims(model, count, request):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.kinematics import forward_error

    skeleton = load_skeleton(
        None if model == 'default' else request.getfixturevalue('reference_path')
    )
    assert forward_error(skeleton, count) < 1e-5


def test_batches_equal_single_poses(skeleton, draw_poses):
    poses = draw_poses(skeleton, 6).reshape(2, 3, -1)
    scales = 1 + 0.2 * torch.rand(2, 1, len(skeleton.segment_names), 3, dtype=torch.float64)
    together = skeleton.forward_kinematics(poses, scales)
    markers_m = skeleton.marker_positions(poses, scales)
    for i in range(2):
        for j in range(3):
            alone = skeleton.forward_kinematics(poses[i, j], scales[i, 0])
            torch.testing.assert_close(together.rotations[i, j], alone.rotations)
            torch.testing.assert_close(together.positions_m[i, j], alone.positions_m)
            single = skeleton.marker_positions(poses[i, j], scales[i, 0])
            torch.testing.assert_close(markers_m[i, j], single)


def test_rotations_are_rotations(skeleton, draw_poses):
    rotations = skeleton.forward_kinematics(draw_poses(skeleton, 50)).rotations
    identity = torch.eye(3, dtype=torch.float64).expand_as(rotations)
    torch.testing.assert_close(rotations @ rotations.mT, identity)
    torch.testing.assert_close(torch.linalg.det(rotations), torch.ones_like(rotations[..., 0, 0]))


def test_single_precision_agrees(skeleton, draw_poses):
    poses = draw_poses(skeleton, 20)
    markers_m = skeleton.marker_positions(poses.float())
    assert markers_m.dtype == torch.float32
    torch.testing.assert_close(markers_m.double(), skeleton.marker_positions(poses), atol=2e-6,
                               rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize('model', ['default', 'reference'])
def test_analytic_derivatives_equal_autograds(model, request, draw_poses):
    fixture = 'skeleton' if model == 'default' else 'reference_skeleton'
    skeleton = request.getfixturevalue(fixture)
    poses = draw_poses(skeleton, 2)
    shape = (2, len(skeleton.segment_names), 3)
    scales = 1 + 0.3 * torch.rand(shape, generator=torch.Generator().manual_seed(0)).double()
    markers = compile_markers(skeleton, None, poses)
    positions_m, by_coordinates, posture = markers.linearise(poses, scales)
    torch.testing.assert_close(positions_m, skeleton.marker_positions(poses, scales))
    by_scales = markers.scale_jacobian(posture)
    for i in range(2):
        expected = torch.autograd.functional.jacobian(
            skeleton.marker_positions, (poses[i], scales[i])
        )
        torch.testing.assert_close(by_coordinates[i], expected[0])
        torch.testing.assert_close(by_scales[i], expected[1])


def test_scales_of_the_leg_move_the_heel_along_the_leg(skeleton):
    scales = torch.ones(len(skeleton.segment_names), 3, dtype=torch.float64)
    scales[skeleton.segment_index('tibia_r'), 1] = 1.1
    rest = skeleton.default_coordinates
    moved = skeleton.marker_positions(rest, scales, ['r_calc'])
    moved = moved - skeleton.marker_positions(rest, None, ['r_calc'])
    assert moved[0].tolist() == pytest.approx([0, -0.04, 0], abs=1e-3)


def test_names_are_looked_up(skeleton):
    names = skeleton.coordinate_names
    assert names[skeleton.coordinate_index('knee_angle_l')] == 'knee_angle_l'
    with pytest.raises(ValueError, match="biopose has no coordinate 'knee'; it has pelvis_tilt, "):
        skeleton.coordinate_index('knee')
    with pytest.raises(ValueError, match="no segment 'thigh'"):
        skeleton.segment_index('thigh')
    with pytest.raises(ValueError, match="no marker 'nose'"):
        skeleton.marker_positions(skeleton.default_coordinates, names=['nose'])


@pytest.mark.parametrize(
    ('coordinates', 'scales', 'message'),
    [
        (torch.zeros(39), None, r'expects floating \[..., 40\] coordinates, got torch.float32'),
        (torch.zeros(40, dtype=torch.int64), None, 'torch.int64'),
        (torch.zeros(40), torch.ones(3), r'expects \[..., 21, 3\] scales, got \[3\]'),
    ],
)
def test_wrong_shapes_are_refused(skeleton, coordinates, scales, message):
    with pytest.raises(ValueError, match=message):
        skeleton.forward_kinematics(coordinates, scales)
