"""A process that a launch has started, when the launch goes without a word."""

import shlex
import subprocess
import sys

import pytest

from biopose_ros.ros.interrupts import ends_with_parent

# It wakes now and then, as a node does: a signal that comes just before a wait does not end that.
CHILD = """
import time
from biopose_ros.ros.interrupts import ros_until_interrupted
with ros_until_interrupted([]):
    print('running', flush=True)
    for _ in range(6000):
        time.sleep(0.1)
print('ended in order', flush=True)
"""
# As in `nohup` or a background job: interrupts are ignored, and so they are in the children.
LAUNCH = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen(sys.argv[1:]).wait()
"""


@pytest.mark.skipif(not ends_with_parent(), reason='Linux alone tells of it')
@pytest.mark.parametrize('end', ['terminate', 'kill'])
def test_a_node_ends_with_its_launch(end):
    command = [*shlex.split(ends_with_parent()), sys.executable, '-c', CHILD]
    launch = subprocess.Popen(
        [sys.executable, '-c', LAUNCH, *command], stdout=subprocess.PIPE, text=True
    )
    assert launch.stdout.readline() == 'running\n'
    getattr(launch, end)()
    # Both write there: the end of the text is the end of both.
    assert launch.stdout.read() == 'ended in order\n'
    launch.wait()


def test_without_setpriv_a_command_stays_as_it_is(monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert ends_with_parent() == ''
