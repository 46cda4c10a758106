import pytest
import torch
import yaml

from biopose_ros.body import BodyMesh
from biopose_ros.resources import resource_path
from biopose_ros.virtual_markers import load_markers, read_markers


def test_markers_follow_their_vertices_and_joints(body):
    table = load_markers(body.topology)
    entries = yaml.safe_load(resource_path('config/markers/biopose.yaml').read_text())['markers']
    pose = 0.5 * torch.randn(2, 24, 3, generator=torch.Generator().manual_seed(0))
    mesh = body(pose)
    places = table.positions_m(mesh)
    assert places.shape == (2, len(table.names), 3)
    for row, name in enumerate(table.names):
        entry = entries[name]
        if 'vertex' in entry:
            expected = mesh.vertices_m[:, entry['vertex']]
        elif 'vertices' in entry:
            weights = torch.tensor(entry['weights'])
            expected = (mesh.vertices_m[:, entry['vertices']] * weights[:, None]).sum(1)
        else:
            continue
        torch.testing.assert_close(places[:, row], expected, atol=2e-3, rtol=0)
    hip = places[:, table.index('L_HJC')]
    torch.testing.assert_close(hip, mesh.joints_m[:, 1])


def test_markers_carry_gradients(body):
    pose = torch.zeros(24, 3, requires_grad=True)
    load_markers().positions_m(body(pose)).sum().backward()
    assert pose.grad.abs().sum() > 0


def test_every_marker_moves_with_its_segment(body):
    """Bending the knee moves the markers of shank and foot, and no others."""
    table = load_markers()
    straight, bent = torch.zeros(24, 3), torch.zeros(24, 3)
    bent[4, 0] = 1.0
    moved = table.positions_m(body(bent)) - table.positions_m(body(straight))
    for name, segment, way in zip(table.names, table.segments, moved, strict=True):
        follows = segment in ('tibia_l', 'calcn_l', 'toes_l')
        near_joint = name in ('L_knee', 'L_mknee', 'L_patella', 'bp_left_knee')
        if not near_joint:
            assert (way.norm() > 0.02) == follows, name


def test_both_tables_share_their_names():
    ours, smpl = load_markers(), load_markers('smpl')
    assert set(smpl.names) <= set(ours.names)
    assert smpl.num_vertices == 6890
    by_name = dict(zip(ours.names, ours.segments, strict=True))
    assert all(by_name[m.name] == m.segment for m in smpl.markers)
    assert smpl.markers[smpl.index('C7')].points == (828,)


def test_selecting_keeps_the_order(body):
    chosen = load_markers().select(['r_knee', 'C7'])
    assert chosen.names == ('r_knee', 'C7')
    mesh = body(torch.zeros(24, 3))
    full = load_markers().positions_m(mesh)
    torch.testing.assert_close(chosen.positions_m(mesh)[1], full[load_markers().index('C7')])


def test_an_unknown_marker_is_named_with_its_like():
    with pytest.raises(
        ValueError, match=r"no marker 'R_knee' on topology 'biopose'; did you .*r_knee"
    ):
        load_markers().select(['R_knee'])


def test_the_wrong_mesh_is_refused():
    mesh = BodyMesh(torch.zeros(6890, 3), torch.zeros(24, 3))
    with pytest.raises(
        ValueError, match="topology 'biopose' need a mesh of 12272 vertices, got 6890"
    ):
        load_markers().positions_m(mesh)
    with pytest.raises(
        ValueError, match="no marker table for topology 'unknown'; there are biopose"
    ):
        load_markers('unknown')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{topology: x', 'not a YAML file'),
        ('topology: x', 'field vertices must be there and be a int'),
        ('{topology: x, vertices: 9, markers: []}', 'field markers must be there and be a dict'),
        (
            '{topology: x, vertices: 9, markers: {C7: {vertex: 1}}}',
            'marker C7 must hold segment and either vertex',
        ),
        (
            '{topology: x, vertices: 9, markers: {C7: {segment: a, vertex: 9}}}',
            'marker C7: vertices must be numbers from 0 to 8',
        ),
        (
            '{topology: x, vertices: 9, markers: {C7: {segment: a, joint: tail}}}',
            "marker C7: field joint names no joint: 'tail'",
        ),
        (
            '{topology: x, vertices: 9, markers: {C7: {segment: a, vertices: [1, 2], '
            'weights: [1, 1]}}}',
            'marker C7: weights must sum to one',
        ),
    ],
)
def test_a_broken_table_is_named(tmp_path, content, message):
    path = tmp_path / 'broken.yaml'
    path.write_text(content)
    with pytest.raises(ValueError, match=rf'broken\.yaml: {message}'):
        read_markers(path)
