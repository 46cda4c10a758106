"""What stock OpenSim makes of a person's files."""

import json
import os
import signal

import numpy as np
import pytest
import torch
from person_poses import person_pose

from biopose_ros.files.mot import read_mot
from biopose_ros.files.results import INTERRUPTED, RunResults, finish_run
from biopose_ros.files.trc import read_trc
from biopose_ros.records import Markers
from biopose_ros.skeleton import load_skeleton
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers

RATE_HZ, COUNT = 30.0, 60
OWN_PLACE_M, SCALE = 0.02, 1.05


@pytest.fixture(scope='module')
def skeleton():
    return load_skeleton()


@pytest.fixture(scope='module')
def marked(skeleton):
    return with_virtual_markers(skeleton)


@pytest.fixture(scope='module')
def own_places_m():
    """How far the person's markers lie from the mean body's, segment frames."""
    return np.random.default_rng(3).normal(0, OWN_PLACE_M, (len(MARKER_NAMES), 3))


def carried_m(marked, own_places_m, coordinates):
    """Where the person's skeleton carries the person's markers."""
    rows = marked.marker_indices(MARKER_NAMES)
    segment, scales = marked.marker_segments[rows], np.full((21, 3), SCALE)
    frames = marked.forward_kinematics(torch.from_numpy(coordinates), torch.from_numpy(scales))
    local_m = marked.marker_offsets_m[rows].numpy() * SCALE + own_places_m
    turned = np.einsum('mij,mj->mi', frames.rotations.numpy()[segment], local_m)
    return turned + frames.positions_m.numpy()[segment]


@pytest.fixture(scope='module')
def stature_m(marked, own_places_m):
    return np.ptp(carried_m(marked, own_places_m, marked.default_coordinates.numpy())[:, 1])


@pytest.fixture(scope='module')
def walk(skeleton, marked, own_places_m, stature_m):
    """Somebody who moves all joints, arms up; the feet shift the pose against the markers."""
    generator = np.random.default_rng(0)
    count, segments = len(skeleton.coordinate_names), len(skeleton.segment_names)
    rest, lower, upper = (
        values.numpy()
        for values in (skeleton.default_coordinates, skeleton.lower_limits, skeleton.upper_limits)
    )
    rest = rest.copy()
    for arm in ('arm_flex_r', 'arm_flex_l'):  # above the head, where OpenSim does not look first
        rest[skeleton.coordinate_index(arm)] = 2.5
    reach = np.minimum(0.4, (upper - lower) / 4)
    phase = generator.uniform(0, 6, count)
    poses = []
    for image in range(COUNT):
        swing = rest + reach * (1 + np.sin(2 * np.pi * 0.7 * image / RATE_HZ + phase)) / 2
        coordinates = np.clip(swing, lower, upper)
        wobble_m = generator.normal(0, 0.03, 3) + generator.normal(0, 0.005, (95, 3))
        markers_m = carried_m(marked, own_places_m, coordinates) + wobble_m
        poses.append(
            person_pose(
                coordinates,
                stamp_ns=round(image / RATE_HZ * 1e9),
                confidence=0.9,
                stddev=np.full(count, 0.05),
                scales=np.full((segments, 3), SCALE),
                markers=Markers(MARKER_NAMES, markers_m, np.ones(len(MARKER_NAMES))),
                stature_m=stature_m,
                mass_kg=64.0,
                mass_stddev_kg=0.0,
            )
        )
    return poses


def start(folder, skeleton, walk, **options):
    results = RunResults(folder, skeleton, RATE_HZ, {'input': 'test'}, **options)
    for pose in walk:
        results.write(pose.stamp_ns * 1e-9, [pose])
    return results


@pytest.fixture(scope='module')
def person(tmp_path_factory, skeleton, walk):
    folder = tmp_path_factory.mktemp('run') / 'out'
    start(folder, skeleton, walk).close()
    return folder / 'person_1'


def test_stock_inverse_kinematics_finds_our_motion_in_our_markers(person, stature_m):
    pytest.importorskip('opensim')
    from biopose_ros.evaluation.files.opensim_check import check_person

    check = check_person(person)
    assert check.markers_missing == 0
    assert check.own.rms_mm < 1
    assert check.own.angle_difference_deg < 0.5
    assert check.model_stature_m == pytest.approx(stature_m, abs=1e-4)  # as stated, soles included
    assert check.mass_kg == pytest.approx(64.0)


