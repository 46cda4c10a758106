import csv
import json

import cv2
import numpy as np
import pytest
from clips import WALK, cut, write_clip
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.cli.run import NOBODY
from biopose_ros.files.mot import read_mot
from biopose_ros.files.overlay import VideoWriter
from biopose_ros.files.video import open_frames

FIRST, COUNT = 100, 6
# Whoever is there for a few images only has files, too.
BRIEF = ('--shortest', 0, '--confirm-frames', 1)


def run(*arguments):
    return CliRunner().invoke(app, ['run', *map(str, arguments)])


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """A moment of a real video, with its own times, starting in mid-walk."""
    path = tmp_path_factory.mktemp('clip') / 'walk.mp4'
    return write_clip(path, cut(WALK, FIRST, FIRST + COUNT))


@pytest.fixture(scope='module')
def result(clip, imported, tmp_path_factory):
    out = tmp_path_factory.mktemp('run') / 'out'
    calibration = out.parent / 'camera.yaml'
    calibration.write_text('fx: 1500\nfy: 1500\ncx: 884\ncy: 497\nwidth: 1768\nheight: 994\n')
    options = (
        *('--overlay', '--height', 1.75, '--intrinsics', calibration, '--max-persons', 2),
        *BRIEF,
    )
    return run(clip, '--out', out, *options), out


def test_the_run_ends_with_a_table(result):
    outcome, out = result
    assert outcome.exit_code == 0, outcome.output
    assert 'person_1' in outcome.output
    assert f'{COUNT} images' in outcome.output
    assert 'guess' not in outcome.output
    assert (out / 'summary.json').exists()


def test_the_summary_says_what_was_run(result):
    summary = json.loads((result[1] / 'summary.json').read_text())
    assert summary['frames'] == COUNT
    assert summary['method'] == 'biopose'
    assert summary['camera']['is_calibrated']
    assert summary['camera']['intrinsics_px'][0][0] == 1500
    assert summary['persons'][0]['stature_m'] == pytest.approx(1.75)


def test_files_keep_the_videos_own_time(result, clip):
    _, out = result
    video_s = [frame.stamp_ns * 1e-9 for frame in open_frames(clip)]
    assert video_s[0] == pytest.approx(FIRST / 30, abs=1e-4)
    times_s, coordinates = read_mot(out / 'person_1' / 'motion.mot')
    assert set(np.round(times_s, 6)) <= set(np.round(video_s, 6))
    assert all(np.isfinite(values).all() for values in coordinates.values())
    with (out / 'person_1' / 'joint_angles.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]['time']) == pytest.approx(video_s[-1])
    overlay_s = [frame.stamp_ns * 1e-9 for frame in open_frames(out / 'overlay.mp4')]
    assert overlay_s == pytest.approx(video_s, abs=1e-4)


def test_the_overlay_is_drawn_near_the_person(result, clip):
    plain = next(iter(open_frames(clip))).image_bgr.astype(int)
    drawn = next(iter(open_frames(result[1] / 'overlay.mp4'))).image_bgr.astype(int)
    changed = np.abs(drawn - plain).max(axis=-1) > 80
    assert 0.001 < changed.mean() < 0.1


def test_smoothing_with_look_ahead_writes_the_same_files(result, clip, tmp_path):
    _, causal = result
    options = ('--height', 1.75, '--max-persons', 2, '--method', 'landmarks')
    mounting = ('--camera-height', 1.2, '--camera-pitch-rad', 0.05)
    outcome = run(clip, '--out', tmp_path / 'out', *options, *mounting, *BRIEF)
    assert outcome.exit_code == 0, outcome.output
    person = tmp_path / 'out' / 'person_1'
    assert {path.name for path in person.iterdir()} == {
        path.name for path in (causal / 'person_1').iterdir()
    }
    causal_times_s, low = read_mot(causal / 'person_1' / 'motion.mot')
    times_s, high = read_mot(person / 'motion.mot')
    np.testing.assert_allclose(times_s, causal_times_s)
    assert high['pelvis_ty'].mean() > low['pelvis_ty'].mean() + 0.8  # counts from the floor
    summary = json.loads((tmp_path / 'out' / 'summary.json').read_text())
    assert (summary['smoothing'], summary['looks_ahead']) == (0.5, True)
    assert summary['camera']['height_m'] == 1.2
    assert summary['camera']['focal_stddev'] == 0.1


def test_an_empty_scene_is_told(imported, tmp_path):
    path = tmp_path / 'empty.mp4'
    with VideoWriter(path) as writer:
        for index in range(3):
            writer.write(np.full((240, 320, 3), 128, np.uint8), index * 33_000_000)
    outcome = run(path, '--out', tmp_path / 'out', '--method', 'landmarks')
    assert outcome.exit_code == NOBODY, outcome.output
    assert 'nobody was found' in outcome.output
    assert 'The camera is a guess' in outcome.output


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('nowhere.mp4',), 'nowhere.mp4: no such file'),
        (('walk [front].mp4',), 'walk [front].mp4: no such file'),
        (('VIDEO', '--height', 9), 'height_m must lie from 0.5 to 2.6, or 0; got 9.0'),
        (('VIDEO', '--intrinsics', 'VIDEO'), 'grey.mp4: no camera intrinsics'),
        (('VIDEO', '--person', 'biggest'), 'person must be all, largest, longest'),
        (('VIDEO', '--person', '70,9'), '70,9 lies outside of the first picture, 64x64 px'),
        (('VIDEO', '--person', 'nan,9'), 'lies outside of the first picture'),
        (('VIDEO', '--focal', -5), 'must lie from 12.8 to 1280 pixels for images 64 px large'),
        (('VIDEO', '--mass', 1000), 'mass_kg'),
        (('VIDEO', '--time', '9-3'), 'a part is START-END in seconds'),
        (('VIDEO', '--time', '9-12'), 'no pictures from 9 to 12 s; there is one at 0.00 s'),
    ],
)
def test_mistakes_end_in_one_clear_line(tmp_path, arguments, message):
    video = tmp_path / 'grey.mp4'
    with VideoWriter(video) as writer:
        writer.write(np.full((64, 64, 3), 128, np.uint8), 0)
    given = [video if argument == 'VIDEO' else argument for argument in arguments]
    outcome = run(*given, '--out', tmp_path / 'out')
    assert outcome.exit_code == 1
    assert 'error:' in outcome.output
    assert message in outcome.output
    assert 'Traceback' not in outcome.output
    assert not (tmp_path / 'out').exists()


