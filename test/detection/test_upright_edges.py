"""Gravity from pictures of drawn rooms, and from two real views whose calibration tells it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from biopose_ros.detection.upright_edges import CameraLevel, up_from_edges
from biopose_ros.evaluation.angles.multi_view import find_views
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.video import open_frames
from biopose_ros.frames import GroundFrame, project

CAMERA = guess_camera(1280, 720)
VIEWS = Path(__file__).parents[3] / 'shared/data/real/pose2sim_blender'
SECOND_NS = 1_000_000_000


def room(pitch_deg, roll_deg, posts=12, boards=0):
    """A picture of posts on a floor, and of boards that run away from the camera."""
    random = np.random.default_rng(1)
    ground = GroundFrame.of_camera(np.radians(pitch_deg), np.radians(roll_deg), 1.5)
    image = np.full((720, 1280, 3), 200, np.uint8)
    feet = np.stack(
        [-random.uniform(3.0, 7.0, posts), np.zeros(posts), np.linspace(-4.0, 4.0, posts)], axis=1
    )
    ends = [(foot, foot + [0.0, 2.6, 0.0]) for foot in feet]
    ends += [
        (np.array([-2.5, 0.0, z]), np.array([-9.0, 0.0, z])) for z in np.linspace(-3, 3, boards)
    ]
    for start, end in ends:
        px = project(ground.to_camera(np.stack([start, end])), CAMERA)
        cv2.line(image, *np.rint(px).astype(int).tolist(), (40, 60, 80), 5, cv2.LINE_AA)
    return image


def angle_deg(up, other):
    return np.degrees(np.arccos(np.clip(up @ other, -1.0, 1.0)))


@settings(max_examples=20, deadline=None)
@given(pitch=st.floats(-25.0, 25.0), roll=st.floats(-12.0, 12.0))
def test_the_tilt_of_a_drawn_room_is_found(pitch, roll):
    up = up_from_edges(room(pitch, roll), CAMERA)
    # REP-103: the camera pitches about its left axis and rolls about its forward one.
    turned = Rotation.from_euler('xyz', [roll, pitch, 0.0], degrees=True)
    x, y, z = turned.inv().apply([0.0, 0.0, 1.0])  # forward, left, up
    assert up is not None
    assert angle_deg(up, np.array([-y, -z, x])) < 1.0


@pytest.mark.parametrize(
    'image',
    [
        np.full((720, 1280, 3), 90, np.uint8),
        np.random.default_rng(0).integers(0, 255, (360, 640, 3), np.uint8),
        room(20.0, 0.0, posts=1),
        room(30.0, 0.0, posts=0, boards=14),
    ],
    ids=['nothing', 'noise', 'one post', 'floorboards alone'],
)
def test_where_the_edges_do_not_tell_nothing_is_said(image):
    assert up_from_edges(image, guess_camera(image.shape[1], image.shape[0])) is None


@pytest.mark.skipif(not VIEWS.exists(), reason='needs the real views')
@pytest.mark.parametrize('name', ['cam01', 'cam02'])
def test_the_tilt_of_a_real_room_agrees_with_the_calibration(name):
    (view,) = (view for view in find_views(VIEWS) if view.name == name)
    frame = next(iter(open_frames(str(view.video))))
    height, width, _ = frame.image_bgr.shape
    up = up_from_edges(frame.image_bgr, view.camera(width, height))
    camera_from_trc, _ = view.camera_from_trc()
    assert up is not None
    assert angle_deg(up, camera_from_trc[:, 1]) < 1.5  # the marker file's y points up


def test_the_ground_turns_only_while_nobody_counts_from_it():
    level = CameraLevel(1.5)
    assert level.look(room(15.0, 2.0), CAMERA, 0, is_free=False) is None
    ground = level.look(room(15.0, 2.0), CAMERA, 1, is_free=True)
    assert ground is not None
    assert ground.is_level
    assert ground.is_static
    assert ground.camera_m[1] == 1.5
    assert np.degrees(ground.tilt_rad) == pytest.approx([15.0, 2.0], abs=1.0)


def test_a_camera_that_moves_is_no_longer_known_to_be_level():
    level = CameraLevel(0.0)
    ground = level.look(room(5.0, 0.0), CAMERA, 0, is_free=True)
    assert level.look(room(25.0, 0.0), CAMERA, SECOND_NS, is_free=False) is None  # not yet
    assert level.look(room(6.0, 0.0), CAMERA, 11 * SECOND_NS, is_free=False) is None
    moved = level.look(room(25.0, 0.0), CAMERA, 22 * SECOND_NS, is_free=False)
    assert moved is not None
    assert not moved.is_level
    np.testing.assert_array_equal(moved.level_from_leaning, ground.level_from_leaning)
    assert level.look(room(5.0, 0.0), CAMERA, 30 * SECOND_NS, is_free=True) is None


def test_a_search_in_vain_is_not_repeated_for_every_image():
    level, blank = CameraLevel(0.0), np.full((720, 1280, 3), 90, np.uint8)
    assert level.look(blank, CAMERA, 0, is_free=True) is None
    assert level.look(room(5.0, 0.0), CAMERA, SECOND_NS // 30, is_free=True) is None
    assert level.look(room(5.0, 0.0), CAMERA, SECOND_NS, is_free=True) is not None
