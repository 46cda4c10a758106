import numpy as np
import pytest

from biopose_ros.files.overlay import VideoWriter

TENTH_NS = 100_000_000


def grey(level, height=96, width=128):
    """A plain picture with a bright upper left corner, so that turns can be seen."""
    image = np.full((height, width, 3), level, np.uint8)
    image[: height // 4, : width // 4] = 255
    return image


@pytest.fixture
def tenth_second_video(tmp_path):
    """Ten pictures, a tenth of a second apart, of levels 0, 20, 40, ..."""
    path = tmp_path / 'tenths.mp4'
    with VideoWriter(path, 10.0) as writer:
        for index in range(10):
            writer.write(grey(20 * index), index * TENTH_NS)
    return path
