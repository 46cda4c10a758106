"""From poses to files: rows that are settled later, chosen persons, a change of cameras."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.files.angles_csv import read_angles
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.person_files import ANGLES, SETTLED
from biopose_ros.files.recording_run import RecordingRun
from biopose_ros.files.results import COMPLETE, RunResults, finish_run
from biopose_ros.frames import GroundFrame
from biopose_ros.person import recording as recordings
from biopose_ros.person.skeleton_points import SkeletonPoints
from biopose_ros.records import (
    ImageEvidence,
    Markers,
    SeenKeypoints,
    SkeletonFit,
)
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

RATE_HZ, COUNT, BLOCK, AHEAD = 30.0, 20, 5, 4
IMAGE = np.zeros((480, 640, 3), np.uint8)


@pytest.fixture(scope='module')
def pipeline(skeleton):
    """What a run asks of a pipeline."""
    return SimpleNamespace(
        skeleton=skeleton,
        ground=GroundFrame.of_camera(0.0, 0.0, 0.0),
        config=SimpleNamespace(smoothing=0.5),
        certainty=SimpleNamespace(deviations=lambda pose, _camera: pose),
    )


@pytest.fixture(scope='module')
def images(pipeline, skeleton):
    """Somebody whose knee shakes; somebody else, larger, who is there for the first half."""
    random, size = np.random.default_rng(0), len(skeleton.coordinate_names)
    points = SkeletonPoints(skeleton, pipeline.ground).count
    unseen = SeenKeypoints(
        np.full((points, 2), np.nan), np.full(points, 0.02), np.zeros(points, dtype=bool)
    )
    markers = Markers(MARKER_NAMES, np.ones((95, 3)), np.ones(95))

    def pose(track_id, box_px):
        coordinates = skeleton.default_coordinates.numpy().copy()
        coordinates[3] = -4.0
        coordinates[skeleton.coordinate_index('knee_angle_r')] = random.uniform(0.4, 0.8)
        fit = SkeletonFit(coordinates, np.full(size, 0.03), markers)
        return person_pose(
            coordinates,
            21,
            track_id=track_id,
            confidence=0.9,
            stddev=np.full(size, 0.03),
            markers=markers,
            box_xyxy_px=np.array([100.0, 100.0, 100.0 + box_px, 300.0]),
            evidence=ImageEvidence(fit, unseen),
        )

    return [[pose(1, 50), *([pose(2, 90)] if row < COUNT // 2 else [])] for row in range(COUNT)]


def started(folder, pipeline, images, camera_of=lambda row: guess_camera(640, 480), **options):
    results = RunResults(folder, pipeline.skeleton, RATE_HZ, {})
    run = RecordingRun(pipeline, results, **options)
    for row, poses in enumerate(images):
        run.take(IMAGE, camera_of(row), row / RATE_HZ, poses)
    return run, results


@pytest.fixture(autouse=True, scope='module')
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, '_BLOCK_IMAGES', BLOCK)
        patch.setattr(recordings, '_AHEAD_IMAGES', AHEAD)
        yield


def table(folder, name='person_1'):
    return read_angles(folder / name / ANGLES)


@pytest.fixture(scope='module')
def whole(tmp_path_factory, small_blocks, pipeline, images):
    folder = tmp_path_factory.mktemp('run') / 'whole'
    run, _ = started(folder, pipeline, images)
    run.finish(COMPLETE)
    return folder


def test_a_killed_run_is_finished_with_look_ahead_but_for_its_last_images(
    tmp_path, pipeline, images, whole, skeleton
):
    folder, knee = tmp_path / 'killed', skeleton.coordinate_index('knee_angle_r')
    _, results = started(folder, pipeline, images)
    results.save()  # and no more: the process is gone
    assert (folder / 'person_1' / SETTLED).exists()
    causal_rad = table(folder).coordinates[:, knee]
    np.testing.assert_allclose(causal_rad, [poses[0].coordinates[knee] for poses in images])
    finish_run(folder)
    settled = COUNT - (COUNT - AHEAD) % BLOCK - AHEAD
    found, expected = table(folder), table(whole)
    np.testing.assert_allclose(found.times_s, expected.times_s)
    np.testing.assert_allclose(found.coordinates[:settled], expected.coordinates[:settled])
    np.testing.assert_allclose(found.coordinates[settled:, knee], causal_rad[settled:])
    steps_rad = np.diff(expected.coordinates[:, knee])
    assert steps_rad.std() < 0.7 * np.diff(causal_rad).std()
    assert not (folder / 'person_1' / SETTLED).exists()
    finish_run(folder)
    np.testing.assert_array_equal(table(folder).coordinates, found.coordinates)


def test_without_look_ahead_rows_stay_as_they_were_written(tmp_path, pipeline, images, skeleton):
    run, _ = started(tmp_path / 'out', pipeline, images, looks_ahead=False)
    run.finish(COMPLETE)
    knee = skeleton.coordinate_index('knee_angle_r')
    expected_rad = [poses[0].coordinates[knee] for poses in images]
    np.testing.assert_allclose(table(tmp_path / 'out').coordinates[:, knee], expected_rad)


def test_everybody_is_on_the_disk_until_the_one_who_is_meant_is_known(tmp_path, pipeline, images):
    run, results = started(tmp_path / 'out', pipeline, images, looks_ahead=False, rule='largest')
    results.save()
    assert len(table(tmp_path / 'out', 'person_1').times_s) == COUNT
    assert len(table(tmp_path / 'out', 'person_2').times_s) == COUNT // 2
    summary = run.finish(COMPLETE)
    assert [person['person_id'] for person in summary['persons']] == ['person_2']
    assert not (tmp_path / 'out' / 'person_1').exists()


def test_everybody_has_whole_files_on_both_sides_of_a_change_of_cameras(
    tmp_path, pipeline, images
):
    turned, first = guess_camera(480, 640), 13
    renamed = [
        [replace(pose, track_id=9) for pose in poses[:1]] if row >= first else poses
        for row, poses in enumerate(images)
    ]
    run, _ = started(
        tmp_path / 'out',
        pipeline,
        renamed,
        lambda row: turned if row >= first else guess_camera(640, 480),
    )
    run.finish(COMPLETE)
    assert len(table(tmp_path / 'out').times_s) == first
    assert len(table(tmp_path / 'out', 'person_9').times_s) == COUNT - first


def test_an_unknown_rule_is_refused(pipeline):
    with pytest.raises(ValueError, match='person must be all, largest'):
        RecordingRun(pipeline, None, rule='nobody')
