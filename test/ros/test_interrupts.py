"""A process that a launch has started, when the launch goes without a word."""

import os
import subprocess
import sys

import pytest

from biopose_ros.ros.interrupts import LAUNCH_PID

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='Linux alone tells of it')

CHILD = """
import time
from biopose_ros.ros.interrupts import ros_until_interrupted
with ros_until_interrupted([]):
    print('running', flush=True)
    time.sleep(600)
print('ended in order', flush=True)
"""
# As in `nohup` or a background job: interrupts are ignored, and so they are in the children.
LAUNCH = f"""
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
environment = {{**os.environ, {LAUNCH_PID!r}: str(os.getpid())}}
subprocess.Popen([sys.executable, '-c', {CHILD!r}], env=environment).wait()
"""


@pytest.mark.parametrize('end', ['terminate', 'kill'])
def test_a_node_ends_with_its_launch(end):
    launch = subprocess.Popen([sys.executable, '-c', LAUNCH], stdout=subprocess.PIPE, text=True)
    assert launch.stdout.readline() == 'running\n'
    getattr(launch, end)()
    # Both write there: the end of the text is the end of both.
    assert launch.stdout.read() == 'ended in order\n'
    launch.wait()


def test_a_node_whose_launch_is_gone_does_not_start():
    gone = subprocess.Popen([sys.executable, '-c', ''])
    gone.wait()
    environment = {**os.environ, LAUNCH_PID: str(gone.pid)}
    command = [sys.executable, '-c', CHILD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == ''
