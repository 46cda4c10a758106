"""Run detector and mesh network over synthetic image sequences, and keep what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from biopose_ros.body import load_body
from biopose_ros.detection.crops import Crop, rotation_2d
from biopose_ros.detection.landmark_network import CropReading, LandmarkNetwork
from biopose_ros.frames import camera_to_ground
from biopose_ros.inverse_kinematics.body_parts import MARKER_NAMES
from biopose_ros.inverse_kinematics.lifting import image_rays
from biopose_ros.mesh_recovery.mesh_stage import MeshStage
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import FloatArray, PersonCrop, TrackingState
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.mesh.data import sample_view
from biopose_ros.training.neurik.label_store import network_truth
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
from biopose_ros.training.synthesis.tie import LabelTie

# The tracker drops persons whom the network doubts more than this.
_LEAST_PRESENCE = 0.4
_RATE_HZ = 30.0
_HIPS = [MARKER_NAMES.index(f'bp_{side}_hip') for side in ('right', 'left')]


@dataclass(frozen=True)
class RenderConfig:
    """
    What to render.

    :param images: split, seed and motion of the sequences.
    :param encoder: the landmark network, ``full`` or ``heavy``.
    :param weights: of the mesh network; None for those that ship with the package.
    """

    images: SynthesisConfig
    encoder: str = 'heavy'
    weights: Path | None = None


class EvidenceRenderer:
    """Draws sequences and looks at them as the pipeline does."""

    def __init__(self, config: RenderConfig) -> None:
        """
        Load everything.

        :param config: what to render.
        """
        tie = LabelTie(load_body())
        self._generator = build_sequence_generator(config.images, tie=tie.motion)
        self._network = LandmarkNetwork(config.encoder, 'cpu', threads=1, with_maps=True)
        predictor = MeshPredictor(config.encoder, config.weights, 'cpu')
        self._mesh = MeshStage(predictor, height_m=None)
        self._skeleton = load_skeleton()

    def sequence(self, number: int) -> dict[str, FloatArray]:
        """
        Render one sequence.

        :param number: of the sequence.
        :returns: the fields of
            :class:`~biopose_ros.training.neurik.rendered_evidence.RenderedEvidence` that have
            frames, and ``factors`` [groups] and ``name``.
        """
        samples = self._generator.chunk(number)
        readings = [self._network.read(s.image_bgr[None])[0] for s in samples]
        views = [sample_view(s.intrinsics_px, s.image_size_px, s.crop_from_image) for s in samples]
        crops = [
            tracked_crop(reading, crop) for reading, (crop, _) in zip(readings, views, strict=True)
        ]
        camera = views[0][1]  # its axes and matrix are those of the whole sequence
        self._mesh.forget(0)
        bodies = self._mesh.recover(crops, camera)
        markers_m = np.stack([body.markers.positions_m for body in bodies])
        origins_m = markers_m[:, _HIPS].mean(1)
        keypoints_m = np.stack(
            [
                camera_to_ground(image_rays(crop.keypoints_px, camera) * body.depth_m)
                for crop, body in zip(crops, bodies, strict=True)
            ]
        )
        seen = np.array([float(crop.confidence >= _LEAST_PRESENCE) for crop in crops])[:, None]
        confidence = np.stack([body.markers.confidence for body in bodies])
        coordinates = np.stack([sample.coordinates for sample in samples]).astype(np.float64)
        scales = samples[0].scales.astype(np.float64)
        return {
            'markers_m': _half(markers_m - origins_m[:, None]),
            'marker_weights': _half(confidence * seen),
            'keypoints_m': _half(keypoints_m - origins_m[:, None]),
            'keypoint_weights': _half(np.stack([c.keypoint_confidence for c in crops]) * seen),
            'features': _half(np.stack([body.recovered.summary for body in bodies])),
            'origins_m': origins_m.astype(np.float32),
            **network_truth(self._skeleton, coordinates, scales, origins_m),
            'name': np.array(f'{number}/{samples[0].clip}'),
        }


def render_evidence(
    folder: Path,
    config: RenderConfig,
    sequences: Sequence[int],
    workers: int = 2,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> RenderedEvidence:
    """
    Render sequences in several processes; goes on where it was stopped.

    :param folder: for one file per sequence.
    :param config: what to render.
    :param sequences: their numbers.
    :param workers: processes.
    :param advance: called with sequences done and sequences in total.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number in sequences if not _part(folder, number).exists()]
    workers = min(workers, len(missing))
    context = get_context('spawn')
    processes = [
        context.Process(target=_render, args=(folder, config, missing[worker::workers]))
        for worker in range(workers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        while process.is_alive():
            process.join(2.0)
            advance(sum(_part(folder, n).exists() for n in sequences), len(sequences))
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise RuntimeError(f'{folder}: {len(failed)} workers failed; see their messages above')
    return joined(folder, sequences)


def joined(folder: Path, sequences: Sequence[int]) -> RenderedEvidence:
    """
    Put rendered sequences end to end, those that are there.

    :param folder: written by :func:`render_evidence`.
    :param sequences: their numbers.
    """
    parts = [dict(np.load(_part(folder, n))) for n in sequences if _part(folder, n).exists()]
    lengths = torch.tensor([len(part['angles_rad']) for part in parts])
    names = tuple(str(part.pop('name')) for part in parts)
    factors = torch.from_numpy(np.stack([part.pop('factors') for part in parts]))
    fields = {
        name: torch.from_numpy(np.concatenate([part[name] for part in parts])) for name in parts[0]
    }
    return RenderedEvidence(
        starts=lengths.cumsum(0) - lengths,
        lengths=lengths,
        rates_hz=torch.full((len(parts),), _RATE_HZ),
        factors=factors,
        names=names,
        **fields,
    )


def _render(folder: Path, config: RenderConfig, numbers: Sequence[int]) -> None:
    renderer = EvidenceRenderer(config)
    for number in numbers:
        part = _part(folder, number)
        fresh = part.with_suffix('.new.npz')
        np.savez(fresh, **renderer.sequence(number))  # type: ignore[arg-type]
        fresh.replace(part)


def _part(folder: Path, number: int) -> Path:
    return folder / f'sequence_{number:06d}.npz'


def _half(values: FloatArray) -> FloatArray:
    """Keep numbers with a thousandth of their size, which is finer than any error in them."""
    return values.astype(np.float16)


def tracked_crop(reading: CropReading, crop: Crop) -> PersonCrop:
    """
    Make the record that tracking would make of what the network read.

    :param reading: of the crop.
    :param crop: where it lies in the image.
    """
    landmarks_m = reading.world_m.copy()
    landmarks_m[:, :2] = landmarks_m[:, :2] @ rotation_2d(crop.angle_rad).T
    keypoints_px = crop.to_image(reading.keypoints)
    return PersonCrop(
        track_id=0,
        state=TrackingState.TRACKED,
        box_xyxy_px=np.concatenate([keypoints_px.min(0), keypoints_px.max(0)]),
        confidence=float(reading.presence),
        keypoints_px=keypoints_px,
        keypoint_confidence=reading.keypoint_confidence,
        landmarks_m=landmarks_m,
        crop=crop,
        maps=reading.maps,
    )
