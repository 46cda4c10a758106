"""Run NeurIK on live markers: one step per image, however long the window; state per person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from biopose_ros.inference.onnx_runtime import create_session, running_device
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.held_pelvis import HIP_KEYPOINTS
from biopose_ros.inverse_kinematics.neurik_file import INPUT_NAMES, onnx_graph
from biopose_ros.records import FloatArray, Markers
from biopose_ros.skeleton import Skeleton, load_skeleton, scale_groups
from biopose_ros.skeleton.pelvis import pelvis_coordinates
from biopose_ros.virtual_markers.body_parts import BODY_PARTS, MARKER_NAMES

# Tilt and rotation of the pelvis go all the way round; list does not.
_FULL_TURNS = (0, 2)


@dataclass(frozen=True)
class PersonFrame:
    """
    One person in one image.

    :param person: track id, the same from image to image.
    :param stamp_ns: of the image.
    :param markers: virtual markers in the ground frame, which starts from the camera; NaN where
        missing. Those that the network does not know are left out, those that it misses count as
        missing.
    :param keypoints_m: [keypoints, 3], where the rays of 2D keypoints cross the plane through the
        pelvis that faces the camera, ground frame, NaN where unknown; None without 2D evidence.
    :param keypoint_confidence: [keypoints], 0 to 1.
    :param features: [features], of the mesh network about the image, NaN or None where
        unknown.
    """

    person: int
    stamp_ns: int
    markers: Markers
    keypoints_m: FloatArray | None = None
    keypoint_confidence: FloatArray | None = None
    features: FloatArray | None = None


@dataclass(frozen=True)
class NeurikSolution:
    """
    The network's answer for one person; all NaN until the pelvis or both hips have been seen.

    :param coordinates: [coordinates], radians and metres; the pelvis's tilt and rotation run on
        beyond half a turn as long as the person is followed, all others are within their limits.
    :param stddev: [coordinates], 1 sigma.
    :param scales: [segments, 3], size factors, unitless.
    :param scale_stddev: [segments], 1 sigma.
    """

    coordinates: FloatArray
    stddev: FloatArray
    scales: FloatArray
    scale_stddev: FloatArray


@dataclass
class _Memory:
    """What is kept of a person: keys and values of the last frames, in a ring."""

    keys: FloatArray
    values: FloatArray
    stamps_ns: np.ndarray  # -1 where empty
    rotation: FloatArray
    origin_m: FloatArray
    is_placed: bool = False  # whether the pelvis was ever seen
    next_place: int = 0
    angles_rad: FloatArray = field(default_factory=lambda: np.full(3, np.nan))


class NeurikPredictor:
    """
    Estimates coordinates of any number of persons, image after image.

    :ivar device: where the network runs.
    """

    def __init__(self, weights: Path | None = None, device: str = 'auto') -> None:
        """
        Load the network; the first time its ONNX graph is written into the user's cache.

        :param weights: a weights file; None for the one that ships with the package.
        :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        :raises ValueError: when the weights are broken.
        """
        graph, self.config = onnx_graph(weights)
        self.skeleton: Skeleton = load_skeleton()
        self._session = create_session(graph, device, threads=1)
        self.device = running_device(self._session)
        self._members = scale_groups(self.skeleton).members.numpy()
        self._memories: dict[int, _Memory] = {}

    def update(self, frames: Sequence[PersonFrame]) -> list[NeurikSolution]:
        """
        Estimate the persons of one image.

        A stamp that is not later than the person's last starts the person afresh; so does a gap
        that is longer than the network's window.

        :param frames: one per person.
        :returns: one solution per person, in the same order.
        :raises ValueError: when a person's markers cannot show the pelvis's attitude at all, or a
            shape is wrong.
        """
        if not frames:
            return []
        rows = [_arranged(frame, self.config) for frame in frames]
        memories = [self._memory(frame) for frame in frames]
        stamps_ns = np.array([frame.stamp_ns for frame in frames], dtype=np.int64)
        outputs = self._session.run(None, self._inputs(rows, memories, stamps_ns))
        angles, rotations, places_m, factors, log_stddev, keys, values, held, origins_m = outputs
        pelvis = self._pelvis(rotations, places_m)
        solutions = []
        for row, (frame, memory) in enumerate(zip(frames, memories, strict=True)):
            _remember(memory, frame.stamp_ns, keys[row], values[row])
            memory.rotation, memory.origin_m = held[row], origins_m[row]
            memory.is_placed |= _is_placed(rows[row])
            coordinates = np.concatenate([pelvis[row], angles[row]]).astype(np.float64)
            coordinates[:3] = _unrolled(coordinates[:3], memory.angles_rad)
            stddev = np.exp(log_stddev[row].astype(np.float64))
            if memory.is_placed:
                memory.angles_rad = coordinates[:3]
            solutions.append(self._solution(coordinates, stddev, factors[row], memory.is_placed))
        return solutions

    def forget(self, person: int) -> None:
        """
        Drop a person's state; does nothing for a person never seen.

        :param person: track id.
        """
        self._memories.pop(person, None)

    def _memory(self, frame: PersonFrame) -> _Memory:
        """Give the person's memory, a new one where time jumped."""
        memory = self._memories.get(frame.person)
        if memory is not None:
            since_ns = frame.stamp_ns - int(memory.stamps_ns.max())
            if 0 < since_ns <= self.config.window_s * 1e9:
                return memory
        stored = (self.config.layers, self.config.window_frames - 1, self.config.frame_size)
        memory = _Memory(
            np.zeros(stored, np.float32),
            np.zeros(stored, np.float32),
            np.full(stored[1], -1, np.int64),
            np.eye(3, dtype=np.float32),
            np.zeros(3, np.float32),
        )
        self._memories[frame.person] = memory
        return memory

    @staticmethod
    def _inputs(
        rows: list[dict[str, FloatArray]], memories: list[_Memory], stamps_ns: np.ndarray
    ) -> dict[str, FloatArray]:
        past_ns = np.stack([memory.stamps_ns for memory in memories])
        ages_s = np.where(past_ns >= 0, (stamps_ns[:, None] - past_ns) * 1e-9, -1.0)
        inputs = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        inputs.update(
            held_rotation=np.stack([memory.rotation for memory in memories]),
            held_origin_m=np.stack([memory.origin_m for memory in memories]),
            keys=np.stack([memory.keys for memory in memories]),
            values=np.stack([memory.values for memory in memories]),
            ages_s=ages_s,
        )
        return {name: inputs[name].astype(np.float32, copy=False) for name in INPUT_NAMES}

    def _pelvis(self, rotations: FloatArray, places_m: FloatArray) -> FloatArray:
        found = pelvis_coordinates(
            self.skeleton,
            torch.from_numpy(rotations).double(),
            torch.from_numpy(places_m).double(),
        )
        pelvis: FloatArray = found.numpy()
        return pelvis

    def _solution(
        self, coordinates: FloatArray, stddev: FloatArray, factors: FloatArray, is_placed: bool
    ) -> NeurikSolution:
        unknown = 1.0 if is_placed else np.nan
        scales = self._members @ factors.astype(np.float64)
        spread = (self._members @ stddev[len(coordinates) :]).mean(axis=-1)
        return NeurikSolution(
            coordinates * unknown,
            stddev[: len(coordinates)] * unknown,
            scales * unknown,
            spread * unknown,
        )


