from dataclasses import dataclass, replace

import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.files.camera import guess_camera
from biopose_ros.person.drawing import LEFT, MIDDLE, RIGHT, draw_person, draw_persons
from biopose_ros.records import TrackingState

CAMERA = guess_camera(320, 240, focal_px=300.0)


@dataclass(frozen=True)
class Tree:
    segment_names: tuple = ('pelvis', 'femur_r', 'femur_l', 'head')
    segment_parents: tuple = (-1, 0, 0, 0)


# Camera axes: x right, y down, z forward.
POSITIONS_M = np.array([[0, 0, 3.0], [-0.5, 0.4, 3.0], [0.5, 0.4, 3.0], [0, -0.5, 3.0]])
BLACK = np.zeros((240, 320, 3), np.uint8)


def person(**changes):
    fields = {
        'segment_rotations': np.tile(np.diag([1.0, -1.0, -1.0]), (4, 1, 1)),
        'segment_positions_m': POSITIONS_M,
        'box_xyxy_px': np.array([100.0, 60, 220, 200]),
    }
    return person_pose(segments=4, **(fields | changes))


def at(image, x_m, y_m, depth_m=3.0):
    return tuple(image[round(120 + 300 * y_m / depth_m), round(160 + 300 * x_m / depth_m)])


def test_bones_lie_where_the_camera_sees_them():
    image = draw_person(BLACK, CAMERA, person(), Tree())
    assert at(image, -0.25, 0.2) == RIGHT  # the middle of the right thigh
    assert at(image, 0.25, 0.2) == LEFT
    assert at(image, 0.0, -0.25) == MIDDLE
    assert at(image, 0.0, -0.65) == MIDDLE  # the head goes on above its joint
    assert at(image, 0.0, 0.3) == (0, 0, 0)


def test_the_given_picture_stays_as_it_is():
    draw_persons(BLACK, CAMERA, [person()], Tree())
    assert not BLACK.any()


def test_hidden_persons_are_faint_and_lost_ones_invisible():
    hidden = draw_person(BLACK, CAMERA, person(state=TrackingState.OCCLUDED), Tree())
    assert at(hidden, 0.25, 0.2)[0] == pytest.approx(0.4 * LEFT[0], abs=2)
    assert not draw_person(BLACK, CAMERA, person(state=TrackingState.LOST), Tree()).any()


@pytest.mark.parametrize(
    'bad', [np.nan, np.inf, -1e9, 1e9], ids=['nan', 'infinite', 'behind', 'far outside']
)
def test_unknown_segments_are_left_out(bad):
    positions_m = POSITIONS_M.copy()
    positions_m[1] = [bad, 0, 3.0] if bad > 0 else [0, 0, bad]
    image = draw_person(BLACK, CAMERA, person(segment_positions_m=positions_m), Tree())
    assert at(image, 0.25, 0.2) == LEFT
    assert at(image, -0.25, 0.2) == (0, 0, 0)


def test_everybody_is_drawn():
    shifted = replace(person(), segment_positions_m=POSITIONS_M + [0, 0.4, 0])
    image = draw_persons(BLACK, CAMERA, [person(), shifted], Tree())
    assert at(image, 0.25, 0.2) == LEFT
    assert at(image, 0.25, 0.6) == LEFT
    np.testing.assert_array_equal(draw_persons(BLACK, CAMERA, [], Tree()), BLACK)


def test_an_unknown_box_leaves_the_name_out():
    image = draw_person(BLACK, CAMERA, person(box_xyxy_px=np.full(4, np.nan)), Tree())
    assert at(image, 0.25, 0.2) == LEFT


def test_lens_distortion_bends_the_drawing_along():
    bent = replace(CAMERA, distortion=np.array([0.5, 0, 0, 0]))
    straight = draw_person(BLACK, CAMERA, person(), Tree())
    assert (straight != draw_person(BLACK, bent, person(), Tree())).any()
