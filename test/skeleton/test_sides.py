import pytest

from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.sides import left_of, partners
from biopose_ros.virtual_markers import load_markers


@pytest.mark.parametrize(
    ('right', 'left'),
    [
        ('r_knee', 'L_knee'),
        ('r.ASIS', 'L.ASIS'),
        ('R_Shoulder', 'L_Shoulder'),
        ('bp_mouth_right', 'bp_mouth_left'),
        ('right_hip', 'left_hip'),
        ('knee_angle_r', 'knee_angle_l'),
    ],
)
def test_partners_know_each_other(right, left):
    assert left_of(right) == left_of(left) == left
    assert partners([left, right]) == {left: right, right: left}


@pytest.mark.parametrize('name', ['C7', 'L5', 'pelvis', 'sternal_notch', 'lumbar_bending'])
def test_the_middle_is_its_own_partner(name):
    assert partners([name]) == {name: name}


def test_names_of_the_package_are_closed_under_it():
    skeleton = load_skeleton()
    for names in (
        load_markers().names,
        skeleton.marker_names,
        skeleton.segment_names,
        skeleton.coordinate_names,
    ):
        pairs = partners(names)
        assert pairs.keys() == set(names)
        assert all(pairs[pairs[name]] == name for name in names)
