"""
Estimates that use later images, too: the Rauch-Tung-Striebel smoother over the estimator's steps.

*AIAA Journal* 3, 1965. Together with the estimator's forward pass this is Gauss-Newton over the
whole stretch of time, banded in time. Gaps and outliers are bridged from both sides, and
there is no lag.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biopose_ros.person.estimator import Step
from biopose_ros.person.motion_model import Belief, MotionModel


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
    return beliefs


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
