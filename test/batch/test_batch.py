"""Batches on real Ray clusters: same results everywhere, broken files, dying machines."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from clips import WALK, cut, write_clip
from typer.testing import CliRunner

from biopose_ros.batch.recordings import find_recordings
from biopose_ros.batch.work import UNFINISHED
from biopose_ros.cli.app import app

ray = pytest.importorskip('ray')
parquet = pytest.importorskip('pyarrow.parquet')

from biopose_ros.batch import cluster  # noqa: E402

OPTIONS = (
    *('--network', 'lite', '--method', 'landmarks', '--max-persons', '2'),
    *('--shortest', '0', '--confirm-frames', '1'),
)
IMAGES = 4


@pytest.fixture(scope='module', autouse=True)
def needs_networks(imported):
    if 'pose_landmark_lite' not in imported:
        pytest.skip('the small network is not imported (biopose weights import)')


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    """Two moments of a real walk, and a file that is no video."""
    folder = tmp_path_factory.mktemp('videos')
    frames = cut(WALK, 100, 100 + 2 * IMAGES)
    for number, part in enumerate((frames[:IMAGES], frames[IMAGES:])):
        write_clip(folder / f'walk_{number}.mp4', part, start_ns=frames[0].stamp_ns)
    (folder / 'broken.mp4').write_bytes(b'no video')
    return folder


def batch(videos, out, *options):
    figures = out.with_suffix('.json')
    arguments = ['batch', str(videos), '--out', str(out), '--json', str(figures), *OPTIONS]
    outcome = CliRunner().invoke(app, [*arguments, *options])
    if 'Ray did not start' in outcome.output:  # its own limit of 30 s, on a starved machine
        pytest.skip(outcome.output)
    return outcome, json.loads(figures.read_text())


@pytest.fixture(scope='module')
def done(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp('batch') / 'two'
    return (*batch(videos, out, '--workers', '2'), out)


def test_one_broken_file_does_not_stop_the_others(done):
    outcome, figures, out = done
    assert outcome.exit_code == 1  # something failed, for scripts to see
    assert 'broken.mp4: not a readable video' in outcome.output
    assert (figures['videos'], figures['failed'], figures['workers']) == (3, 1, 2)
    assert figures['images_per_s'] > 0
    for number in range(2):
        summary = json.loads((out / f'walk_{number}' / 'summary.json').read_text())
        assert summary['frames'] == IMAGES
    assert not (out / UNFINISHED).exists()
    assert not (out / 'broken').exists()


def test_the_table_has_a_row_per_person_and_one_for_what_failed(done):
    _, _, out = done
    table = parquet.read_table(out / 'results.parquet')
    rows = table.to_pylist()
    assert [row['error'] != '' for row in rows].count(True) == 1
    assert rows[0]['recording'].endswith('broken.mp4')
    persons = [row for row in rows if row['person_id']]
    assert {Path(row['recording']).stem for row in persons} == {'walk_0', 'walk_1'}
    for row in persons:
        assert row['knee_angle_r_low'] <= row['knee_angle_r_high']
        assert row['images'] == IMAGES
    header = (out / 'results.csv').read_text().splitlines()[0]
    assert header.split(',') == table.column_names


def test_started_again_it_only_does_what_is_missing(done, videos):
    _, _, out = done
    kept = (out / 'walk_0' / 'summary.json').stat().st_mtime_ns
    (out / 'walk_1' / 'summary.json').unlink()
    todo = out.with_name('todo.txt')
    todo.write_text(f'{videos}/walk_0.mp4\n{videos}/walk_1.mp4\n')
    outcome, figures = batch(todo, out, '--workers', '1')
    assert outcome.exit_code == 0, outcome.output
    assert '1 of 2 recordings are done already' in outcome.output
    assert (out / 'walk_0' / 'summary.json').stat().st_mtime_ns == kept
    assert (out / 'walk_1' / 'summary.json').exists(), outcome.output
    assert (figures['videos'], figures['failed'], figures['workers']) == (2, 0, 1)


@pytest.fixture(scope='module')
def two_nodes():
    from ray.cluster_utils import Cluster

    try:
        machines = Cluster(initialize_head=True, head_node_args={'num_cpus': 1})
        second = machines.add_node(num_cpus=1)
        machines.wait_for_nodes()
    except Exception as error:
        pytest.skip(f'Ray did not start: {error}')
    yield machines, second
    cluster.disconnect()
    machines.shutdown()


def test_a_machine_that_dies_is_made_up_for(two_nodes, videos, done, tmp_path):
    machines, second = two_nodes
    assert cluster.connect(None, machines.address) == 2
    recordings = [r for r in find_recordings(videos, tmp_path) if r.source.stem != 'broken']
    outcomes = []
    worker = threading.Thread(
        target=lambda: outcomes.extend(cluster.work_off(recordings, OPTIONS)), daemon=True
    )
    worker.start()
    unfinished = tmp_path / UNFINISHED
    while len(list(unfinished.glob('*'))) < 2:  # both machines have begun
        assert worker.is_alive(), f'done before both machines had begun: {outcomes}'
        time.sleep(0.05)
    machines.remove_node(second, allow_graceful=False)
    worker.join()
    assert sorted(outcome.recording.source.stem for outcome in outcomes) == ['walk_0', 'walk_1']
    assert [outcome.error for outcome in outcomes] == ['', '']
    assert len(list(unfinished.glob('*'))) == 1  # what the dead machine had begun
    for recording in recordings:  # as on the other cluster, to the last digit
        elsewhere = done[-1] / recording.out.name
        persons = sorted(path.name for path in recording.out.glob('person_*'))
        assert persons == sorted(path.name for path in elsewhere.glob('person_*'))
        for person in persons:
            for name in ('motion.mot', 'markers.trc', 'joint_angles.csv', 'model.osim'):
                ours, theirs = (f / person / name for f in (recording.out, elsewhere))
                assert ours.read_bytes() == theirs.read_bytes(), name
    assert np.isfinite([outcome.seconds for outcome in outcomes]).all()


def test_no_cluster_at_an_address_is_told(videos, tmp_path):
    cluster.disconnect()
    arguments = ['batch', str(videos), '--out', str(tmp_path / 'out'), '--address', '127.0.0.1:9']
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    assert 'no Ray cluster at 127.0.0.1:9' in outcome.output
