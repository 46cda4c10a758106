"""
Estimates that use later images, too: the Rauch-Tung-Striebel smoother over the estimator's steps.

*AIAA Journal* 3, 1965. Together with the estimator's forward pass this is Gauss-Newton over the
whole stretch of time, banded in time. Gaps and outliers are bridged from both sides, and
there is no lag. Where a coordinate starts afresh, far from where it was expected, nothing in the
model leads from one value to the other: the way there is spread over the images before. Which of
the two is wrong nothing tells, so that the doubt reaches as far back as ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biopose_ros.person.estimator import Step, faded, with_variance
from biopose_ros.person.motion_model import Belief, MotionModel
from biopose_ros.records import FloatArray

# From so long before a fresh start a coordinate is on the way to its new value: a leg swings
# forwards in as much, and in the last 0.1 s of it no measurement was believed.
BRIDGE_S = 0.25


def smoothed(steps: Sequence[Step], model: MotionModel) -> list[Belief]:
    """
    Smooth the estimator's steps, from the last to the first.

    :param steps: of one person, in the order of time.
    :param model: of the estimator.
    :returns: one belief per step, by all steps; across a long gap nothing is carried back.
    """
    beliefs = [step.belief for step in steps]
    for row in range(len(steps) - 2, -1, -1):
        step, after = steps[row], steps[row + 1]
        if not after.is_first:
            beliefs[row] = _corrected(step, after, beliefs[row + 1], model)
    for row in range(1, len(steps)):
        jump = _jump(steps[row], beliefs[row - 1], beliefs[row], model.count)
        if jump.any():
            _bridge(steps, beliefs, row, jump)
    return [
        with_variance(belief, doubt) for belief, doubt in zip(beliefs, _doubts(steps), strict=True)
    ]


def _doubts(steps: Sequence[Step]) -> list[FloatArray]:
    """Let the doubt of each step fade into the past as it does into the future."""
    doubts = [step.doubt for step in steps]
    for row in range(len(steps) - 2, -1, -1):
        after = steps[row + 1]
        if not after.is_first:
            back = faded(doubts[row + 1], after.stamp_s - steps[row].stamp_s)
            doubts[row] = np.maximum(doubts[row], back)
    return doubts


def _jump(step: Step, before: Belief, after: Belief, count: int) -> FloatArray:
    """Give how far coordinates that start afresh lie from where they were, [coordinates]."""
    if step.is_first:
        return np.zeros(count)
    jump = np.where(step.new, after.mean[:count] - before.mean[:count], 0.0)
    return np.nan_to_num(jump)  # what was never known starts nowhere


def _bridge(steps: Sequence[Step], beliefs: list[Belief], row: int, jump: FloatArray) -> None:
    """Lead from before a jump to the image after it, in :data:`BRIDGE_S`."""
    count = len(jump)
    for before in range(row - 1, -1, -1):
        done = 1.0 - (steps[row].stamp_s - steps[before].stamp_s) / BRIDGE_S
        if done <= 0.0 or steps[before + 1].is_first:
            return
        share = done**2 * (3.0 - 2.0 * done)
        mean = beliefs[before].mean.copy()
        mean[:count] += share * jump
        mean[count : 2 * count] += 6.0 * done * (1.0 - done) / BRIDGE_S * jump
        beliefs[before] = Belief(mean, beliefs[before].covariance)


def _corrected(step: Step, after: Step, later: Belief, model: MotionModel) -> Belief:
    """Correct a step by what is known of the next one."""
    mean, covariance = step.belief.mean, step.belief.covariance
    shared = model.carried(covariance, after.stamp_s - step.stamp_s)  # [after, before]
    count = model.count
    states = np.arange(model.size)
    known = np.isfinite(after.expected.mean)
    known[: 3 * count] &= ~np.tile(after.new, 3)
    known &= np.isfinite(mean)
    used = states[known]
    expected = after.expected.covariance[np.ix_(used, used)]
    # Lasting errors of keypoints without a variance are certain.
    expected = expected + np.diag(np.full(len(used), 1e-15))
    gain = np.linalg.solve(expected, shared[used]).T
    change = later.mean[used] - after.expected.mean[used]
    difference = later.covariance[np.ix_(used, used)] - expected
    return Belief(mean + gain @ change, covariance + gain @ difference @ gain.T)
