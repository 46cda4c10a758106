"""
What 2D-informed refinement is worth on synthetic persons whose truth is known.

Angles go one way for all: the recovered body, with its own shape, gets the labels' inverse
kinematics, and so does the true body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.evaluation.mesh_recovery.errors import SampledBody, crop_errors_px, mean_mm
from biopose_ros.evaluation.metrics import ALL, COORDINATE_GROUPS, angle_errors_deg, group_errors
from biopose_ros.frames import project
from biopose_ros.records import FloatArray, PersonCrop, RecoveredBody
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.settings import RefinementConfig
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.mesh.measures import similarity_aligned
from biopose_ros.training.synthesis.tie import LabelTie

GROSS_SHARE = 0.1
_GROSS_STDDEV = 0.2  # of the crop's side, per axis


@dataclass(frozen=True)
class RefinementErrors:
    """
    Errors of bodies, means over images.

    :param keypoint_px: projected joints, in the crop of 256 pixels, where they lie inside.
    :param mpjpe_mm: joints about the pelvis.
    :param pa_mpjpe_mm: joints after similarity alignment.
    :param depth_share: distance of the pelvis from the camera, relative.
    :param mae_angle_deg: mean over the coordinates that published comparisons average.
    :param groups_deg: mean absolute error per coordinate group.
    """

    keypoint_px: float
    mpjpe_mm: float
    pa_mpjpe_mm: float
    depth_share: float
    mae_angle_deg: float
    groups_deg: dict[str, float]


class RefinementJudge:
    """
    Compares bodies with the truth; holds the labels' inverse kinematics.

    :param tie: what gave the samples their true coordinates.
    """

    def __init__(self, tie: LabelTie) -> None:
        self._tie, self._names = tie, load_skeleton().coordinate_names

    def errors(
        self, seen: Sequence[SampledBody], bodies: Sequence[RecoveredBody]
    ) -> RefinementErrors:
        """
        Measure.

        :param seen: the images, with the truth.
        :param bodies: one per image, refined or not.
        """
        joints_m = torch.from_numpy(np.stack([body.joints_m for body in bodies]))
        true_m = torch.from_numpy(np.stack([one.sample.joints_m for one in seen])).double()
        about_m, wanted_m = joints_m - joints_m[:, :1], true_m - true_m[:, :1]
        angles = self._angle_errors_deg(seen, bodies)
        groups = {name: e for name, e in group_errors(angles).items() if name in COORDINATE_GROUPS}
        averaged = [name for group in ALL for name in COORDINATE_GROUPS[group]]
        return RefinementErrors(
            keypoint_px=_keypoint_px(seen, bodies),
            mpjpe_mm=mean_mm(about_m - wanted_m),
            pa_mpjpe_mm=mean_mm(similarity_aligned(about_m, wanted_m) - wanted_m),
            depth_share=float((joints_m[:, 0, 2] / true_m[:, 0, 2]).log().abs().mean()),
            mae_angle_deg=float(np.mean([np.abs(angles[name]).mean() for name in averaged])),
            groups_deg=groups,
        )

    def _angle_errors_deg(
        self, seen: Sequence[SampledBody], bodies: Sequence[RecoveredBody]
    ) -> dict[str, FloatArray]:
        """Give the errors of each coordinate, [images]."""
        pose = np.stack([Rotation.from_matrix(body.pose).as_rotvec() for body in bodies])
        betas = np.stack([body.betas for body in bodies]).astype(np.float32)
        found, _ = self._tie(pose, betas, np.zeros((len(bodies), 3)))
        true = np.stack([one.sample.coordinates for one in seen])
        return {
            name: angle_errors_deg(found[:, column], true[:, column])
            for column, name in enumerate(self._names)
        }


def refine_each(seen: Sequence[SampledBody], refiner: Refiner) -> list[RecoveredBody]:
    """
    Refine the bodies of single images, none of which knows the others.

    :param seen: with keypoints.
    :param refiner: counts the outcomes.
    """
    bodies = []
    for one in seen:
        bodies += refiner.refine([one.body], [one.crop], one.camera, 0)
        refiner.forget(one.crop.track_id)
    return bodies


def with_gross_errors(seen: Sequence[SampledBody]) -> list[SampledBody]:
    """
    Displace every tenth keypoint far, its confidence unchanged.

    :param seen: images; the bodies stay as they are.
    """
    generator = np.random.default_rng(0)
    return [replace(one, crop=_thrown(one.crop, generator)) for one in seen]


def report(
    judge: RefinementJudge, seen: Sequence[SampledBody], config: RefinementConfig
) -> tuple[dict[str, RefinementErrors], dict[str, dict[str, int]]]:
    """
    Measure bodies before and after refinement, and with gross errors in the keypoints.

    :param judge: compares.
    :param seen: images.
    :param config: of refinement; its time should not be bounded.
    :returns: errors ``before``, ``after`` and ``after_gross``; and of the last two, how often
        which outcome.
    """
    refiner, hardened = Refiner(config), Refiner(config)
    refined = refine_each(seen, refiner)
    thrown = refine_each(with_gross_errors(seen), hardened)
    errors = {
        'before': judge.errors(seen, [one.body for one in seen]),
        'after': judge.errors(seen, refined),
        'after_gross': judge.errors(seen, thrown),
    }
    return errors, {'after': dict(refiner.outcomes), 'after_gross': dict(hardened.outcomes)}


def _thrown(crop: PersonCrop, generator: np.random.Generator) -> PersonCrop:
    count = len(crop.keypoints_px)
    away = generator.normal(0.0, _GROSS_STDDEV * crop.crop.size_px, (count, 2))
    is_thrown = generator.random(count) < GROSS_SHARE
    return replace(crop, keypoints_px=crop.keypoints_px + away * is_thrown[:, None])


def _keypoint_px(seen: Sequence[SampledBody], bodies: Sequence[RecoveredBody]) -> float:
    errors = [
        crop_errors_px(project(body.joints_m, one.camera), one.sample)[0]
        for one, body in zip(seen, bodies, strict=True)
    ]
    return float(np.linalg.norm(np.concatenate(errors), axis=1).mean())
