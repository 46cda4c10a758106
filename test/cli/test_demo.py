"""The moment that the demonstration shows."""

import numpy as np
import pytest

from biopose_ros.cli.demo import DEMO_MOMENT_S, demo_moment
from biopose_ros.files.overlay import VideoWriter
from biopose_ros.files.video import open_frames
from biopose_ros.ros.demo_session import SIZE_PX


def brightness(index):
    return 40 + 37 * index % 160


def test_the_moment_is_cut_once_in_the_size_that_is_played(tmp_path):
    video = tmp_path / 'video.mp4'
    with VideoWriter(video, 10.0) as writer:
        for index in range(80):
            picture = np.full((180, 320, 3), brightness(index), np.uint8)
            writer.write(picture, index * 100_000_000)
    moment = demo_moment(video)
    frames = list(open_frames(moment))
    assert {frame.image_bgr.shape[1::-1] for frame in frames} == {SIZE_PX}
    ends_s = [frames[0].stamp_ns * 1e-9, frames[-1].stamp_ns * 1e-9]
    assert ends_s == pytest.approx(DEMO_MOMENT_S, abs=0.11)
    for frame in frames:
        assert frame.image_bgr.mean() == pytest.approx(brightness(frame.stamp_ns // 10**8), abs=12)
    made = moment.stat().st_mtime_ns
    assert demo_moment(video).stat().st_mtime_ns == made