def test_markers_sit_at_the_persons_own_places(person, skeleton, marked, own_places_m):
    model = load_skeleton(person / 'model.osim')
    assert model.marker_names == MARKER_NAMES
    rows = marked.marker_indices(MARKER_NAMES)
    mean_m = marked.marker_offsets_m[rows] * SCALE
    off_m = model.marker_offsets_m - mean_m - torch.from_numpy(own_places_m)
    # One place in all: where the whole body is, markers cannot say apart from the pose.
    assert np.median(off_m.norm(dim=-1)) < OWN_PLACE_M / 3


def test_the_trc_states_its_own_rate(person, walk):
    times_s, markers_m = read_trc(person / 'markers.trc')
    assert tuple(markers_m) == MARKER_NAMES
    assert len(times_s) == COUNT
    np.testing.assert_allclose(np.diff(times_s), 1 / RATE_HZ, atol=1e-8)
    assert (person / 'markers.trc').read_text().splitlines()[2].split('\t')[0] == '30'


def test_another_rate_is_reached_by_splines(tmp_path, skeleton, walk):
    start(tmp_path / 'out', skeleton, walk, rate_out_hz=100.0).close()
    times_s, motion = read_mot(tmp_path / 'out' / 'person_1' / 'motion.mot')
    np.testing.assert_allclose(np.diff(times_s), 0.01, atol=1e-8)
    knee = skeleton.coordinate_index('knee_angle_r')
    image_s = [pose.stamp_ns * 1e-9 for pose in walk]
    true_rad = [pose.coordinates[knee] for pose in walk]
    np.testing.assert_allclose(
        np.interp(image_s[:-1], times_s, motion['knee_angle_r']), true_rad[:-1], atol=1e-3
    )


def test_a_killed_run_is_finished_to_the_same_files(tmp_path, person, skeleton, walk, monkeypatch):
    # Saved once, at the end: else the model would be that of a moment before.
    monkeypatch.setattr('biopose_ros.files.results.SAVE_IMAGES', np.inf)
    folder = tmp_path / 'out'
    start(folder, skeleton, walk).save()  # and no more: the process is gone
    cut = json.loads((folder / 'summary.json').read_text())
    assert cut['ended'] == 'cut short'
    times_s, _ = read_mot(folder / 'person_1' / 'motion.mot')
    marker_times_s, _ = read_trc(folder / 'person_1' / 'markers.trc')
    assert len(times_s) == len(marker_times_s) == COUNT
    summary = finish_run(folder)
    assert summary['ended'] == 'cut short'
    assert summary['persons'][0]['frames'] == COUNT
    for name in ('motion.mot', 'markers.trc', 'model.osim', 'joint_angles.csv'):
        assert (folder / 'person_1' / name).read_text() == (person / name).read_text()


def test_an_interrupted_run_says_so(tmp_path, skeleton, walk):
    summary = start(tmp_path / 'out', skeleton, walk[:3]).close(INTERRUPTED)
    assert summary['ended'] == 'interrupted by the user'
    assert json.loads((tmp_path / 'out' / 'summary.json').read_text()) == summary


def test_what_is_no_run_cannot_be_finished(tmp_path):
    with pytest.raises(ValueError, match='no results of "biopose run"'):
        finish_run(tmp_path)


def test_moco_takes_the_states(person):
    opensim = pytest.importorskip('opensim')
    model = opensim.Model(str(person / 'model.osim'))
    model.initSystem()
    table = opensim.TimeSeriesTable(str(person / 'motion.sto'))
    states = opensim.StatesTrajectory.createFromStatesTable(model, table)
    assert states.getSize() == COUNT
    names = [model.getStateVariableNames().get(row) for row in range(model.getNumStateVariables())]
    assert sorted(table.getColumnLabels()) == sorted(names)
    knee = table.getDependentColumn('/jointset/knee_r/knee_angle_r/value').to_numpy()
    speed = table.getDependentColumn('/jointset/knee_r/knee_angle_r/speed').to_numpy()
    _, motion = read_mot(person / 'motion.mot')
    np.testing.assert_allclose(knee, motion['knee_angle_r'], atol=1e-7)
    np.testing.assert_allclose(speed[5:-5], np.gradient(knee, 1 / RATE_HZ)[5:-5], atol=0.05)


