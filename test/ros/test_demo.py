"""`biopose demo` as the quick start types it: a real video, picture, bag and report."""

import subprocess
import sys
from dataclasses import replace

import cv2
from clips import CLEARING, cut, write_clip
from quick_start import ROOT, run_quick_start
from rosbags.highlevel import AnyReader


def test_the_quick_start_ends_with_a_picture_a_bag_of_angles_and_a_report(imported, tmp_path):
    """At half of the video's speed; a busy machine plays it slower by itself."""
    video = tmp_path / 'walk.mp4'
    frames = [replace(f, stamp_ns=2 * f.stamp_ns) for f in cut(CLEARING, 0, None)]
    write_clip(video, frames, 30.0)
    *_, shown = run_quick_start('robot_builder', tmp_path)
    assert 'images with angles' in shown
    out = tmp_path / 'output' / 'demo'
    assert cv2.imread(str(out / 'demo.png')).shape == (560, 1280, 3)
    report = (out / 'results' / 'report.html').read_text()
    assert 'Who is who' in report
    assert 'person_1' in report
    with AnyReader([out / 'bag']) as reader:
        counts = {c.topic.rpartition('/')[2]: c.msgcount for c in reader.connections}
        assert 2 <= counts['joint_angles'] <= 2 * len(frames)
        connection = next(c for c in reader.connections if c.topic.endswith('joint_angles'))
        _, _, data = next(reader.messages([connection]))
        message = reader.deserialize(data, connection.msgtype)
        assert len(message.name) == len(message.position) == len(message.stddev) == 40


def test_a_missing_video_is_named(tmp_path):
    command = [sys.executable, '-m', 'biopose_ros.cli', 'demo', 'nowhere.mp4', '--out', tmp_path]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 1
    assert 'nowhere.mp4 could not be played' in done.stderr
    assert 'nowhere.mp4' in (tmp_path / 'demo.log').read_text()
