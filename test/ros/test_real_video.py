"""The main job, with nothing left out: player process, node process, subscriber."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from clips import WALK
from ros_graph import node_and_probe, values

from biopose_ros.files.video import open_frames
from biopose_ros.ros.stamps import to_ns
from biopose_ros.skeleton import load_skeleton

BIOPOSE = [sys.executable, '-m', 'biopose_ros.cli']
pytestmark = pytest.mark.skipif(not WALK.exists(), reason=f'needs the video {WALK.name}')


@pytest.fixture(scope='module')
def graph(new_namespace, tmp_path_factory, imported):
    """The real node, and a probe."""
    log = tmp_path_factory.mktemp('real') / 'log.txt'
    topics = ('joint_angles', 'joint_states', 'tracked_persons', '/tf', '/diagnostics')
    command = [*BIOPOSE, 'node']
    with node_and_probe(new_namespace(), log, topics=topics, command=command) as both:
        yield both


def test_video_becomes_joint_angles(graph):
    process, probe = graph
    topic = f'{probe.node.get_namespace()}/image'
    player = subprocess.Popen(
        [*BIOPOSE, 'play', str(WALK), '--size', '640x360', '--loop', '--topic', topic],
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    angles = probe.received['joint_angles']

    def tracked():
        return [m for m in angles if m.tracking_state == JointAngleArray.STATE_TRACKED]

    try:
        probe.wait_for(lambda: len(tracked()) > 10, what=process.log)
    finally:
        player.send_signal(signal.SIGINT)
        player.wait(60.0)
    results = [(m.person_id, to_ns(m.header.stamp)) for m in tracked()]
    assert len(set(results)) == len(results)
    for message in tracked():
        assert_plausible(message)
    received = probe.received['/tf']
    probe.wait_for(lambda: any(f.endswith('/tibia_r') for m in received for f in frames(m)))
    status = probe.diagnostics(lambda s: True)
    assert values(status)['device'] == 'cpu' or 'cuda' in values(status)['device']


def frames(message):
    return [transform.child_frame_id for transform in message.transforms]


def assert_plausible(message):
    skeleton = load_skeleton()
    assert tuple(message.name) == skeleton.coordinate_names
    arrays = (message.position, message.velocity, message.stddev)
    assert {len(array) for array in arrays} == {len(message.name)}
    position = np.array(message.position)
    turns = skeleton.is_rotation.numpy() & np.isfinite(position)
    turns[skeleton.coordinate_index('pelvis_rotation')] = False  # unwrapped over full turns
    assert (position >= skeleton.lower_limits.numpy() - 1e-6)[turns].all()
    assert (position <= skeleton.upper_limits.numpy() + 1e-6)[turns].all()
    depth_m = -position[skeleton.coordinate_index('pelvis_tx')]
    assert 0.5 < depth_m < 50 or np.isnan(depth_m)
    assert not (np.array(message.stddev) < 0).any()


def test_person_cut_off_by_the_picture_gives_no_nonsense(graph):
    process, probe = graph
    probe.wait_until_matched()
    pictures = [frame.image_bgr[::2, ::2] for _, frame in zip(range(8), open_frames(WALK))]  # noqa: B905
    probe.show_until(pictures[0], lambda: probe.received['joint_angles'])
    probe.received['joint_angles'].clear()
    for picture in pictures:
        probe.result_of(np.ascontiguousarray(picture[: picture.shape[0] // 2]))
    assert probe.received['joint_angles']  # of the cut person, or that they are lost
    for message in probe.received['joint_angles']:
        if message.tracking_state != JointAngleArray.STATE_LOST:
            assert_plausible(message)
    assert process.is_running


def test_nobody_in_the_picture_gives_no_angles(graph):
    process, probe = graph
    empty = np.full((360, 640, 3), 90, np.uint8)
    probe.show_until(
        empty,
        lambda: any(not m.persons for m in probe.received['tracked_persons'][-1:]),
    )
    probe.spin(0.3)
    assert probe.result_of(empty, 'joint_angles') == []
    assert process.is_running
