import signal
import subprocess
import sys

import av
import numpy as np
import pytest

from biopose_ros.files.overlay import FRAGMENT_PICTURES, VideoWriter
from biopose_ros.files.video import open_frames


def test_odd_sizes_lose_one_row_and_column(tmp_path):
    path = tmp_path / 'odd.mp4'
    with VideoWriter(path, 29.97) as writer:
        writer.write(np.zeros((101, 151, 3), np.uint8), 0)
        writer.write(np.zeros((101, 151, 3), np.uint8), 33_366_667)
    assert [frame.image_bgr.shape for frame in open_frames(path)] == [(100, 150, 3)] * 2


def test_players_understand_it(tmp_path):
    path = tmp_path / 'plain.mp4'
    with VideoWriter(path) as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8), 0)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name in {'h264', 'mpeg4'}
        assert stream.codec_context.pix_fmt == 'yuv420p'


def test_stamps_must_increase(tmp_path):
    with VideoWriter(tmp_path / 'twice.mp4') as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8), 1000_000_000)
        with pytest.raises(ValueError, match='1000000000 ns does not follow'):
            writer.write(np.zeros((64, 64, 3), np.uint8), 1000_000_000)


def test_a_video_without_pictures_can_be_closed(tmp_path):
    path = tmp_path / 'none.mp4'
    VideoWriter(path).close()
    assert not path.exists()


def test_a_size_that_changes_on_the_way_is_brought_to_the_first(tmp_path):
    path = tmp_path / 'turned.mp4'
    with VideoWriter(path) as writer:
        writer.write(np.full((64, 96, 3), 50, np.uint8), 0)
        writer.write(np.full((96, 64, 3), 200, np.uint8), 40_000_000)
    shapes = [frame.image_bgr.shape for frame in open_frames(path)]
    assert shapes == [(64, 96, 3), (64, 96, 3)]


WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from biopose_ros.files.overlay import VideoWriter

path, start_ns, step_ns, count = Path(sys.argv[1]), *map(int, sys.argv[2:])
noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
writer = VideoWriter(path, 25.0)
for row in range(count):
    writer.write(np.roll(noise, row, axis=0), start_ns + row * step_ns)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_wrote_plays_at_its_own_times(tmp_path):
    path, start_ns, step_ns, count = tmp_path / 'killed.mp4', 3_300_000_000, 40_000_000, 100
    command = [sys.executable, '-c', WRITER, path, start_ns, step_ns, count]
    assert subprocess.run(list(map(str, command))).returncode == -signal.SIGKILL
    stamps_ns = [frame.stamp_ns for frame in open_frames(path)]
    assert count - 2 * FRAGMENT_PICTURES < len(stamps_ns) <= count
    expected_ns = start_ns + step_ns * np.arange(len(stamps_ns))
    np.testing.assert_allclose(stamps_ns, expected_ns, atol=100_000)
