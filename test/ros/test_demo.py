"""`biopose demo` as a user runs it: more processes, a real video, picture, bag and report."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from clips import CLEARING, write_clip
from rosbags.highlevel import AnyReader

from biopose_ros.files.video import open_frames


def run_demo(*arguments, cwd):
    command = [sys.executable, '-m', 'biopose_ros.cli', 'demo', *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.fixture
def slow_video(tmp_path):
    """Give the real video at a sixth of its speed, so that a busy machine sees enough of it."""
    frames = (replace(f, stamp_ns=6 * f.stamp_ns) for f in open_frames(CLEARING))
    return write_clip(tmp_path / 'slow.mp4', frames, 10.0)


@pytest.mark.skipif(not CLEARING.exists(), reason=f'needs the real video {CLEARING.name}')
def test_the_demo_ends_with_a_picture_a_bag_of_angles_and_a_report(tmp_path, slow_video):
    checkout = Path(__file__).parents[2]
    done = run_demo(slow_video, '--out', tmp_path, cwd=checkout)
    assert done.returncode == 0, done.stdout + (tmp_path / 'demo.log').read_text()
    assert 'images with angles' in done.stdout
    assert cv2.imread(str(tmp_path / 'demo.png')).shape == (560, 1280, 3)
    report = (tmp_path / 'results' / 'report.html').read_text()
    assert 'Who is who' in report
    assert 'person_1' in report
    with AnyReader([tmp_path / 'bag']) as reader:
        counts = {c.topic.rpartition('/')[2]: c.msgcount for c in reader.connections}
        frames = sum(1 for _ in open_frames(str(slow_video)))
        assert 2 <= counts['joint_angles'] <= 2 * frames
        connection = next(c for c in reader.connections if c.topic.endswith('joint_angles'))
        _, _, data = next(reader.messages([connection]))
        message = reader.deserialize(data, connection.msgtype)
        assert len(message.name) == len(message.position) == len(message.stddev) == 40


def test_a_missing_video_is_named(tmp_path):
    done = run_demo('nowhere.mp4', '--out', tmp_path, cwd=Path(__file__).parents[2])
    assert done.returncode == 1
    assert 'nowhere.mp4 could not be played' in done.stdout
    assert 'nowhere.mp4' in (tmp_path / 'demo.log').read_text()
