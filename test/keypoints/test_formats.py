import pytest

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.keypoints import FORMATS, POINTS
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES


def test_formats_have_the_published_number_of_points():
    assert {name: len(points) for name, points in FORMATS.items()} == {
        'BODY_25': 25,
        'COCO-17': 17,
        'Halpe-26': 26,
    }


@pytest.mark.parametrize(
    ('format_name', 'index', 'point'),
    [
        # From the documentation of OpenPose, COCO and Halpe-FullBody.
        ('BODY_25', 1, 'neck'),
        ('BODY_25', 4, 'right_wrist'),
        ('BODY_25', 8, 'mid_hip'),
        ('BODY_25', 14, 'left_ankle'),
        ('BODY_25', 18, 'left_ear'),
        ('BODY_25', 19, 'left_big_toe'),
        ('BODY_25', 24, 'right_heel'),
        ('COCO-17', 0, 'nose'),
        ('COCO-17', 9, 'left_wrist'),
        ('COCO-17', 16, 'right_ankle'),
        ('Halpe-26', 16, 'right_ankle'),
        ('Halpe-26', 17, 'head_top'),
        ('Halpe-26', 20, 'left_big_toe'),
        ('Halpe-26', 23, 'right_small_toe'),
        ('Halpe-26', 25, 'right_heel'),
    ],
)
def test_points_stand_where_the_formats_say(format_name, index, point):
    assert FORMATS[format_name][index] == point


def test_every_point_is_defined_and_has_a_place_on_the_body():
    for points in FORMATS.values():
        assert len(set(points)) == len(points)
        assert set(points) <= set(POINTS)
    for name, point in POINTS.items():
        assert point.text
        assert not point.marker or point.marker in MARKER_NAMES, name
        assert bool(point.marker) == bool(point.joint)
        assert not point.joint or point.joint in JOINT_NAMES, name
        assert not point.marker or 0.02 < point.sigma < 0.11, name
        assert not point.landmark or point.landmark in LANDMARK_NAMES, name


def test_sides_are_not_mixed_up():
    for name, point in POINTS.items():
        side, _, _ = name.partition('_')
        if side in ('left', 'right'):
            own = (f'bp_{side}_', f'{side[0]}_', f'{side[0].upper()}_')
            assert not point.marker or point.marker.startswith(own)
            assert point.joint in ('', 'head', 'pelvis') or point.joint.startswith(side)
            assert not point.landmark or point.landmark.startswith(side)
