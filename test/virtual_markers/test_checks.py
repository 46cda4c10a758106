from dataclasses import replace

from biopose_ros.skeleton.default_markers import MIDDLE_MARKERS, RIGHT_MARKERS
from biopose_ros.skeleton.sides import left_of
from biopose_ros.virtual_markers import MarkerTable, load_markers
from biopose_ros.virtual_markers.checks import marker_faults


def test_the_shipped_markers_are_without_fault(body):
    assert marker_faults(load_markers(), body) == []


def test_a_marker_on_the_wrong_side_or_place_is_found(body):
    table = load_markers()
    knee, toe = table.markers[table.index('r_knee')], table.markers[table.index('r_toe')]
    changed = [
        replace(m, points=toe.points, weights=toe.weights) if m is knee else m
        for m in table.markers
    ]
    faults = ' '.join(marker_faults(MarkerTable('biopose', 12272, changed), body))
    assert 'r_knee lies' in faults
    assert 'r_knee to r_mknee is' in faults


def test_a_missing_partner_is_found(body):
    table = load_markers()
    alone = table.select([name for name in table.names if name != 'L.ASIS'])
    assert marker_faults(alone, body) == ['r.ASIS has no partner on the other side']


def test_all_markers_of_the_default_skeleton_are_on_the_body():
    pairs = [name for right, *_ in RIGHT_MARKERS for name in (right, left_of(right))]
    wanted = {name for name, *_ in MIDDLE_MARKERS} | set(pairs)
    assert wanted <= set(load_markers().names)
