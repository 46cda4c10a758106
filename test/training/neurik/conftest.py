import pytest
import torch

from biopose_ros.training.motion.splits import Split
from biopose_ros.training.neurik.label_store import label_motion, motion_of_split
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence


@pytest.fixture(scope='session')
def motion():
    """Labels of two short activities."""
    clips = motion_of_split(Split.TRAIN, None, 2, seed=3)
    return label_motion([clip for clip in clips if len(clip) > 40][:2], Split.TRAIN, seed=0)


@pytest.fixture(scope='session')
def rendered(motion):
    """The clean motion as if it had been rendered and recovered."""
    frames = len(motion.angles_rad)
    generator = torch.Generator().manual_seed(0)
    return RenderedEvidence(
        **vars(motion),
        origins_m=torch.tensor([-3.0, 0.0, 0.0]).expand(frames, 3),
        marker_weights=torch.ones(motion.markers_m.shape[:2]),
        keypoints_m=torch.randn((frames, 33, 3), generator=generator),
        keypoint_weights=torch.ones(frames, 33),
        features=torch.randn((frames, 64), generator=generator).half(),
    )
