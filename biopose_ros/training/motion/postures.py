"""Which frames of a clip show somebody who stands, walks or sits."""

from __future__ import annotations

import numpy as np

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.joints import JOINT


def is_sitting(activity: str) -> bool:
    """
    Return whether an activity is about sitting on a seat.

    :param activity: in words.
    """
    return any(word in activity.lower() for word in ('sit', 'chair', 'seat', 'stool'))


def postures(clip: MotionClip) -> dict[str, np.ndarray]:
    """
    Find the frames of a clip that show each posture, without using knees, ankles and elbows.

    A frame may show several: ``upright`` only means that the hips are high over the soles.

    :param clip: on any body.
    :returns: by posture, [frames] of truth values.
    """
    placed, leg_m = clip.placed, clip.proportions.leg_length_m

    def at(*names: str) -> FloatArray:
        return np.stack([placed.positions_m[:, JOINT[name]] for name in names], axis=1)

    hips, knees, ankles, wrists = (
        at(*(f'{side}_{name}' for side in ('left', 'right')))
        for name in ('hip', 'knee', 'ankle', 'wrist')
    )
    lowest = placed.soles_m[..., 1].min(2)
    ground = lowest.min(1, keepdims=True)
    speed = clip.speeds_mps
    height = hips[..., 1].mean(1) - ground[:, 0]
    apart = np.linalg.norm((ankles[:, 0] - ankles[:, 1])[:, [0, 2]], axis=1)
    upright = placed.rotations[:, JOINT['spine3'], 1, 1] > np.cos(np.radians(20.0))
    standing = (
        clip.valid & clip.floor_known & (height > 0.9 * leg_m) & upright & (speed < 0.1)
        & (np.abs(lowest - ground) < 0.03).all(1) & (apart < 0.5 * leg_m)
    )  # fmt: skip
    walks = 'walk' in clip.activity.lower() and 'stealth' not in clip.activity.lower()
    thighs = (hips[..., 1] - knees[..., 1]).mean(1)
    return {
        'upright': clip.valid & (height > 0.8 * leg_m),
        'standing': standing,
        'hanging arms': standing & (wrists[..., 1] < hips[..., 1]).all(1),
        'walking': clip.valid & walks & upright & (speed > 0.8) & (speed < 1.8),
        'sitting': clip.valid & is_sitting(clip.activity) & (np.abs(thighs) < 0.2 * leg_m),
    }
