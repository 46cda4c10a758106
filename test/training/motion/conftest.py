from pathlib import Path

import numpy as np
import pytest

from biopose_ros.training.motion.proportions import Proportions

RECORDED = Path(__file__).parents[4] / 'shared' / 'data' / 'motion'


@pytest.fixture(scope='session')
def motion_folder():
    if not RECORDED.is_dir():
        pytest.skip('the recorded motion is not beside this checkout (../shared/data/motion)')
    return RECORDED


@pytest.fixture(scope='session')
def body():
    return Proportions.typical(1.72)


@pytest.fixture
def small_recording():
    """One wave of the left arm on a skeleton with the least joints, in the common format."""
    names = [
        *('Hips', 'Spine1', 'Neck', 'LeftUpLeg', 'LeftLeg', 'LeftFoot', 'LeftArm', 'LeftForeArm'),
        *('RightUpLeg', 'RightLeg', 'RightFoot', 'RightArm', 'RightForeArm'),
    ]
    parents = [-1, 0, 1, 0, 3, 4, 1, 6, 0, 8, 9, 1, 11]
    offsets = np.zeros((1, 13, 3), np.float32)
    for name, offset in {
        'Spine1': (0, 0.25, 0),
        'Neck': (0, 0.25, 0),
        **{f'{s}UpLeg': (x * 0.09, 0, 0) for s, x in (('Left', 1), ('Right', -1))},
        **{f'{s}Leg': (0, -0.42, 0) for s in ('Left', 'Right')},
        **{f'{s}Foot': (0, -0.41, 0) for s in ('Left', 'Right')},
        **{f'{s}Arm': (x * 0.18, 0.2, 0) for s, x in (('Left', 1), ('Right', -1))},
        **{f'{s}ForeArm': (x * 0.28, 0, 0) for s, x in (('Left', 1), ('Right', -1))},
    }.items():
        offsets[0, names.index(name)] = offset
    frames = 12
    rotvec = np.zeros((frames, 13, 3), np.float16)
    rotvec[:, names.index('LeftForeArm'), 1] = -np.linspace(0, 1.5, frames)
    rotvec[:, names.index('LeftArm'), 2] = 0.5
    rotvec[:, names.index('RightLeg'), 0] = 0.8
    trans = np.zeros((frames, 3), np.float32)
    trans[:, 1] = 0.9
    return {
        'joint_names': np.array(names),
        'parents': np.array(parents, np.int16),
        'offsets': offsets,
        'rotvec': rotvec,
        'trans': trans,
        'frame_ok': np.ones(frames, bool),
        'fps': np.float32(30),
        'clip_names': np.array(['wave', 'bend']),
        'clip_start': np.array([0, 8], np.int32),
        'clip_length': np.array([8, 4], np.int32),
        'clip_skeleton': np.zeros(2, np.int16),
        'clip_floor': np.zeros(2, np.float32),
    }


@pytest.fixture
def save(tmp_path):
    def write(fields, name='small'):
        path = tmp_path / f'{name}.npz'
        np.savez(path, **fields)
        return path

    return write
