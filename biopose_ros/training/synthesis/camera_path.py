"""What moves slowly from image to image: the camera, and the error of the tracked crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.motion.rotations import about, matrices_from_vectors
from biopose_ros.training.synthesis.cameras import View
from biopose_ros.training.synthesis.chance import pick

RATE_HZ = 30.0
# A hand sways slowly and trembles fast: 1 sigma in degrees, memory in seconds.
_SWAY, _TREMOR = (0.6, 0.8), (0.05, 0.07)
_SWAY_M = 0.012
# Panning follows the person with this delay and this smoothing, seconds.
_PAN_S = 0.4
# The tracked crop's error as shares of its size, and in radians: lasting, drifting, its memory in
# seconds. The place's is that of the hips' landmarks (`biopose evaluate keypoints`: 30 mm of about
# 2 m, more than half of the variance lasting); the others are assumed.
_SIZE_ERROR, _PLACE_ERROR, _TURN_ERROR = (0.05, 0.03), (0.015, 0.012), (0.04, 0.05)
_ERROR_S = 0.3


def drift(random: np.random.Generator, frames: int, memory_s: float, size: int = 1) -> FloatArray:
    """
    Draw noise of unit variance that forgets itself over time.

    :param random: source of chance.
    :param frames: how many, 30 a second.
    :param memory_s: time after which 1/e is left.
    :param size: channels.
    :returns: [frames, size].
    """
    keep = np.exp(-1.0 / (RATE_HZ * memory_s))
    values = random.normal(size=(frames, size))
    values[1:] *= np.sqrt(1.0 - keep * keep)
    for frame in range(1, frames):
        values[frame] += keep * values[frame - 1]
    return values


def film(random: np.random.Generator, view: View, target_m: FloatArray) -> list[View]:
    """
    Move the camera as people do: on a tripod, in the hand, or after the person.

    :param random: source of chance.
    :param view: the camera in the middle of the sequence.
    :param target_m: [frames, 3], the person, world.
    :returns: one view per frame.
    """
    frames = len(target_m)
    kind = pick(random, ['tripod', 'hand', 'pan'], [0.55, 0.25, 0.2])
    if kind == 'tripod':
        return [view] * frames
    turns = [
        np.radians(degrees) * drift(random, frames, memory_s, 3)
        for degrees, memory_s in (_SWAY, _TREMOR)
    ]
    shakes = matrices_from_vectors(turns[0] + turns[1])
    shifts = _SWAY_M * drift(random, frames, _SWAY[1], 3)
    pans: FloatArray = np.broadcast_to(np.eye(3), (frames, 3, 3))
    if kind == 'pan':
        away = target_m - view.position_m
        bearing = np.unwrap(np.arctan2(away[:, 0], away[:, 2]))
        bearing = gaussian_filter1d(bearing, _PAN_S * RATE_HZ, mode='nearest')
        pans = about(1, bearing[frames // 2] - bearing)
    return [
        replace(
            view,
            camera_from_world=shakes[frame] @ view.camera_from_world @ pans[frame],
            position_m=view.position_m + shifts[frame],
        )
        for frame in range(frames)
    ]


def image_steps_px(views: Sequence[View], target_m: FloatArray) -> FloatArray:
    """
    Compute how far the camera's own movement shifts the image from each frame to the next.

    :param views: one per frame.
    :param target_m: [frames, 3], what is looked at, world.
    :returns: [frames, 2], pixels of the full image; the last step is repeated.
    """
    steps = np.zeros((len(views), 2))
    for frame, (now, then) in enumerate(pairwise(views)):
        if now is then:
            continue
        here, there = (
            view.camera.intrinsics_px @ view.to_camera(target_m[frame]) for view in (now, then)
        )
        steps[frame] = there[:2] / there[2] - here[:2] / here[2]
    steps[-1] = steps[-2] if len(views) > 1 else 0.0
    return steps


def tracked_crops(random: np.random.Generator, exact: Sequence[Crop]) -> list[Crop]:
    """
    Look where tracking would look: where the last images say, with an error that drifts.

    :param random: source of chance.
    :param exact: the crop of each frame without an error.
    :returns: one crop per frame.
    """

    def error(spread: tuple[float, float], size: int) -> FloatArray:
        lasting, drifting = spread
        return lasting * random.normal(size=size) + drifting * drift(
            random, len(exact), _ERROR_S, size
        )

    growth, shift, turn = error(_SIZE_ERROR, 1), error(_PLACE_ERROR, 2), error(_TURN_ERROR, 1)
    crops = []
    for frame in range(len(exact)):
        before, last = exact[max(frame - 2, 0)], exact[max(frame - 1, 0)]
        size = last.size_px * float(np.exp(growth[frame, 0]))
        centre = 2.0 * last.center_px - before.center_px + size * shift[frame]
        crops.append(Crop(centre, size, last.angle_rad + float(turn[frame, 0])))
    return crops
