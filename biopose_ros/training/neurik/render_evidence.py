"""
Show synthetic image sequences to the networks, as live images would be, and keep what they say.

Sequences are worked off in shards of a few, by several processes; a run that was stopped goes on
with the shards that are missing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from biopose_ros.body import load_body
from biopose_ros.detection.landmark_network import LandmarkNetwork, Sighting
from biopose_ros.detection.sides import SideVote
from biopose_ros.frames import camera_to_ground, image_rays
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import FloatArray, PersonCrop, TrackingState
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.mesh.data import sample_view
from biopose_ros.training.neurik.label_store import network_truth
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence
from biopose_ros.training.orphans import is_orphan
from biopose_ros.training.synthesis.camera_path import RATE_HZ
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_sequence_generator
from biopose_ros.training.synthesis.tie import LabelTie
from biopose_ros.virtual_markers.body_parts import HIP_ROWS, MARKER_NAMES
from biopose_ros.virtual_markers.body_placing import BodyPlacing

SEQUENCES_PER_SHARD = 4
# True markers about the true middle of the hips: kept in the shards, for measuring alone.
TRUE_MARKERS = 'true_markers_m'
_AT_ONCE = 8  # images; more take memory and no less time
_LEAST_PRESENCE = 0.5


@dataclass(frozen=True)
class RenderConfig:
    """
    What is rendered, and who looks at it.

    :param images: split, seed and motion.
    :param encoder: the landmark network: ``full`` or ``heavy``.
    :param weights: of mesh recovery; None for those that ship with the package.
    """

    images: SynthesisConfig
    encoder: str = 'heavy'
    weights: Path | None = None


class EvidenceRenderer:
    """Renders sequences and runs the networks on them."""

    def __init__(self, config: RenderConfig) -> None:
        """
        Load body, motion and networks.

        :param config: what to render.
        :raises FileNotFoundError: when a network or its weights are missing.
        """
        tie = LabelTie(load_body())
        self.generator = build_sequence_generator(config.images, tie=tie.motion)
        self.network = LandmarkNetwork(config.encoder, 'cpu', 1, with_maps=True)
        self.predictor = MeshPredictor(config.encoder, config.weights, 'cpu', 1)
        self.skeleton = load_skeleton()
        assert self.generator.markers is not None
        self._rows = [self.generator.markers.index(name) for name in MARKER_NAMES]

    def sequence(self, number: int) -> dict[str, Any]:
        """
        Render one sequence.

        :param number: of the sequence.
        :returns: the fields of :class:`RenderedEvidence`, one clip, and its true markers.
        """
        samples = self.generator.chunk(number)
        evidence = self._look(samples)
        return {**evidence, **self._truth(samples, evidence['origins_m'])}

    def _look(self, samples: Sequence[SyntheticSample]) -> dict[str, FloatArray]:
        """Follow the person as the pipeline does, image by image."""
        placing, sides = BodyPlacing(None), SideVote()
        refiner = Refiner()
        frames: list[dict[str, FloatArray]] = []
        for start in range(0, len(samples), _AT_ONCE):
            some = samples[start : start + _AT_ONCE]
            pictures = np.stack([sample.image_bgr for sample in some])
            views = [
                sample_view(s.intrinsics_px, s.image_size_px, s.crop_from_image) for s in some
            ]
            crops = [crop for crop, _ in views]
            sightings = self.network.see(pictures, crops, some[0].image_size_px)
            settled = [
                sides.settle(sighting, 1 / RATE_HZ if start + place else 0.0)
                for place, sighting in enumerate(sightings)
            ]
            camera = views[0][1]
            persons = [person_of(sighting) for sighting in settled]
            recovered = self.predictor.recover(persons, camera)
            for place, (person, raw) in enumerate(zip(persons, recovered, strict=True), start):
                stamp_ns = round(1e9 * place / RATE_HZ)
                (refined,) = refiner.refine([raw], [person], camera, stamp_ns)
                body = placing.place(refined)
                origin_m = body.markers.positions_m[HIP_ROWS].mean(0)
                rays = camera_to_ground(image_rays(person.keypoints_px, camera))
                # Ground x points to the camera, so rays run towards -x.
                crossed_m = rays * (origin_m[0] / rays[:, :1])
                is_seen = float(person.confidence > _LEAST_PRESENCE)
                frames.append(
                    {
                        'origins_m': origin_m,
                        'markers_m': body.markers.positions_m - origin_m,
                        'marker_weights': body.markers.confidence * is_seen,
                        'keypoints_m': crossed_m - origin_m,
                        'keypoint_weights': person.keypoint_confidence * is_seen,
                        'features': body.rescaled.summary,
                    }
                )
        return {
            name: np.stack([frame[name] for frame in frames]).astype(np.float32)
            for name in frames[0]
        }

    def _truth(self, samples: Sequence[SyntheticSample], origins_m: FloatArray) -> dict[str, Any]:
        """Give the skeleton's truth, moved along its rays to where the hips were taken to be."""
        coordinates = np.stack([sample.coordinates for sample in samples]).astype(np.float64)
        true_m = camera_to_ground(np.stack([sample.markers_m[self._rows] for sample in samples]))
        centres_m = true_m[:, HIP_ROWS].mean(1)
        # One camera cannot tell a near small person from a far tall one.
        nearer = origins_m[:, :1] / centres_m[:, :1]
        scales = samples[0].scales
        truth = network_truth(self.skeleton, coordinates, scales, origins_m, nearer)
        return {
            **truth,
            'factors': truth['factors'][None],
            TRUE_MARKERS: (true_m - centres_m[:, None]).astype(np.float32),
            'lengths': np.array([len(samples)]),
            'rates_hz': np.array([RATE_HZ], np.float32),
            'names': np.array([samples[0].clip]),
        }


