"""Position and attitude of the pelvis; while it is not seen, those at which it was last seen."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.virtual_markers.body_parts import BODY_PARTS
from biopose_ros.virtual_markers.part_axes import PartFrames

PELVIS = [part.name for part in BODY_PARTS].index('pelvis')
HIP_KEYPOINTS = [landmark_index(f'{side}_hip') for side in ('left', 'right')]


@dataclass(frozen=True)
class HeldPelvis:
    """
    The pelvis of each frame; until it is seen, its origin is zero and its rotation the identity.

    :param rotations: [batch, frames, 3, 3], pelvis axes to ground.
    :param origins_m: [batch, frames, 3].
    """

    rotations: Tensor
    origins_m: Tensor


def hold_over_time(frames: PartFrames, keypoints_m: Tensor, weights: Tensor) -> HeldPelvis:
    """
    Take the last attitude and place that were seen, at each frame of clips.

    :param frames: of the parts, [batch, frames, parts, ...].
    :param keypoints_m: [batch, frames, keypoints, 3].
    :param weights: [batch, frames, keypoints].
    """
    is_turn_known, origins_m, is_origin_known = _seen(frames, keypoints_m, weights)
    turn, origin = (_last(known) for known in (is_turn_known, is_origin_known))
    batch = torch.arange(len(turn), device=turn.device)[:, None]
    identity = torch.eye(3, device=turn.device).to(frames.rotations)
    return HeldPelvis(
        torch.where(
            (turn >= 0)[..., None, None],
            frames.rotations[batch, turn.clamp(min=0), PELVIS],
            identity,
        ),
        torch.where((origin >= 0)[..., None], origins_m[batch, origin.clamp(min=0)], 0.0),
    )


def hold_stored(
    frames: PartFrames, keypoints_m: Tensor, weights: Tensor, held: tuple[Tensor, Tensor]
) -> HeldPelvis:
    """
    Take what is seen now, or else what is stored; one frame per batch entry.

    :param frames: of the parts, [batch, 1, parts, ...].
    :param keypoints_m: [batch, 1, keypoints, 3].
    :param weights: [batch, 1, keypoints].
    :param held: rotation [batch, 3, 3] and origin [batch, 3].
    """
    is_turn_known, origins_m, is_origin_known = _seen(frames, keypoints_m, weights)
    return HeldPelvis(
        torch.where(
            is_turn_known[..., None, None], frames.rotations[:, :, PELVIS], held[0][:, None]
        ),
        torch.where(is_origin_known[..., None], origins_m, held[1][:, None]),
    )


def with_pelvis(frames: PartFrames, held: HeldPelvis) -> PartFrames:
    """
    Put the held pelvis among the parts.

    :param frames: of the parts.
    :param held: of the same frames.
    """
    is_pelvis = torch.arange(len(BODY_PARTS), device=held.rotations.device) == PELVIS
    return PartFrames(
        torch.where(is_pelvis[:, None, None], held.rotations[..., None, :, :], frames.rotations),
        torch.where(is_pelvis[:, None], held.origins_m[..., None, :], frames.origins_m),
        frames.is_known,
    )


def _seen(
    frames: PartFrames, keypoints_m: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """
    Find what the frame itself shows: the origin from markers, or between the hips' keypoints.

    :returns: whether the attitude is known [batch, frames], the origin [batch, frames, 3], and
        whether it is known [batch, frames].
    """
    is_marked = frames.is_known[..., PELVIS] > 0
    between_m = keypoints_m[..., HIP_KEYPOINTS, :].mean(-2)
    origins_m = torch.where(is_marked[..., None], frames.origins_m[..., PELVIS, :], between_m)
    return is_marked, origins_m, is_marked | (weights[..., HIP_KEYPOINTS] > 0).all(-1)


def _last(known: Tensor) -> Tensor:
    """Give the last frame up to each that is known, -1 before the first: [batch, frames]."""
    order = torch.arange(known.shape[1], device=known.device).expand_as(known)
    return torch.where(known, order, -1).cummax(1).values
