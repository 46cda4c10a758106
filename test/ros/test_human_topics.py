"""Bodies of REP-155 over real DDS; hri_msgs, which no wheel has, is built for the test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ros_graph import FRAME_ID, ONE, NodeProcess, Probe
from urdf_links import place_links

from biopose_ros.ros.human_topics import HumanTopics
from biopose_ros.skeleton import load_skeleton

HERE = Path(__file__).parent
BODY_ID = 'rep155_person_1'


@pytest.fixture(scope='module')
def hri_msgs(tmp_path_factory):
    """Build the messages; give the environment of a process that has them."""
    pytest.importorskip('rosidl_generator_py', reason='the message generators are not installed')
    folder = tmp_path_factory.mktemp('hri_msgs')
    prefix, build = folder / 'prefix', folder / 'build'
    ros = os.environ.get('AMENT_PREFIX_PATH', sys.prefix)
    environment = {
        **os.environ,
        'AMENT_PREFIX_PATH': ros,
        'CMAKE_PREFIX_PATH': ros,
        'PATH': f'{sys.prefix}/bin:{os.environ["PATH"]}',
    }
    options = [f'-DCMAKE_INSTALL_PREFIX={prefix}', f'-DPython3_EXECUTABLE={sys.executable}']
    for command in (
        ['-S', str(HERE / 'hri_msgs'), '-B', str(build), *options],
        ['--build', str(build), '--parallel', '2'],
        ['--install', str(build)],
    ):
        subprocess.run(['cmake', *command], env=environment, check=True)
    (modules,) = prefix.glob('**/site-packages')
    return {
        'AMENT_PREFIX_PATH': f'{prefix}:{ros}',
        'LD_LIBRARY_PATH': f'{prefix}/lib:{os.environ.get("LD_LIBRARY_PATH", "")}',
        'PYTHONPATH': f'{modules}:{os.environ.get("PYTHONPATH", "")}',
    }


@pytest.fixture(scope='module')
def heard(hri_msgs, new_namespace, tmp_path_factory):
    """What a ROS4HRI program hears of one person."""
    namespace = new_namespace()
    log = tmp_path_factory.mktemp('hri') / 'log.txt'
    settings = ('publish_hri:=true', 'person_id_prefix:=rep155_', 'stale_after_s:=60.0')
    arguments = ['-r', f'__ns:={namespace}']
    for setting in settings:
        arguments += ['-p', setting]
    node = NodeProcess(log, *arguments, environment=hri_msgs)
    probe = Probe(namespace)
    listener = None
    try:
        probe.wait_for_state('active', node)
        listener = subprocess.Popen(
            [sys.executable, str(HERE / 'human_listener.py'), BODY_ID],
            env={**os.environ, **hri_msgs},
            stdout=subprocess.PIPE,
            text=True,
        )
        probe.wait_until_matched()
        probe.show_until(ONE, lambda: listener.poll() is not None, what=node.log)
        return json.loads(listener.communicate()[0])
    finally:
        if listener is not None and listener.poll() is None:
            listener.kill()
            listener.wait()
        probe.close()
        node.close()


def test_the_body_is_listed_with_its_place_in_the_picture(heard):
    assert heard['ids'] == [BODY_ID]
    np.testing.assert_allclose(
        heard['roi'], [140 / 320, 40 / 240, 180 / 320, 200 / 240, 0.9], atol=1e-6
    )


def test_keypoints_are_shares_of_the_picture(heard):
    assert len(heard['points']) == 18
    np.testing.assert_allclose(heard['points'], np.tile([0.5, 0.5, 0.8], (18, 1)), atol=1e-6)


def test_frames_are_those_of_the_description_with_the_joint_states(heard):
    root, placed = place_links(heard['urdf'], heard['joints'])
    assert root == f'body_{BODY_ID}'
    assert heard['frames'][root][0] == FRAME_ID
    assert placed.keys() <= heard['frames'].keys()
    for link in ('l_elbow', 'r_knee', 'torso'):
        child = f'{link}_{BODY_ID}'
        parent, offset = heard['frames'][child]
        expected = np.linalg.inv(placed[parent]) @ placed[child]
        np.testing.assert_allclose(offset, expected[:3, 3], atol=1e-5)


def test_without_the_messages_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'hri_msgs', None)
    with pytest.raises(RuntimeError, match=r'publish_hri.*apt install ros-.*-hri-msgs'):
        HumanTopics(None, load_skeleton())
