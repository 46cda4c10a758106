"""Targets of the detector: which anchors detect which person, and with which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biopose_ros.detection.person_detector import INPUT_PX, make_anchors
from biopose_ros.records import FloatArray
from biopose_ros.training.detector.windows import LabelledWindow

_ANCHORS_PX = make_anchors() * INPUT_PX
# The published network speaks through one anchor of each cell of the two finer grids alone.
_SPEAKING = np.zeros(len(_ANCHORS_PX), bool)
_SPEAKING[1 : 2 * 28 * 28 : 2] = True
_SPEAKING[2 * 28 * 28 : 2 * (28 * 28 + 14 * 14) : 2] = True
# Anchors this near to the middle of a person's box must detect the person; a cell of the finest
# grid is 8 pixels wide. Anchors around those are ignored in the loss.
_REACH, _LEAST_REACH_PX, _DOUBT = 0.35, 6.0, 1.8
# A person of whom less shows is ignored in the loss.
_LEAST_VISIBLE = 0.4


@dataclass(frozen=True)
class Targets:
    """
    Targets of the network.

    :param scores: [windows, anchors], 1 where an anchor should detect a person.
    :param weights: [windows, anchors], 0 where the loss ignores the anchor.
    :param numbers: [windows, anchors, 6, 2], as the network gives them; of no meaning without a
        person.
    :param scales_px: [windows, anchors, 2], side of the person's box and radius of the circle.
    """

    scores: Tensor
    weights: Tensor
    numbers: Tensor
    scales_px: Tensor


def match(windows: Sequence[LabelledWindow], device: torch.device) -> Targets:
    """
    Assign persons to anchors.

    :param windows: at least one.
    :param device: for the result.
    :returns: the targets.
    """
    parts = [_match_one(window) for window in windows]
    stacks = (np.stack(part) for part in zip(*parts, strict=True))
    return Targets(*(torch.from_numpy(stack).to(device) for stack in stacks))


def _match_one(window: LabelledWindow) -> tuple[FloatArray, ...]:
    count = len(_ANCHORS_PX)
    scores, weights = np.zeros(count, np.float32), np.ones(count, np.float32)
    numbers = np.zeros((count, 6, 2), np.float32)
    scales_px = np.ones((count, 2), np.float32)
    points = np.asarray(window.points_px, np.float64)
    if not len(points):
        return scores, weights, numbers, scales_px
    middles, sides = points[:, :2].mean(1), points[:, 1, 0] - points[:, 0, 0]
    distance = np.linalg.norm(_ANCHORS_PX[:, None] - middles, axis=2)
    reach = np.maximum(_REACH * sides, _LEAST_REACH_PX)
    weights[(distance < _DOUBT * reach).any(1)] = 0
    who = (distance / reach).argmin(1)
    is_near = distance[np.arange(count), who] < reach[who]
    is_speaking = _SPEAKING & is_near & (window.visible[who] >= _LEAST_VISIBLE)
    scores[is_speaking] = weights[is_speaking] = 1
    numbers[:] = encode(points[who])
    scales_px[:, 0] = sides[who]
    scales_px[:, 1] = np.linalg.norm(points[:, 3] - points[:, 2], axis=1)[who]
    return scores, weights, numbers, scales_px


def encode(points_px: FloatArray) -> FloatArray:
    """
    Write persons in the network's numbers: the inverse of the detector's decoding.

    :param points_px: [anchors, 6, 2], the person of each anchor.
    :returns: [anchors, 6, 2], middle and extent of the box, and four points, from the anchor.
    """
    numbers = points_px - _ANCHORS_PX[:, None]
    numbers[:, 0] = points_px[:, :2].mean(1) - _ANCHORS_PX
    numbers[:, 1] = points_px[:, 1] - points_px[:, 0]
    return numbers