def _arranged(frame: PersonFrame, config: NeurikConfig) -> dict[str, FloatArray]:
    """Bring one person's evidence into the network's order, missing points weighted with zero."""
    markers, count = frame.markers, len(frame.markers.names)
    if markers.positions_m.shape != (count, 3) or markers.confidence.shape != (count,):
        raise ValueError(
            f'{frame.person}: expected positions [{count}, 3] and confidence [{count}] for '
            f'{count} marker names, got {list(markers.positions_m.shape)} and '
            f'{list(markers.confidence.shape)}'
        )
    known, place = _places(markers.names)
    positions_m, weights = np.zeros((len(MARKER_NAMES), 3)), np.zeros(len(MARKER_NAMES))
    positions_m[place], weights[place] = _seen(
        markers.positions_m[known], markers.confidence[known]
    )
    keypoints_m: FloatArray = np.zeros((config.keypoints, 3))
    confidence: FloatArray = np.zeros(config.keypoints)
    if frame.keypoints_m is not None and frame.keypoint_confidence is not None:
        if frame.keypoints_m.shape != keypoints_m.shape:
            raise ValueError(
                f'{frame.person}: expected keypoints {list(keypoints_m.shape)}, got '
                f'{list(frame.keypoints_m.shape)}'
            )
        keypoints_m, confidence = _seen(frame.keypoints_m, frame.keypoint_confidence)
    features, is_described = _features(frame, config)
    return {
        'positions_m': positions_m,
        'weights': weights,
        'keypoints_m': keypoints_m,
        'keypoint_weights': confidence,
        'features': features,
        'feature_weights': is_described,
    }


