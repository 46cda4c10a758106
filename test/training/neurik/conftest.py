import pytest

from biopose_ros.training.motion.splits import Split
from biopose_ros.training.neurik.label_store import label_motion, motion_of_split


@pytest.fixture(scope='session')
def motion():
    """Labels of two short activities."""
    clips = motion_of_split(Split.TRAIN, None, 2, seed=3)
    return label_motion([clip for clip in clips if len(clip) > 40][:2], Split.TRAIN, seed=0)