def test_the_scale_set_makes_the_same_model_of_ours(person, skeleton):
    opensim = pytest.importorskip('opensim')
    generic = opensim.Model(str(skeleton.source))
    state = generic.initSystem()
    generic.scale(state, opensim.ScaleSet(str(person / 'scale_factors.xml')), True)
    scaled = opensim.Model(str(person / 'model.osim'))
    lengths = []
    for model in (generic, scaled):
        now = model.initSystem()
        for coordinate in model.getCoordinateSet():
            coordinate.setValue(now, 0.0, False)
        model.realizePosition(now)
        places = [
            model.getBodySet().get(name).getTransformInGround(now).p().to_numpy()
            for name in ('pelvis', 'tibia_r', 'hand_l')
        ]
        lengths.append([np.linalg.norm(place - places[0]) for place in places])
    np.testing.assert_allclose(*lengths, atol=1e-4)


def test_c3d_holds_the_same_markers(tmp_path, skeleton, walk):
    ezc3d = pytest.importorskip('ezc3d')
    late = [*walk[:20], *walk[40:]]
    start(tmp_path / 'out', skeleton, late, with_c3d=True).close()
    person = tmp_path / 'out' / 'person_1'
    times_s, markers_m = read_trc(person / 'markers.trc')
    file = ezc3d.c3d(str(person / 'markers.c3d'))
    point = file['parameters']['POINT']
    assert tuple(point['LABELS']['value']) == MARKER_NAMES
    assert point['RATE']['value'][0] == pytest.approx(RATE_HZ)
    points_mm = file['data']['points'][:3]
    assert points_mm.shape == (3, len(MARKER_NAMES), COUNT)
    assert np.isnan(points_mm[:, :, 25]).all()
    rows = np.round(times_s * RATE_HZ).astype(int)
    for column, name in enumerate(MARKER_NAMES):
        np.testing.assert_allclose(points_mm[:, column, rows].T, 1e3 * markers_m[name], atol=0.01)


def test_c3d_without_its_library_names_the_remedy(tmp_path, skeleton, monkeypatch):
    monkeypatch.setattr('biopose_ros.files.c3d.find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r'pip install "biopose_ros\[c3d\]"'):
        RunResults(tmp_path / 'out', skeleton, RATE_HZ, {}, with_c3d=True)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('rate_hz', [0.0, -5.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(tmp_path, skeleton, rate_hz):
    with pytest.raises(ValueError, match='must be above 0 Hz'):
        RunResults(tmp_path / 'out', skeleton, RATE_HZ, {}, rate_out_hz=rate_hz)


def test_sigkill_costs_nothing_that_was_saved(tmp_path, skeleton, walk, monkeypatch):
    """A process that saves every image is killed in the middle of its work."""
    folder, (reader, writer) = tmp_path / 'out', os.pipe()
    monkeypatch.setattr('biopose_ros.files.results.SAVE_IMAGES', 1)
    pid = os.fork()
    if pid == 0:
        results = RunResults(folder, skeleton, RATE_HZ, {})
        for number in range(100_000):
            results.write(number / RATE_HZ, [walk[number % COUNT]])
            os.write(writer, b'.')
    count = len(os.read(reader, 1))
    while count < 40:
        count += len(os.read(reader, 100))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    times_s, _ = read_mot(folder / 'person_1' / 'motion.mot')
    assert len(times_s) >= count
    marker_times_s, _ = read_trc(folder / 'person_1' / 'markers.trc')
    assert len(marker_times_s) >= count
    finish_run(folder)
    finished_s, _ = read_mot(folder / 'person_1' / 'motion.mot')
    np.testing.assert_allclose(np.diff(finished_s), 1 / RATE_HZ, atol=1e-8)
    assert len(finished_s) >= count
    assert not list(folder.glob('**/.new'))