def _features(frame: PersonFrame, config: NeurikConfig) -> tuple[FloatArray, FloatArray]:
    """Give the mesh network's features, and 1, or 0 where there are none."""
    unknown: FloatArray = np.zeros(config.feature_size)
    if frame.features is None:
        return unknown, np.array(0.0)
    if frame.features.shape != unknown.shape:
        raise ValueError(
            f'{frame.person}: expected features {list(unknown.shape)}, got '
            f'{list(frame.features.shape)}; mesh network and NeurIK are of different releases'
        )
    is_described = bool(np.isfinite(frame.features).all())
    return np.where(is_described, frame.features, 0.0), np.array(float(is_described))


def _seen(points_m: FloatArray, confidence: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give missing points weight zero, and finite numbers."""
    is_seen = np.isfinite(points_m).all(axis=-1) & (confidence > 0)
    return np.where(is_seen[:, None], points_m, 0.0), np.where(is_seen, confidence, 0.0)


@lru_cache(maxsize=16)
def _places(names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Find where given markers stand among the network's."""
    places = {name: place for place, name in enumerate(MARKER_NAMES)}
    known = [row for row, name in enumerate(names) if name in places]
    place = [places[names[row]] for row in known]
    weights = np.zeros(len(MARKER_NAMES))
    weights[place] = 1.0
    if not _shows_pelvis(weights):
        wanted = next(part for part in BODY_PARTS if part.name == 'pelvis').markers
        raise ValueError(
            f'these markers cannot show how the pelvis is turned: of {", ".join(wanted)} only '
            f'{", ".join(set(names) & set(wanted)) or "none"} are among them'
        )
    return known, place


def _is_placed(row: dict[str, FloatArray]) -> bool:
    """Check whether this frame's markers or keypoints show where the pelvis is."""
    return _shows_pelvis(row['weights']) or bool(
        (row['keypoint_weights'][HIP_KEYPOINTS] > 0).all()
    )


def _shows_pelvis(weights: FloatArray) -> bool:
    return bool((_pelvis_groups() @ (weights > 0)).all())


@lru_cache(maxsize=1)
def _pelvis_groups() -> FloatArray:
    """Give groups of which the pelvis's axes need at least one marker: [groups, markers]."""
    pelvis = next(part for part in BODY_PARTS if part.name == 'pelvis')
    groups = (pelvis.origin, *pelvis.primary[1:], *pelvis.secondary[1:])
    return np.array([[float(name in group) for name in MARKER_NAMES] for group in groups])


def _remember(memory: _Memory, stamp_ns: int, key: FloatArray, value: FloatArray) -> None:
    place = memory.next_place
    memory.keys[:, place], memory.values[:, place] = key, value
    memory.stamps_ns[place] = stamp_ns
    memory.next_place = (place + 1) % len(memory.stamps_ns)


def _unrolled(angles_rad: FloatArray, last_rad: FloatArray) -> FloatArray:
    """Add whole turns so that tilt and rotation follow the last ones."""
    followed = angles_rad.copy()
    for axis in _FULL_TURNS:
        if np.isfinite(last_rad[axis]):
            turns = np.round((last_rad[axis] - angles_rad[axis]) / (2 * np.pi))
            followed[axis] += 2 * np.pi * turns
    return followed
