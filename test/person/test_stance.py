"""What gravity tells of those who stand, against OpenSim's own centre of mass."""

import numpy as np
import pytest

from biopose_ros.frames import GroundFrame
from biopose_ros.person.motion import build_estimator
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.records import SeenKeypoints
from biopose_ros.resources import resource_path
from biopose_ros.skeleton import load_skeleton

SKELETON = load_skeleton()
SCALES = np.ones((len(SKELETON.segment_names), 3))
CAMERA_M = np.array([3.0, 1.4, 0.0])
POINTS = SkeletonPoints(SKELETON, GroundFrame(np.eye(3), CAMERA_M, is_level=True))
NOTHING_SEEN = SeenKeypoints(
    np.full((POINTS.count, 2), np.nan), np.ones(POINTS.count), np.zeros(POINTS.count, bool)
)


def posed(**degrees):
    coordinates = SKELETON.default_coordinates.numpy().copy()
    for name, value in degrees.items():
        coordinates[SKELETON.coordinate_index(name)] = np.radians(value)
    return coordinates


def both_legs(**degrees):
    return posed(**{f'{name}_{side}': x for name, x in degrees.items() for side in 'rl'})


CROUCH = both_legs(hip_flexion=40.0, knee_angle=60.0, ankle_angle=20.0)


def rows(coordinates, step_s=1.0):
    return POINTS.evidence(NOTHING_SEEN, SCALES).compare(coordinates, step_s).stance


@pytest.mark.parametrize(
    'coordinates', [posed(), CROUCH, posed(arm_flex_r=90.0, hip_flexion_l=60.0)]
)
def test_the_balance_is_that_of_opensims_centre_of_mass(coordinates):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel

    reference = OpenSimModel(resource_path('config/skeleton/biopose.osim'))
    reference.set_pose(SKELETON.coordinate_names, coordinates)
    center_m = reference.model.calcMassCenterPosition(reference.state).to_numpy()

    def place(segment):
        return reference.segment_points([segment])[0, 0]

    heels, balls = (
        np.array([place(f'{name}_{side}') for side in 'rl']) for name in ('calcn', 'toes')
    )
    low = np.minimum(heels, balls)[:, 1]
    load = 1.0 / (1.0 + np.exp((low - low[::-1]) / 0.03))
    support_m = load @ (0.38 * heels + 0.62 * balls)
    sight = (center_m - CAMERA_M) * [1.0, 0.0, 1.0]
    expected_m = (support_m - center_m) @ sight / np.linalg.norm(sight)
    assert rows(coordinates).residual[0] == pytest.approx(expected_m, abs=1e-4)


def test_slopes_are_those_of_finite_differences():
    step, found = 1e-6, rows(CROUCH)
    for index in range(len(CROUCH)):
        moved = CROUCH.copy()
        moved[index] += step
        change = (found.residual - rows(moved).residual) / step
        np.testing.assert_allclose(found.slopes[:, index], change, atol=0.02)


def test_a_level_sole_has_no_residual_and_a_raised_foot_none_at_all():
    standing = rows(posed())
    assert len(standing.residual) == 3  # the balance and two soles
    np.testing.assert_allclose(standing.residual[1:], 0.0, atol=1e-9)
    on_tiptoe = rows(both_legs(ankle_angle=-20.0))
    assert (on_tiptoe.residual[1:] < -0.05).all()  # the heels are too high
    assert len(rows(posed(hip_flexion_l=60.0, knee_angle_l=60.0)).residual) == 2


def test_who_sits_or_lies_tells_nothing_of_balance():
    seated = rows(both_legs(hip_flexion=90.0, knee_angle=90.0))
    assert len(seated.residual) == 2  # only that the soles are level
    assert len(rows(posed(pelvis_tilt=-90.0)).residual) == 0


def test_many_images_in_a_row_count_as_one():
    assert np.isfinite(rows(CROUCH, 0.0).variance).all()
    assert rows(CROUCH, 0.01).variance == pytest.approx(50 * rows(CROUCH, np.inf).variance)


@pytest.mark.parametrize(('pitch_rad', 'height_m'), [(0.0, 0.0), (0.3, 0.0), (0.0, 1.4)])
def test_a_ground_that_may_lean_gives_no_such_measurement(pitch_rad, height_m):
    ground = GroundFrame.of_camera(pitch_rad, 0.0, height_m)
    points = SkeletonPoints(SKELETON, ground)
    is_known = bool(pitch_rad or height_m)
    assert (points.evidence(NOTHING_SEEN, SCALES).stance is not None) == is_known
    estimator = build_estimator(SKELETON, points.count, 0.5)
    # Leans back by ten degrees as a whole, with nothing but gravity against it.
    leaning = posed(pelvis_tilt=10.0)
    leaning[SKELETON.coordinate_index('pelvis_tx')] = -3.0
    for image in range(30):
        found = estimator.update(
            leaning, np.full(len(leaning), 0.15), image / 30, points.evidence(NOTHING_SEEN, SCALES)
        )
    change = found.positions - leaning
    tilt = np.degrees(change[SKELETON.coordinate_index('pelvis_tilt')])
    assert tilt < -1.0 if is_known else abs(tilt) < 0.01
    assert np.isfinite(found.stddev).all()
