from __future__ import annotations

import numpy as np
import pytest

from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator


def standing_clip(number: int, frames: int = 4) -> MotionClip:
    """Loose random poses of somebody upright; every clip is a source of its own."""
    random = np.random.default_rng(number)
    body = Proportions.typical()
    pose = random.normal(0.0, 0.15, (frames, 24, 3)).astype(np.float32)
    pose[:, [16, 17], 2] += np.array([-1.0, 1.0], np.float32)  # arms down
    translation = np.tile(body.rest_joints_m[0], (frames, 1)).astype(np.float32)
    return MotionClip(
        name=f'stand/{number}',
        group=f'stand/{number}',
        activity='standing' if number % 2 else 'sitting on a chair',
        source='synthetic',
        fps=30.0,
        pose=pose,
        translation_m=translation,
        valid=np.ones(frames, bool),
        floor_known=True,
        proportions=body,
    )


@pytest.fixture(scope='session')
def clips():
    return [standing_clip(number) for number in range(40)]


@pytest.fixture(scope='session')
def generator(clips):
    return build_generator(SynthesisConfig(split='train', seed=3, side_px=128), clips)


@pytest.fixture(scope='session')
def chunk(generator):
    return generator.chunk(0)