def person_of(sighting: Sighting) -> PersonCrop:
    """
    Make the record that tracking makes of a sighting.

    :param sighting: of the only person.
    """
    return PersonCrop(
        track_id=1,
        state=TrackingState.TRACKED,
        box_xyxy_px=np.zeros(4),
        confidence=sighting.presence,
        keypoints_px=sighting.keypoints_px,
        keypoint_confidence=sighting.confidence,
        landmarks_m=sighting.landmarks_m,
        crop=sighting.crop,
        maps=sighting.reading.maps,
    )


def render_evidence(
    folder: Path,
    config: RenderConfig,
    frames: int,
    workers: int = 2,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> RenderedEvidence:
    """
    Render sequences until there are enough frames; goes on where it was stopped.

    :param folder: for shards and log.
    :param config: what to render.
    :param frames: in all, at least.
    :param workers: processes.
    :param advance: called with frames done and frames wanted.
    :returns: all sequences of the folder in the order of their numbers.
    :raises ValueError: when the folder holds other sequences.
    :raises RuntimeError: when a worker failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described, note = json.dumps(asdict(config), default=str, indent=2), folder / 'render.json'
    if note.exists() and note.read_text() != described:
        raise ValueError(f'{folder} holds other sequences, see {note}; give an empty folder')
    note.write_text(described)
    context = get_context('spawn')
    processes = [
        context.Process(target=_render, args=(folder, config, frames, worker, workers))
        for worker in range(workers)
    ]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        next(process for process in processes if process.is_alive()).join(1.0)
        advance(min(_frames_done(folder), frames), frames)
    if any(process.exitcode for process in processes):
        raise RuntimeError(f'a process that rendered failed; see {folder / "render.log"}')
    return joined_evidence(folder)


def _render(folder: Path, config: RenderConfig, frames: int, worker: int, workers: int) -> None:
    """Make every n-th missing shard, until all shards together have enough frames."""
    logging.basicConfig(
        filename=folder / 'render.log',
        level=logging.INFO,
        format=f'%(asctime)s process {worker}: %(message)s',
    )
    try:
        renderer, shard = None, worker
        while _frames_done(folder) < frames and not is_orphan():
            path = shard_path(folder, shard)
            if not path.exists():
                renderer = renderer or EvidenceRenderer(config)
                first = shard * SEQUENCES_PER_SHARD
                parts = [
                    renderer.sequence(number)
                    for number in range(first, first + SEQUENCES_PER_SHARD)
                ]
                made: dict[str, Any] = {
                    name: np.concatenate([part[name] for part in parts]) for name in parts[0]
                }
                # Whole or not at all: a process may be stopped at any time.
                half = path.with_suffix('.half.npz')
                np.savez(half, **made)
                half.rename(path)
                logging.info('shard %d: %d frames', shard, int(made['lengths'].sum()))
            shard += workers
    except Exception:
        logging.exception('stopped')
        os._exit(1)


def shard_path(folder: Path, shard: int) -> Path:
    """
    Name a shard's file.

    :param folder: of the run.
    :param shard: its number.
    """
    return folder / f'shard-{shard:05d}.npz'


def read_shards(folder: Path) -> dict[str, FloatArray]:
    """
    Join the arrays of all shards.

    :param folder: of a run.
    :raises FileNotFoundError: when there is none.
    """
    paths = sorted(folder.glob('shard-?????.npz'))
    if not paths:
        raise FileNotFoundError(f'{folder}: no rendered sequences (shard-*.npz)')
    shards = [np.load(path, allow_pickle=False) for path in paths]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0].files}


def joined_evidence(folder: Path) -> RenderedEvidence:
    """
    Put the shards of a run together.

    :param folder: of the run.
    :raises FileNotFoundError: when there is none.
    """
    arrays = read_shards(folder)
    lengths = torch.from_numpy(arrays['lengths'])
    names = tuple(str(name) for name in arrays['names'])
    wanted = {field.name for field in fields(RenderedEvidence)} - {'names', 'starts'}
    tensors = {name: torch.from_numpy(arrays[name]) for name in wanted}
    return RenderedEvidence(**tensors, starts=lengths.cumsum(0) - lengths, names=names)


def _frames_done(folder: Path) -> int:
    done = 0
    for path in folder.glob('shard-?????.npz'):
        with np.load(path) as shard:
            done += int(shard['lengths'].sum())
    return done
