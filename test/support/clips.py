"""Short pieces of real videos, which lie beside the checkout."""

from itertools import islice
from pathlib import Path

import pytest

from biopose_ros.files.overlay import VideoWriter
from biopose_ros.files.video import open_frames

REAL = Path(__file__).resolve().parents[3] / 'shared' / 'data' / 'real'
CLEARING = REAL / 'pose2sim_blender' / 'cam01.mp4'  # a man on one leg, 60 frames a second
WALK = REAL / 'sports2d' / 'demo.mp4'  # a woman walks past, 30 frames a second


def cut(video, first, stop, step=1):
    """Read some frames of a real video; skips the test where it is missing."""
    if not video.exists():
        pytest.skip(f'needs the real video {video.name}')
    return list(islice(open_frames(video), first, stop, step))


def write_clip(path, frames, rate_hz=30.0, start_ns=0):
    """Write frames as a video, at their own times after a start."""
    with VideoWriter(path, rate_hz) as writer:
        for frame in frames:
            writer.write(frame.image_bgr, frame.stamp_ns - start_ns)
    return path
