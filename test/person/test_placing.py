import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame, camera_to_ground, ground_to_camera
from biopose_ros.person.placing import PersonPlacing
from biopose_ros.records import BodySize, Camera, Markers, SkeletonFit
from biopose_ros.skeleton.osim_writer import osim_text

PITCH, ROLL, HEIGHT_M = np.radians(25.0), np.radians(-8.0), 1.6
PELVIS = 6


@pytest.fixture
def ground():
    return GroundFrame.of_camera(PITCH, ROLL, HEIGHT_M)


def a_fit(skeleton, seed=0):
    """Some person somewhere before the camera."""
    random = np.random.default_rng(seed)
    coordinates = skeleton.default_coordinates.numpy().copy()
    coordinates[:3] = random.uniform(-0.6, 0.6, 3)
    coordinates[3:6] = camera_to_ground([random.uniform(-1, 1), random.uniform(-1, 1), 4.0])
    coordinates[6:] += random.uniform(0.0, 0.3, len(coordinates) - 6)
    markers = Markers(('somewhere',), camera_to_ground([[0.3, -0.2, 3.5]]), np.ones(1))
    return SkeletonFit(coordinates, np.full(len(coordinates), 0.02), markers)


def size_of(skeleton, stature_stddev_m):
    count = len(skeleton.segment_names)
    return BodySize(np.ones((count, 3)), np.full(count, 0.02), 1.7, stature_stddev_m)


@pytest.mark.parametrize('seed', range(5))
def test_nothing_moves_before_the_camera(skeleton, ground, seed):
    fit = a_fit(skeleton, seed)
    placed = PersonPlacing(skeleton, ground).from_leaning(fit)
    old, new = (
        skeleton.forward_kinematics(torch.from_numpy(solution.coordinates))
        for solution in (fit, placed)
    )
    np.testing.assert_allclose(
        ground.to_camera(new.positions_m.numpy()),
        ground_to_camera(old.positions_m.numpy()),
        atol=1e-9,
    )
    np.testing.assert_array_equal(placed.coordinates[PELVIS:], fit.coordinates[PELVIS:])
    np.testing.assert_allclose(
        ground.to_camera(placed.markers.positions_m), [[0.3, -0.2, 3.5]], atol=1e-12
    )


def test_opensim_sees_the_same_person_turned_and_raised(skeleton, ground, tmp_path):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.skeleton.opensim_reference import OpenSimModel

    path = tmp_path / 'model.osim'
    path.write_text(osim_text(skeleton.description))
    model = OpenSimModel(path)
    fit = a_fit(skeleton)
    placed = PersonPlacing(skeleton, ground).from_leaning(fit)
    points_m = []
    for solution in (fit, placed):
        model.set_pose(skeleton.coordinate_names, solution.coordinates)
        points_m.append(model.segment_points(skeleton.segment_names))
    # The camera's left (y of REP-103) is the ground's z, its forward (x) the ground's -x.
    lean = Rotation.from_euler('ZX', [PITCH, -ROLL])
    np.testing.assert_allclose(
        points_m[1].reshape(-1, 3),
        lean.apply(points_m[0].reshape(-1, 3)) + [0.0, HEIGHT_M, 0.0],
        atol=1e-6,
    )


def test_somebody_upright_has_no_tilt_however_the_camera_leans(skeleton, ground):
    upright = skeleton.default_coordinates.clone()
    upright[skeleton.coordinate_index('pelvis_rotation')] = 0.7
    seen = skeleton.forward_kinematics(upright).rotations[0].numpy()
    leaning = ground.level_from_leaning.T @ seen  # what a fit in the camera's axes finds
    fit = a_fit(skeleton)
    fit.coordinates[:3] = Rotation.from_matrix(leaning).as_euler('ZXY')
    assert abs(fit.coordinates[0]) > 0.2
    placed = PersonPlacing(skeleton, ground).from_leaning(fit)
    np.testing.assert_allclose(placed.coordinates[:3], [0.0, 0.0, 0.7], atol=1e-9)


