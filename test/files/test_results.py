import csv
import json

import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.files.mot import read_mot
from biopose_ros.files.results import RunResults, finish_run
from biopose_ros.files.trc import read_trc
from biopose_ros.records import Markers, TrackingState

RATE_HZ = 10.0
MARKERS = ('r.ASIS', 'L.ASIS', 'r_knee')
TRACKED, OCCLUDED, LOST = TrackingState.TRACKED, TrackingState.OCCLUDED, TrackingState.LOST


@pytest.fixture
def pose_of(skeleton):
    count, segments = len(skeleton.coordinate_names), len(skeleton.segment_names)

    def _pose_of(track_id, state=TRACKED, knee_rad=0.5, scale=1.1):
        coordinates = np.zeros(count)
        coordinates[skeleton.coordinate_index('knee_angle_r')] = knee_rad
        coordinates[skeleton.coordinate_index('wrist_dev_l')] = np.nan
        return person_pose(
            coordinates,
            track_id=track_id,
            stamp_ns=7,
            state=state,
            confidence=0.75,
            velocities=np.full(count, 0.1),
            stddev=np.full(count, 0.05),
            scales=np.full((segments, 3), scale),
            markers=Markers(MARKERS, np.full((len(MARKERS), 3), 1.5), np.ones(len(MARKERS))),
            stature_m=1.8,
            stature_stddev_m=np.nan,
            foot_contact=np.array([0.9, np.nan]),
        )

    return _pose_of


@pytest.fixture
def run(tmp_path, skeleton, pose_of):
    """Person 1 leaves for a while; person 2 is seen once."""
    results = RunResults(tmp_path / 'out', skeleton, RATE_HZ, {'input': 'test'})
    results.write(0.0, [pose_of(1, knee_rad=0.2)])
    results.write(0.1, [pose_of(1, OCCLUDED, 3.0), pose_of(2)])
    results.write(0.2, [pose_of(3, OCCLUDED)])
    results.write(0.3, [pose_of(1, LOST, 9.0)])
    results.write(0.4, [pose_of(1, knee_rad=0.6)])
    return tmp_path / 'out', results.close()


def test_one_folder_per_person_that_was_seen(run):
    folder, _ = run
    assert sorted(path.name for path in folder.iterdir()) == [
        'person_1',
        'person_2',
        'summary.json',
    ]
    assert sorted(path.name for path in (folder / 'person_1').iterdir()) == [
        'joint_angles.csv',
        'markers.trc',
        'model.osim',
        'motion.mot',
        'motion.sto',
        'scale_factors.xml',
    ]


def test_motion_and_markers_hold_measured_images_only(run):
    folder, _ = run
    times_s, coordinates = read_mot(folder / 'person_1' / 'motion.mot')
    np.testing.assert_allclose(times_s, [0.0, 0.4])
    np.testing.assert_allclose(coordinates['knee_angle_r'], [0.2, 0.6])
    times_s, markers_m = read_trc(folder / 'person_1' / 'markers.trc')
    np.testing.assert_allclose(times_s, [0.0, 0.4])
    assert tuple(markers_m) == MARKERS


def test_the_table_marks_predicted_images(run):
    folder, _ = run
    with (folder / 'person_1' / 'joint_angles.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['state'] for row in rows] == ['tracked', 'occluded', 'tracked']
    assert [float(row['time']) for row in rows] == pytest.approx([0.0, 0.1, 0.4])
    assert float(rows[0]['knee_angle_r']) == pytest.approx(np.degrees(0.2), abs=1e-5)
    assert float(rows[0]['knee_angle_r_velocity']) == pytest.approx(np.degrees(0.1), abs=1e-5)
    assert float(rows[0]['pelvis_tx_stddev']) == pytest.approx(0.05)
    assert rows[0]['wrist_dev_l'] == ''
    assert float(rows[0]['foot_contact_left']) == pytest.approx(0.9)
    assert rows[0]['foot_contact_right'] == ''
    assert rows[0]['stamp_ns'] == '7'


def test_the_summary_is_plain_json(run):
    folder, summary = run
    assert json.loads((folder / 'summary.json').read_text()) == summary
    first, second = summary['persons']
    assert summary['input'] == 'test'
    assert summary['frames'] == 5
    assert summary['rate_hz'] == pytest.approx(10.0)
    assert first['frames'] == 2
    assert first['gaps_s'] == [[0.0, 0.4]]
    assert first['mean_confidence'] == 0.75
    assert first['stature_m'] == 1.8
    assert first['stature_stddev_m'] is None
    assert first['coordinate_ranges']['knee_angle_r'] == pytest.approx(
        np.degrees([0.2, 0.6]).tolist(), abs=1e-5
    )
    assert first['coordinate_ranges']['wrist_dev_l'] == [None, None]
    assert second['gaps_s'] == []
    assert {'biopose_ros', 'python', 'numpy'} <= set(summary['versions'])


@pytest.mark.parametrize(('old', 'new'), [('tracked', 'trackd'), ('0.7500', 'many'), (',', ',,')])
def test_a_damaged_table_is_named_with_its_line(run, old, new):
    table = run[0] / 'person_1' / 'joint_angles.csv'
    header, first, *rest = table.read_text().splitlines()
    table.write_text('\n'.join([header, first.replace(old, new, 1), *rest]))
    with pytest.raises(ValueError, match=r'joint_angles\.csv: not a table .* \(line 2\)'):
        finish_run(run[0])


def test_a_run_without_anybody(tmp_path, skeleton):
    results = RunResults(tmp_path, skeleton, RATE_HZ, {})
    results.write(0.0, [])
    summary = results.close()
    assert summary['persons'] == []
    assert summary['rate_hz'] is None


@pytest.mark.parametrize('is_killed', [False, True])
def test_who_is_seen_too_briefly_has_no_files_once_they_are_finished(
    tmp_path, skeleton, pose_of, is_killed
):
    results = RunResults(tmp_path, skeleton, RATE_HZ, {}, shortest_s=0.3)
    for row in range(6):
        state = TRACKED if row < 2 else OCCLUDED
        brief = [pose_of(3)] if row in (2, 3) else []
        results.write(row / 10, [pose_of(1), pose_of(2, state), *brief])
        assert (tmp_path / 'person_1').is_dir()  # nothing waits
    assert results.lasting == {1}
    if is_killed:
        results.save()
        summary = finish_run(tmp_path)
    else:
        summary = results.close()
    assert [person['person_id'] for person in summary['persons']] == ['person_1']
    assert {path.name for path in tmp_path.iterdir()} == {'person_1', 'summary.json'}