def test_a_size_that_changes_on_the_way_is_a_new_camera(imported, tmp_path):
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    for number, shape in enumerate([(120, 160, 3), (120, 160, 3), (160, 120, 3)]):
        cv2.imwrite(str(pictures / f'{number}.png'), np.full(shape, 90, np.uint8))
    options = ('--rate', 10, '--method', 'landmarks', '--overlay')
    outcome = run(pictures, '--out', tmp_path / 'out', *options)
    assert outcome.exit_code == NOBODY, outcome.output
    summary = json.loads((tmp_path / 'out' / 'summary.json').read_text())
    assert summary['frames'] == 3
    assert summary['ended'] == 'complete'
    calibration = tmp_path / 'camera.yaml'
    calibration.write_text('fx: 150\nfy: 150\ncx: 80\ncy: 60\nwidth: 160\nheight: 120\n')
    options = (*options, '--intrinsics', calibration)
    outcome = run(pictures, '--out', tmp_path / 'calibrated', *options)
    assert outcome.exit_code == 1
    assert 'calibrated for 160x120 px, but the images are 120x160 px' in outcome.output
    summary = json.loads((tmp_path / 'calibrated' / 'summary.json').read_text())
    assert (summary['frames'], summary['ended']) == (2, 'cut short')


def test_results_are_not_overwritten(imported, tmp_path):
    video = tmp_path / 'grey.mp4'
    with VideoWriter(video) as writer:
        writer.write(np.full((64, 64, 3), 128, np.uint8), 0)
    outcome = run(video, '--out', tmp_path, '--method', 'landmarks')
    assert outcome.exit_code == 1
    assert 'is not empty; choose another folder' in outcome.output.replace('\n', ' ')


def test_a_remedy_is_shown_with_its_brackets(clip, imported, tmp_path, monkeypatch):
    monkeypatch.setattr('biopose_ros.files.c3d.find_spec', lambda name: None)
    outcome = run(clip, '--out', tmp_path / 'out', '--method', 'landmarks', '--c3d')
    assert outcome.exit_code == 1
    assert 'pip install "biopose_ros[c3d]"' in outcome.output


def test_keypoints_of_another_recording_are_refused(clip, tmp_path):
    file = tmp_path / 'results.json'
    file.write_text(json.dumps([{'image_id': 99, 'keypoints': [1.0] * 51}]))
    outcome = run(clip, '--out', tmp_path / 'out', '--keypoints', file)
    assert outcome.exit_code == 1
    assert f'holds keypoints of image 99, but there are only {COUNT} images' in outcome.output


def test_keypoints_of_another_detector_take_the_place_of_ours(clip, imported):
    """Our own keypoints, seen by a COCO detector that puts them all 40 pixels lower."""
    from biopose_ros.files.camera import guess_camera
    from biopose_ros.keypoints import FORMATS, DetectedKeypoints
    from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.settings import PipelineConfig

    columns = [LANDMARK_NAMES.index(name) for name in FORMATS['COCO-17']]
    frames = list(open_frames(clip))
    camera = guess_camera(*frames[0].image_bgr.shape[1::-1])
    pipeline = Pipeline(PipelineConfig(method='landmarks'))
    for frame in frames[:-1]:
        persons = pipeline.process(frame.image_bgr, camera, frame.stamp_ns)
    seen_px = np.stack([person.keypoints_px[columns] + [0.0, 40.0] for person in persons])
    keypoints = DetectedKeypoints(
        FORMATS['COCO-17'], seen_px, np.ones(seen_px.shape[:2]), frames[-1].stamp_ns
    )
    last = pipeline.process(frames[-1].image_bgr, camera, frames[-1].stamp_ns, keypoints)
    assert len(last) == len(persons) > 0
    for person, wanted_px in zip(last, seen_px, strict=True):
        np.testing.assert_allclose(person.keypoints_px[columns], wanted_px)
