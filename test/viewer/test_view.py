"""`biopose view` of results and of a bag; what it saves is read back by rerun itself."""

import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from clips import WALK, cut, write_clip
from rclpy.serialization import serialize_message
from typer.testing import CliRunner

from biopose_ros.cli.app import app
from biopose_ros.files.angles_csv import read_angles
from biopose_ros.files.mcap_writer import McapWriter
from biopose_ros.files.message_definitions import definition_text
from biopose_ros.skeleton import load_skeleton

rerun = pytest.importorskip('rerun')
chunk = pytest.importorskip('rerun.chunk')

TYPE = 'biopose_ros/msg/JointAngleArray'
KNEE = '/angles/knee_angle/person_1/right'


def angles(message_s, knee_deg, state=JointAngleArray.STATE_TRACKED):
    """A message of somebody who stands and bends the right knee."""
    names = load_skeleton().coordinate_names
    message = JointAngleArray(person_id='person_1', model='biopose', tracking_state=state)
    message.header.stamp.sec = 1000 + message_s
    message.name = list(names)
    position = load_skeleton().default_coordinates.numpy().copy()
    position[names.index('knee_angle_r')] = np.radians(knee_deg)
    message.position = position.tolist()
    message.velocity, message.stddev = [0.0] * len(names), [0.1] * len(names)
    return message


def rows(path):
    """All rows of a recording: per entity the times in seconds, and the last column's values."""
    found = {}
    for part in chunk.RrdReader(path).stream():
        if not part.is_static and 'time' in part.timeline_names:
            batch = part.to_record_batch()
            times_s = [value.value * 1e-9 for value in batch.column('time')]
            values = batch.column(batch.schema.names[-1]).to_pylist()
            found.setdefault(part.entity_path, []).extend(zip(times_s, values, strict=True))
    return {entity: sorted(pairs, key=lambda pair: pair[0]) for entity, pairs in found.items()}


def view(*arguments):
    outcome = CliRunner().invoke(app, ['view', *map(str, arguments)])
    assert outcome.exit_code == 0, outcome.output


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bag') / 'bag'
    with McapWriter(folder) as writer:
        for second in range(3):
            raw = serialize_message(angles(second, 10.0 * second))
            stamp_ns = (1000 + second) * 1_000_000_000
            writer.write('/joint_angles', TYPE, definition_text(TYPE), raw, stamp_ns)
        lost = serialize_message(angles(3, 0.0, JointAngleArray.STATE_LOST))
        writer.write('/joint_angles', TYPE, definition_text(TYPE), lost, stamp_ns + 1_000_000_000)
    return folder


def test_a_bag_becomes_curves_with_bands_and_skeletons(bag, tmp_path):
    view(bag, '--save', tmp_path / 'bag.rrd')
    found = rows(tmp_path / 'bag.rrd')
    band = np.degrees(0.1)
    for second, (time_s, values) in enumerate(found[KNEE]):
        assert time_s == pytest.approx(second)  # counts from the first message
        middle = 10.0 * second
        assert values == pytest.approx([middle, middle - band, middle + band])
    assert len(found[KNEE]) == 3
    (bones,) = {len(strips) for _, strips in found['/world/persons/person_1/bones'] if strips}
    assert bones == len(load_skeleton().segment_names) - 1
    assert found['/world/persons/person_1'][0][0] == pytest.approx(3)  # gone when lost


def test_results_show_picture_floor_and_everybody(imported, tmp_path):
    write_clip(tmp_path / 'walk.mp4', cut(WALK, 100, 124, 6), 10.0)
    options = ['--method', 'landmarks', '--network', 'lite', '--confirm-frames', '1']
    arguments = ['run', str(tmp_path / 'walk.mp4'), '--out', str(tmp_path / 'out'), *options]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    view(tmp_path / 'out', '--save', tmp_path / 'run.rrd')
    found = rows(tmp_path / 'run.rrd')
    pictures = found['/world/camera/image']
    assert [time_s for time_s, _ in pictures] == pytest.approx(
        [3.333, 3.533, 3.733, 3.933], abs=0.01
    )
    table = read_angles(tmp_path / 'out' / 'person_1' / 'joint_angles.csv')
    knee = table.coordinates[:, table.names.index('knee_angle_r')]
    shown = found[KNEE]
    assert len(shown) >= 2
    knee_deg = np.degrees(np.interp([t for t, _ in shown], table.times_s, knee))
    np.testing.assert_allclose([values[0] for _, values in shown], knee_deg, atol=1.0)
    static = {part.entity_path for part in chunk.RrdReader(tmp_path / 'run.rrd').stream()
              if part.is_static}  # fmt: skip
    assert {'/world/floor', '/world/camera'} <= static

    path = tmp_path / 'out' / 'person_1' / 'joint_angles.csv'
    path.write_text(path.read_text().split('\n')[0] + '\n')  # as a run leaves it that ends at once
    view(tmp_path / 'out', '--save', tmp_path / 'nobody.rrd')
    assert KNEE not in rows(tmp_path / 'nobody.rrd')


def test_what_is_no_recording_is_told(tmp_path):
    outcome = CliRunner().invoke(app, ['view', str(tmp_path / 'none')])
    assert outcome.exit_code == 1
    assert 'no such folder or bag' in outcome.output
    (tmp_path / 'empty').mkdir()
    arguments = ['view', str(tmp_path / 'empty'), '--save', str(tmp_path / 'x.rrd')]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 1
    assert 'not a readable bag' in outcome.output
