import pytest
import torch

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.frames import OPENSIM_FROM_BODY
from biopose_ros.training.labels.marker_body import MarkerBody
from biopose_ros.virtual_markers import MarkerTable, load_markers


def random_pose(frames, spread=0.6):
    return spread * torch.randn(frames, 24, 3, generator=torch.Generator().manual_seed(0))


def test_the_few_points_are_those_of_the_whole_mesh(body, anthropometry):
    pose, betas = random_pose(5), torch.linspace(-1, 1, body.num_components)
    shift = torch.tensor([0.3, 1.0, -0.2])
    whole = load_markers(body.topology).positions_m(body(pose, betas, shift)).double()
    whole = whole @ torch.as_tensor(OPENSIM_FROM_BODY.T)
    few = anthropometry.marker_body.positions_m(pose, betas, shift).double()
    torch.testing.assert_close(few, whole, atol=1e-6, rtol=0)


def test_bones_carry_epicondyles_whatever_the_palm_does(anthropometry):
    straight = torch.zeros(2, 24, 3)
    straight[1, JOINT_NAMES.index('right_elbow'), 0] = 1.2
    row = anthropometry.table.index('R_elbow_lat')
    betas = torch.zeros(anthropometry.body.num_components)
    skin, bone = (
        points.positions_m(straight, betas)[:, row].diff(dim=0).norm()
        for points in (anthropometry.marker_body, anthropometry.bones)
    )
    assert skin > 0.01
    assert bone < 1e-6


def test_markers_of_another_topology_are_refused(body):
    with pytest.raises(ValueError, match="topology 'other' need a body of 5 vertices, got 12272"):
        MarkerBody(body, MarkerTable('other', 5, ()))
