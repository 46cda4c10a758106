"""Errors of recovered meshes on synthetic images of persons and clips that training never saw."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biopose_ros.body import BodyModel, load_body
from biopose_ros.body.rotations import axis_angle_to_matrix
from biopose_ros.detection.landmark_network import LandmarkNetwork
from biopose_ros.mesh_recovery.crop_encoder import CropEncoder
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import Camera, Crop, FloatArray, PersonCrop, RecoveredBody
from biopose_ros.training.mesh.data import sample_view
from biopose_ros.training.mesh.measures import geodesic_rad, similarity_aligned
from biopose_ros.training.neurik.render_evidence import person_of
from biopose_ros.training.synthesis.records import SyntheticSample, Visibility
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

KINDS = ('clear', 'occluded', 'cut_off')
# The body's hands are part of the wrists in all motion.
_TURNING = 22
_BONY = [row for row, name in enumerate(MARKER_NAMES) if not name.startswith('bp_')]
_ROUNDS = 30


@dataclass(frozen=True)
class MeshErrors:
    """
    Errors of one kind of images, means over persons.

    :param images: how many.
    :param mpjpe_mm: joints about the pelvis.
    :param pa_mpjpe_mm: joints after similarity alignment.
    :param pve_mm: vertices about the pelvis.
    :param rotation_deg: joints relative to their parents, the root to the camera.
    :param mpblpe_mm: bony landmarks about the pelvis.
    :param keypoint_px: joints in the crop of 256 pixels, where they lie inside.
    :param stature_m: standing height.
    :param stature_stddev_m: root of its mean square error.
    :param depth_share: distance of the pelvis from the camera, relative.
    :param within_1_sigma: share of joint coordinates (about the pelvis) within their uncertainty.
    :param within_2_sigma: and within twice that.
    :param places_within_1_sigma: share of the joints' coordinates in the crop within 1 sigma.
    :param places_within_2_sigma: and within twice that.
    """

    images: int
    mpjpe_mm: float
    pa_mpjpe_mm: float
    pve_mm: float
    rotation_deg: float
    mpblpe_mm: float
    keypoint_px: float
    stature_m: float
    stature_stddev_m: float
    depth_share: float
    within_1_sigma: float
    within_2_sigma: float
    places_within_1_sigma: float
    places_within_2_sigma: float


@dataclass(frozen=True)
class StageTimes:
    """
    What the stage takes for one person, medians.

    :param encoder_ms: landmarks and maps of one crop.
    :param decoder_ms: from maps to pose, shape and place.
    :param body_ms: from these to joints and markers.
    """

    encoder_ms: float
    decoder_ms: float
    body_ms: float


@dataclass(frozen=True)
class SampledBody:
    """
    A synthetic image, and what encoder and decoder make of it.

    :param sample: the image, with the truth.
    :param crop: what tracking would say of it, without maps.
    :param camera: of the image.
    :param body: recovered.
    """

    sample: SyntheticSample
    crop: PersonCrop
    camera: Camera
    body: RecoveredBody


def recover_samples(
    samples: Iterable[SyntheticSample],
    network: LandmarkNetwork,
    predictor: MeshPredictor,
    encoder: CropEncoder | None = None,
) -> list[SampledBody]:
    """
    Run encoder and decoder as the pipeline does.

    :param samples: synthetic images with truth.
    :param network: with maps, or without where there is an encoder of its own.
    :param predictor: for this network.
    :param encoder: trained with the predictor's decoder.
    """
    pairs = []
    for sample in samples:
        crop, camera = sample_view(
            sample.intrinsics_px, sample.image_size_px, sample.crop_from_image
        )
        person = _seen(sample, crop, network, encoder)
        body = predictor.recover([person], camera)[0]
        pairs.append(SampledBody(sample, replace(person, maps=None), camera, body))
    return pairs


def _seen(
    sample: SyntheticSample, crop: Crop, network: LandmarkNetwork, encoder: CropEncoder | None
) -> PersonCrop:
    """Read landmarks and maps of one image."""
    pictures = sample.image_bgr[None]
    person = person_of(network.see(pictures, [crop], sample.image_size_px)[0])
    return person if encoder is None else encoder.encode_pictures(pictures, [person])[0]


def mesh_errors(pairs: Sequence[SampledBody]) -> dict[str, MeshErrors]:
    """
    Measure.

    :param pairs: of :func:`recover_samples`.
    :returns: by kind of image: nothing hidden by others, something hidden, something outside.
    """
    body = load_body()
    by_kind: dict[str, list[SampledBody]] = {kind: [] for kind in KINDS}
    for pair in pairs:
        by_kind[_kind(pair.sample)].append(pair)
    return {kind: _errors(body, some) for kind, some in by_kind.items() if some}


def stage_times(
    sample: SyntheticSample,
    network: LandmarkNetwork,
    predictor: MeshPredictor,
    encoder: CropEncoder | None = None,
) -> StageTimes:
    """
    Time the stage for one person; the arguments are those of :func:`recover_samples`.

    :param sample: any.
    """
    crop, camera = sample_view(sample.intrinsics_px, sample.image_size_px, sample.crop_from_image)
    marks = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        person = _seen(sample, crop, network, encoder)
        read = time.perf_counter()
        decoded = predictor.decode([person], camera)
        said = time.perf_counter()
        predictor.bodies(decoded)
        marks.append([began, read, said, time.perf_counter()])
    return StageTimes(*(1e3 * np.median(np.diff(marks, axis=1), axis=0)).tolist())


def _kind(sample: SyntheticSample) -> str:
    if np.any(sample.joint_visibility == Visibility.OUT_OF_IMAGE):
        return 'cut_off'
    return 'clear' if sample.is_whole else 'occluded'


def _errors(body: BodyModel, pairs: Sequence[SampledBody]) -> MeshErrors:
    def found(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(pair.body, name) for pair in pairs])).float()

    def true(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(pair.sample, name) for pair in pairs]))

    joints_m, wanted_m = found('joints_m'), true('joints_m')
    about_m, target_m = joints_m - joints_m[:, :1], wanted_m - wanted_m[:, :1]
    off_m = about_m - target_m
    pose, true_pose = found('pose'), axis_angle_to_matrix(true('pose'))
    markers = load_markers(body.topology)
    rows = [markers.index(MARKER_NAMES[row]) for row in _BONY]
    bony_m = found('markers_m')[:, _BONY] - joints_m[:, :1]
    true_bony_m = true('markers_m')[:, rows] - wanted_m[:, :1]
    betas, true_betas = found('betas'), true('betas')
    sigma_m = found('joint_stddev_m')[:, 1:, None]
    ratio = (off_m[:, 1:].abs() / sigma_m).flatten()
    stature_off_m = body.statures_m(betas) - body.statures_m(true_betas)
    off_px, sigma_px = _place_errors_px(pairs)
    place_ratio = np.abs(off_px) / sigma_px[:, None]
    turns = geodesic_rad(pose, true_pose)[:, :_TURNING].rad2deg()
    return MeshErrors(
        images=len(pairs),
        mpjpe_mm=mean_mm(off_m),
        pa_mpjpe_mm=mean_mm(similarity_aligned(about_m, target_m) - target_m),
        pve_mm=_vertex_error_mm(body, (pose, betas), (true_pose, true_betas)),
        rotation_deg=float(turns.mean()),
        mpblpe_mm=mean_mm(bony_m - true_bony_m),
        keypoint_px=float(np.linalg.norm(off_px, axis=1).mean()),
        stature_m=float(stature_off_m.abs().mean()),
        stature_stddev_m=float(stature_off_m.square().mean().sqrt()),
        depth_share=float((joints_m[:, 0, 2] / wanted_m[:, 0, 2]).log().abs().mean()),
        within_1_sigma=float((ratio < 1).float().mean()),
        within_2_sigma=float((ratio < 2).float().mean()),
        places_within_1_sigma=float((place_ratio < 1).mean()),
        places_within_2_sigma=float((place_ratio < 2).mean()),
    )


def _vertex_error_mm(
    body: BodyModel, found: tuple[Tensor, Tensor], true: tuple[Tensor, Tensor]
) -> float:
    """Give the mean over persons, posed a few at a time: whole meshes are large."""
    errors = []
    for row in range(0, len(found[0]), 32):
        some = slice(row, row + 32)
        placed = []
        for pose, betas in (found, true):
            mesh = body(pose[some], betas[some])
            placed.append(mesh.vertices_m - mesh.joints_m[:, :1])
        errors.append((placed[0] - placed[1]).norm(dim=-1).mean(1))
    return 1e3 * float(torch.cat(errors).mean())


def _place_errors_px(pairs: Sequence[SampledBody]) -> tuple[FloatArray, FloatArray]:
    """Give errors [joints, 2] and 1 sigma [joints] of joints inside their crops of 256 pixels."""
    errors, sigmas = [], []
    for pair in pairs:
        error_px, inside = crop_errors_px(pair.body.joints_px, pair.sample)
        errors.append(error_px)
        scale = np.hypot(*pair.sample.crop_from_image[:2, 0].astype(np.float64))
        sigmas.append(pair.body.joint_stddev_px[inside] * scale)
    return np.concatenate(errors), np.concatenate(sigmas)


def crop_errors_px(
    joints_px: FloatArray, sample: SyntheticSample
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """
    Compare joints with the truth, in the crop of 256 pixels.

    :param joints_px: [24, 2], in the camera's image.
    :param sample: with the truth.
    :returns: estimate minus truth [joints, 2] of those that lie in the crop, and which these are,
        [24].
    """
    matrix = sample.crop_from_image.astype(np.float64)
    # The camera counts from pixels' corners, synthetic truth from their centres.
    found_px = (joints_px - 0.5) @ matrix[:2, :2].T + matrix[:2, 2]
    inside = np.all((sample.joints_px > 0) & (sample.joints_px < 256), axis=1)
    return (found_px - sample.joints_px)[inside], inside


def mean_mm(off_m: Tensor) -> float:
    """Give the mean length of [..., 3] in metres, millimetres."""
    return 1e3 * float(off_m.norm(dim=-1).mean())
