"""Recordings as a results folder holds them: of synthesised motion, and of real clips."""

import numpy as np
import pytest
import torch

from biopose_ros.body import load_body
from biopose_ros.reports.results import PersonRecording
from biopose_ros.skeleton import load_skeleton, scaled_osim
from biopose_ros.training.labels import Anthropometry, Labeller
from biopose_ros.training.motion.body_proportions import measure


@pytest.fixture(scope='session')
def subject():
    """The mean adult: labeller, skeleton in the body, proportions."""
    body = load_body()
    betas = torch.as_tensor(body.data.population.mean.mean(axis=0), dtype=torch.float32)
    labeller = Labeller(Anthropometry(body))
    return labeller, labeller.anthropometry.subject(betas), measure(body, betas.numpy())


def person_recording(folder, times_s, coordinates, scales, stddev_rad=0.05):
    """What the files of a person say who moves so; radians, [frames, coordinates]."""
    skeleton = load_skeleton()
    folder.mkdir(exist_ok=True)
    (folder / 'model.osim').write_text(scaled_osim(skeleton, scales))
    frames = len(times_s)
    values = dict(zip(skeleton.coordinate_names, coordinates.T, strict=True))
    return PersonRecording(
        person_id='person_1',
        folder=folder,
        figures={'person_id': 'person_1', 'gaps_s': [], 'stature_m': 1.7},
        times_s=times_s,
        is_seen=np.ones(frames, bool),
        confidence=np.ones(frames),
        values=values,
        stddev={name: np.full(frames, stddev_rad) for name in values},
        foot_contact={foot: np.full(frames, np.nan) for foot in ('left', 'right')},
    )


@pytest.fixture
def recorded(subject, tmp_path):
    """Turn a draft of an activity into a recording, with errors like an estimate's."""
    labeller, person, _ = subject

    def record(draft, noise_deg=0.0, shift_m=0.0):
        clip = draft.clip('test/0')
        truth = labeller.label(person, clip.pose, clip.translation_m)
        random = np.random.default_rng(0)
        coordinates = truth.coordinates.copy()
        coordinates += np.radians(noise_deg) * random.normal(size=coordinates.shape)
        drift = np.cumsum(random.normal(size=len(clip))) * shift_m
        coordinates[:, 3] += drift  # the distance of a person is the worst known of all
        times_s = np.arange(len(clip)) / clip.fps
        return person_recording(tmp_path / 'person_1', times_s, coordinates, truth.scales)

    return record
