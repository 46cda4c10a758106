import numpy as np
import pytest
import torch

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.training.labels import Anthropometry, Labeller
from biopose_ros.training.labels.anthropometry import standing_pose


@pytest.fixture(scope='session')
def anthropometry(body):
    return Anthropometry(body)


@pytest.fixture(scope='session')
def labeller(anthropometry):
    return Labeller(anthropometry)


@pytest.fixture(scope='session')
def people(anthropometry):
    """The mean woman, the mean man, and the mean of both."""
    mean = anthropometry.body.data.population.mean
    return anthropometry.subjects(torch.as_tensor(np.stack([*mean, mean.mean(axis=0)])))


@pytest.fixture(scope='session')
def posed():
    """Turn joints of the standing body: [frames, 24, 3] from rotation vectors in degrees."""

    def pose(**turns_deg):
        frames = max(len(np.atleast_2d(turn)) for turn in turns_deg.values())
        result = np.repeat(standing_pose().numpy()[None], frames, axis=0)
        for joint, turn in turns_deg.items():
            result[:, JOINT_NAMES.index(joint)] += np.radians(np.atleast_2d(turn))
        return result

    return pose
