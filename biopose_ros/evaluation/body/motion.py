"""
Angles of the training labels in standing, walking and sitting, beside published ones.

Where an angle cannot be seen, a network gives the mean of its training. So the labels' usual
angles must be those of people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from biopose_ros.body import load_body
from biopose_ros.records import FloatArray
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.labels import Anthropometry, Labeller
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.postures import postures

_BOTH = ('r', 'l')


@dataclass(frozen=True)
class Norm:
    """
    What is usual.

    :param posture: key of :func:`~biopose_ros.training.motion.postures.postures`.
    :param coordinate: of the skeleton, without its side.
    :param percentile: over frames, of both sides together.
    :param low: least usual value, degrees.
    :param high: greatest usual value.
    :param source: where it is published.
    """

    posture: str
    coordinate: str
    percentile: float
    low: float
    high: float
    source: str


_GAIT = 'Perry and Burnfield 2010'
_POSTURE = 'Kendall 2005'
NORMS = (
    Norm('standing', 'knee_angle', 50, 0, 8, _POSTURE),
    Norm('standing', 'hip_flexion', 50, -5, 10, _POSTURE),
    Norm('standing', 'ankle_angle', 50, -3, 8, _POSTURE),
    Norm('standing', 'pelvis_tilt', 50, -8, 6, _POSTURE),
    Norm('standing', 'lumbar_extension', 50, -10, 5, _POSTURE),
    Norm('hanging arms', 'elbow_flex', 50, 5, 25, _POSTURE),
    Norm('hanging arms', 'arm_flex', 50, -10, 10, _POSTURE),
    Norm('walking', 'knee_angle', 5, 0, 8, _GAIT),
    Norm('walking', 'knee_angle', 50, 8, 22, _GAIT),
    Norm('walking', 'knee_angle', 97, 54, 68, _GAIT),
    Norm('walking', 'hip_flexion', 3, -22, -8, _GAIT),
    Norm('walking', 'hip_flexion', 97, 25, 38, _GAIT),
    Norm('walking', 'ankle_angle', 3, -24, -12, _GAIT),
    Norm('walking', 'ankle_angle', 97, 8, 18, _GAIT),
    Norm('walking', 'elbow_flex', 50, 18, 45, _GAIT),
    Norm('sitting', 'knee_angle', 50, 75, 105, 'ISO 7250-1'),
    Norm('sitting', 'hip_flexion', 50, 60, 95, 'ISO 7250-1'),
)


@dataclass(frozen=True)
class MotionFigure:
    """
    One line of the comparison.

    :param norm: what is usual.
    :param value_deg: what the labels say.
    :param frames: looked at.
    """

    norm: Norm
    value_deg: float
    frames: int

    @property
    def is_usual(self) -> bool:
        """Whether the labels lie within the usual range."""
        return self.norm.low <= self.value_deg <= self.norm.high


def compare_motion(clips: Sequence[MotionClip], frames: int) -> list[MotionFigure]:
    """
    Label frames of each posture and compare.

    :param clips: on the mean body.
    :param frames: of each posture, at most.
    :returns: one figure per norm whose posture occurs.
    """
    random = np.random.default_rng(0)
    body, skeleton = load_body(), load_skeleton()
    labeller = Labeller(Anthropometry(body))
    subject = labeller.anthropometry.subject(torch.zeros(body.num_components))
    angles = {}
    for posture in dict.fromkeys(norm.posture for norm in NORMS):
        poses = [clip.pose[postures(clip)[posture]] for clip in clips]
        # Long clips count by the root of their length, as in training.
        weights = np.concatenate([np.full(len(p), 1 / np.sqrt(max(len(p), 1))) for p in poses])
        pose = np.concatenate(poses)
        if not len(pose):
            continue
        count = min(frames, len(pose))
        chosen = random.choice(len(pose), count, replace=False, p=weights / weights.sum())
        truth = labeller.label_each([subject] * count, pose[chosen])
        angles[posture] = np.degrees(truth.coordinates)
    return [
        MotionFigure(norm, _percentile(skeleton.coordinate_names, angles[norm.posture], norm),
                     len(angles[norm.posture]))
        for norm in NORMS
        if norm.posture in angles
    ]  # fmt: skip


def _percentile(names: Sequence[str], angles_deg: FloatArray, norm: Norm) -> float:
    sides = [f'{norm.coordinate}_{side}' for side in _BOTH]
    columns = [names.index(n) for n in (norm.coordinate, *sides) if n in names]
    return float(np.percentile(angles_deg[:, columns], norm.percentile))