def test_feet_stand_on_the_floor_when_the_cameras_height_is_known(skeleton):
    frames = skeleton.forward_kinematics(skeleton.default_coordinates)
    heel = skeleton.segment_index('calcn_r')
    leg_m = float(frames.positions_m[0, 1] - frames.positions_m[heel, 1])
    ground = GroundFrame.of_camera(0.2, 0.0, 1.5)
    fit = a_fit(skeleton)
    standing_m = np.array([-3.0, leg_m - 1.5, 0.4])  # level axes, from the camera
    fit.coordinates[:] = skeleton.default_coordinates.numpy()
    fit.coordinates[:3] = Rotation.from_matrix(ground.level_from_leaning.T).as_euler('ZXY')
    fit.coordinates[3:6] = ground.level_from_leaning.T @ standing_m
    placed = PersonPlacing(skeleton, ground).from_leaning(fit)
    found = skeleton.forward_kinematics(torch.from_numpy(placed.coordinates))
    assert float(found.positions_m[heel, 1]) == pytest.approx(0.0, abs=1e-9)


def test_uncertainty_is_carried_over_as_samples_are(skeleton, ground):
    random = np.random.default_rng(0)
    fit = a_fit(skeleton)
    stddev = fit.stddev.copy()
    stddev[:6] = [0.02, 0.05, 0.01, 0.2, 0.05, 0.1]
    placing = PersonPlacing(skeleton, ground)
    placed = placing.from_leaning(SkeletonFit(fit.coordinates, stddev, fit.markers))
    spread = stddev.copy()  # one image tells the distance to 4 %
    spread[3:6] = np.hypot(stddev[3:6], 0.04 * fit.coordinates[3:6])
    samples = [
        placing.from_leaning(
            SkeletonFit(fit.coordinates + spread * normal, stddev, fit.markers)
        ).coordinates
        for normal in random.normal(size=(2000, len(stddev)))
    ]
    np.testing.assert_allclose(placed.stddev[:6], np.std(samples, axis=0)[:6], rtol=0.08)
    np.testing.assert_array_equal(placed.stddev[6:], stddev[6:])


def test_unknown_coordinates_stay_unknown(skeleton, ground):
    fit = a_fit(skeleton)
    fit.coordinates[skeleton.coordinate_index('wrist_flex_l')] = np.nan
    fit.stddev[:3] = np.nan
    placed = PersonPlacing(skeleton, ground).from_leaning(fit)
    assert np.isnan(placed.coordinates[skeleton.coordinate_index('wrist_flex_l')])
    assert np.isfinite(placed.coordinates[:6]).all()
    assert np.isnan(placed.stddev[:3]).all()


@pytest.mark.parametrize('mounting', [(0.0, 0.0, 0.0), (PITCH, ROLL, HEIGHT_M)])
def test_a_guessed_focal_length_and_size_show_in_the_distance(skeleton, mounting):
    """Samples of wrong cameras and sizes spread as the stated uncertainty says."""
    ground = GroundFrame.of_camera(*mounting)
    placing = PersonPlacing(skeleton, ground)
    camera = guess_camera(1280, 720)
    place_m = np.array([0.8, 0.4, 4.0])  # camera axes
    coordinates = skeleton.default_coordinates.numpy().copy()
    coordinates[3:6] = ground.from_leaning(camera_to_ground(place_m))
    stddev = placing.with_distance(
        np.zeros_like(coordinates), coordinates, size_of(skeleton, 0.09), camera
    )
    random = np.random.default_rng(0)
    focal = 1.0 + camera.focal_stddev * random.normal(size=20_000)
    size = 1.0 + 0.09 / 1.7 * random.normal(size=20_000)
    # The same pixels and the same size in pixels: depth goes with size and focal length.
    depth = place_m[2] * size * focal
    sideways = place_m[:2] / place_m[2] / focal[:, None] * depth[:, None]
    places_m = ground.from_leaning(camera_to_ground(np.column_stack([sideways, depth])))
    np.testing.assert_allclose(stddev[3:6], places_m.std(axis=0), rtol=0.03)
    assert (stddev[6:] == 0).all()


def test_a_calibrated_camera_and_a_given_height_leave_no_doubt(skeleton):
    camera = Camera(640, 480, np.eye(3), np.zeros(0))
    fit = a_fit(skeleton)
    stddev = PersonPlacing(skeleton, GroundFrame()).with_distance(
        fit.stddev, fit.coordinates, size_of(skeleton, 0.0), camera
    )
    np.testing.assert_array_equal(stddev, fit.stddev)
