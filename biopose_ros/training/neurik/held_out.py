"""Windows that a training of NeurIK is checked with, and the error on them."""

from __future__ import annotations

import math

from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.training.neurik.data import LabelledMotion, Truth
from biopose_ros.training.neurik.losses import estimate_errors
from biopose_ros.training.neurik.mesh_errors import MeshErrors
from biopose_ros.training.neurik.noise import NoiseLevels
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.neurik.rendered_windows import RenderedConfig, RenderedSampler
from biopose_ros.training.neurik.windows import WindowConfig, WindowSampler, without

_HELD_OUT = 96  # windows per kind of evidence


def held_out_windows(
    motion: LabelledMotion, skeleton: Skeleton, frames: int, errors: MeshErrors | None = None
) -> dict[str, tuple[Evidence, Truth]]:
    """
    Draw the windows that a training is checked with, with mesh noise, by kind of evidence.

    :param motion: of the validation split.
    :param skeleton: the default one.
    :param frames: in a window.
    :param errors: of a mesh network, for windows with its errors; None for none of these.
    """
    config = WindowConfig(frames=frames, keypoint_share=1.0, blind_share=0.0)
    levels = NoiseLevels.uniform(_HELD_OUT, 1.0, 0.0, 0.0)
    both, truth = WindowSampler(motion, skeleton, config, seed=12345).draw(_HELD_OUT, levels)
    windows = {
        'markers': (without(both, 'keypoint_weights'), truth),
        'markers_keypoints': (both, truth),
        'keypoints': (without(both, 'weights'), truth),
    }
    if errors is not None:
        sampler = WindowSampler(motion, skeleton, config, seed=12345, errors=errors)
        windows['measured'] = sampler.draw(_HELD_OUT)
    return windows


def held_out_rendered(
    rendered: RenderedEvidence, skeleton: Skeleton, frames: int
) -> dict[str, tuple[Evidence, Truth]]:
    """
    Draw the windows of rendered sequences that a training is checked with.

    :param rendered: of the validation split.
    :param skeleton: the default one.
    :param frames: in a window.
    """
    sampler = RenderedSampler(rendered, skeleton, RenderedConfig.plain(frames), seed=12345)
    every, truth = sampler.draw(_HELD_OUT)
    return {
        'rendered': (every, truth),
        'rendered_markers': (without(every, 'keypoint_weights', 'feature_weights'), truth),
    }


def angle_error_deg(model: Neurik, evidence: Evidence, truth: Truth) -> float:
    """
    Give the mean absolute angle error over the second half of windows, degrees.

    :param model: in evaluation mode.
    :param evidence: of windows.
    :param truth: of the same windows.
    """
    errors = estimate_errors(load_skeleton(), model(evidence), truth)
    half = errors.shape[1] // 2
    return math.degrees(float(errors[:, half:, 6 : 6 + model.num_angles].abs().mean()))
