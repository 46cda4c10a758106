"""The whole pipeline on a real video of real persons."""

from dataclasses import fields
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from biopose_ros.detection.appearance import Appearance
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.video import open_frames
from biopose_ros.frames import project
from biopose_ros.pipeline import Pipeline
from biopose_ros.records import TrackingState
from biopose_ros.settings import DetectionConfig, PipelineConfig
from biopose_ros.training.certainty.turning import turned_picture

VIDEO = Path(__file__).parents[2] / 'shared/data/real/pose2sim_blender/cam01.mp4'
needs_video = pytest.mark.skipif(not VIDEO.exists(), reason=f'needs the real video {VIDEO.name}')


@pytest.fixture(scope='module', params=['biopose', 'landmarks'])
def pipeline(request):
    # A photographer stands behind the person.
    return Pipeline(PipelineConfig(method=request.param, detection=DetectionConfig(max_persons=1)))


@pytest.fixture(scope='module')
def frames():
    return list(islice(open_frames(str(VIDEO)), 36))


@pytest.fixture(scope='module')
def results(pipeline, frames):
    height, width, _ = frames[0].image_bgr.shape
    camera = guess_camera(width, height)
    pipeline.reset()
    return camera, [pipeline.process(f.image_bgr, camera, f.stamp_ns) for f in frames]


@needs_video
def test_one_person_is_followed_through_the_video(results):
    _, poses = results
    assert poses[:2] == [[], []]  # a glimpse is nobody yet
    assert {pose.track_id for frame in poses[3:] for pose in frame} == {poses[3][0].track_id}
    assert all(len(frame) == 1 for frame in poses[3:])
    assert poses[-1][0].state == TrackingState.TRACKED


@needs_video
def test_records_are_complete_finite_and_stamped(results, frames, pipeline):
    _, poses = results
    for frame, (pose,) in zip(frames[3:], poses[3:], strict=True):
        assert pose.stamp_ns == frame.stamp_ns
        coordinates, segments = (
            len(pipeline.skeleton.coordinate_names),
            len(pipeline.skeleton.segment_names),
        )
        assert pose.coordinates.shape == (coordinates,)
        assert pose.segment_rotations.shape == (segments, 3, 3)
        for field in fields(pose):
            value = getattr(pose, field.name)
            if isinstance(value, np.ndarray):
                assert np.isfinite(value).all(), field.name
        assert (pose.stddev > 0).all()
        np.testing.assert_allclose(np.linalg.det(pose.segment_rotations), 1.0, atol=1e-9)


@needs_video
def test_the_skeleton_lies_on_the_person(results, pipeline):
    camera, poses = results
    (pose,) = poses[-1]
    knee_px = project(pose.segment_positions_m[pipeline.skeleton.segment_index('tibia_r')], camera)
    height_px = pose.box_xyxy_px[3] - pose.box_xyxy_px[1]
    assert np.linalg.norm(knee_px - pose.keypoints_px[26]) < 0.06 * height_px


@needs_video
def test_angles_are_smooth_and_velocities_are_their_slope(results, frames, pipeline):
    _, poses = results
    knee = pipeline.skeleton.coordinate_index('knee_angle_r')
    # The first images settle the size of the body, and each new size moves the angles.
    angle = np.array([frame[0].coordinates[knee] for frame in poses[16:]])
    velocity = np.array([frame[0].velocities[knee] for frame in poses[16:]])
    time = np.array([f.stamp_ns for f in frames[16:]]) * 1e-9
    assert np.abs(np.diff(angle)).max() < np.radians(15)
    # In fast motion the filter's velocities are known to fall short by a third.
    change = angle[-1] - angle[0]
    off = abs(np.trapezoid(velocity, time) - change)
    assert off < max(np.radians(10), 0.4 * abs(change))


@needs_video
def test_the_ground_is_levelled_by_the_picture_unless_the_tilt_is_given(pipeline, frames, results):
    pitch_deg, roll_deg = np.degrees(pipeline.ground.tilt_rad)
    assert pitch_deg == pytest.approx(22.5, abs=2.0)  # by calibration; the focal length is a guess
    assert roll_deg == pytest.approx(-13.4, abs=2.0)
    camera, _ = results
    for given in ({'find_level': False}, {'camera_pitch_rad': 0.2}):
        other = Pipeline(PipelineConfig(method='landmarks', **given))
        other.process(frames[0].image_bgr, camera, frames[0].stamp_ns)
        assert other.ground.tilt_rad == pytest.approx((given.get('camera_pitch_rad', 0.0), 0.0))


@needs_video
def test_a_step_back_in_time_starts_afresh(pipeline, frames, results):
    camera, _ = results
    before = pipeline.process(frames[-1].image_bgr, camera, frames[-1].stamp_ns)
    after = pipeline.process(frames[0].image_bgr, camera, frames[0].stamp_ns)
    assert {p.state for p in after} == {TrackingState.LOST}
    assert {p.track_id for p in after} == {p.track_id for p in before}


@needs_video
def test_who_might_face_the_other_way_is_published_but_tentative():
    """Of this person, lying in the image, front and back are swapped in the first images."""
    clip = list(islice(open_frames(str(VIDEO.with_name('cam02.mp4'))), 0, 55, 6))
    images = [turned_picture(frame.image_bgr, 1) for frame in clip]
    height, width, _ = images[0].shape
    pipeline, camera = Pipeline(), guess_camera(width, height)
    poses = [
        pipeline.process(image, camera, frame.stamp_ns)
        for image, frame in zip(images, clip, strict=True)
    ]
    states = [pose.state.name for found in poses for pose in found]
    known = states.index('TRACKED')
    assert states[:known] == ['TENTATIVE'] * known
    assert 1 <= known <= 6


@needs_video
def test_what_looks_like_a_robot_loses_confidence_by_the_odds(pipeline, frames, monkeypatch):
    if pipeline.config.method != 'biopose':
        pytest.skip('appearance is read from feature maps')
    height, width, _ = frames[0].image_bgr.shape
    learnt = pipeline._tracker.appearance

    def confidence(log_odds):
        judge = Appearance(0.0 * learnt.weights, log_odds)
        monkeypatch.setattr(pipeline._tracker, 'appearance', judge)
        pipeline.reset()
        for frame in frames[:8]:
            poses = pipeline.process(frame.image_bgr, guess_camera(width, height), frame.stamp_ns)
        return poses[0].confidence  # he is near, so he is published in any case

    undoubted = confidence(0.0)
    assert confidence(2.0) == pytest.approx(undoubted)
    assert confidence(-1.0) == pytest.approx(undoubted * np.exp(-1.0))


def test_warming_up_leaves_no_trace(pipeline):
    pipeline.warm_up()
    assert pipeline.process(np.zeros((720, 1280, 3), np.uint8), guess_camera(1280, 720), 1) == []


def test_an_empty_scene_gives_nobody(pipeline):
    pipeline.reset()
    image = np.full((480, 640, 3), 90, np.uint8)
    for index in range(10):
        assert pipeline.process(image, guess_camera(640, 480), index * 33_000_000) == []


@needs_video
def test_neurik_corrects_the_fit_within_the_limits(frames, results):
    camera, others = results
    pipeline = Pipeline(PipelineConfig(method='neurik', detection=DetectionConfig(max_persons=1)))
    poses = [pipeline.process(f.image_bgr, camera, f.stamp_ns) for f in frames]
    (last,), (other,) = poses[-1], others[-1]
    inner = slice(6, None)  # beyond the pelvis
    lower, upper = pipeline.skeleton.lower_limits.numpy(), pipeline.skeleton.upper_limits.numpy()
    assert (last.coordinates >= lower)[inner].all()
    assert (last.coordinates <= upper)[inner].all()
    difference = np.abs(last.coordinates - other.coordinates)[inner]
    assert 0 < np.degrees(difference.mean()) < 20  # two ways to see the same person
    assert (last.stddev > 0).all()


@pytest.mark.parametrize('shape', [(480, 640), (480, 640, 4), (0, 0, 3)])
def test_a_picture_that_is_none_is_refused(pipeline, shape):
    with pytest.raises(ValueError, match='image'):
        pipeline.process(np.zeros(shape, np.uint8), guess_camera(640, 480), 0)
