"""
The methods that turn tracked persons into skeletons, image by image.

``LandmarkMethod`` fits the skeleton to BlazePose's landmarks, and lets NeurIK correct the fit
where it is asked for. ``BioposeMethod`` recovers the mesh of each person (MQ-HMR), takes vertices
as virtual markers, and gives these to NeurIK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch

from biopose_ros.inference.stage_clock import StageClock
from biopose_ros.inverse_kinematics.landmark_fit import LandmarkFit
from biopose_ros.inverse_kinematics.neurik_stage import NeurikStage, person_frame
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.records import (
    BodySize,
    Camera,
    Markers,
    PersonCrop,
    PersonEstimate,
    PlacedBody,
    SkeletonFit,
    TrackingState,
)
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.settings import PipelineConfig
from biopose_ros.skeleton import Skeleton
from biopose_ros.virtual_markers.body_placing import BodyPlacing
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers


class Method(Protocol):
    """Turns tracked persons into skeletons; remembers what it needs of each."""

    def estimate(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> dict[int, PersonEstimate]:
        """
        Estimate all tracked persons.

        :param crops: of all that are tracked, occluded ones too.
        :param camera: of the image.
        :param stamp_ns: of the image.
        :returns: by track id; persons who are not measured in this image are left out.
        """

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """
        Set the standing height of a person, from the next image on.

        :param height_m: None for the configured height.
        """

    @property
    def refinements(self) -> Mapping[str, int]:
        """How many bodies were refined, or not and why; see :attr:`~.Refiner.outcomes`."""


def build_method(
    config: PipelineConfig, skeleton: Skeleton, encoder: str, clock: StageClock
) -> Method:
    """
    Load the networks of a method.

    :param config: of the pipeline.
    :param skeleton: the default skeleton.
    :param encoder: whose feature maps the crops will carry.
    :param clock: counts the stages' time.
    """
    if config.method == 'landmarks':
        return LandmarkMethod(skeleton, config.height_m, clock)
    neurik = NeurikStage(config.device, config.neurik_weights)
    if config.method == 'neurik':
        return LandmarkMethod(skeleton, config.height_m, clock, neurik)
    predictor = MeshPredictor(encoder, config.mesh_weights, config.device, body=config.body)
    refiner = Refiner(config.refinement, config.body)
    placing = BodyPlacing(config.height_m, config.body)
    return BioposeMethod(predictor, refiner, placing, neurik, clock)


class LandmarkMethod:
    """
    The classical way: inverse kinematics on the detector's 3D landmarks.

    :param skeleton: the default skeleton.
    :param height_m: standing height where known.
    :param clock: counts the stages' time.
    :param neurik: corrects the fits; its virtual markers are those of the mean body, carried
        by the fitted skeleton.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        height_m: float | None,
        clock: StageClock,
        neurik: NeurikStage | None = None,
    ) -> None:
        self._skeleton, self._height_m, self._clock = skeleton, height_m, clock
        self._neurik = neurik
        self._marked = with_virtual_markers(skeleton) if neurik is not None else None
        self._pelvis_x = skeleton.coordinate_index('pelvis_tx')
        self._fits: dict[int, LandmarkFit] = {}
        self._heights_m: dict[int, float] = {}

    @property
    def refinements(self) -> Mapping[str, int]:
        """Empty: there is no mesh to refine."""
        return {}

    def estimate(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> dict[int, PersonEstimate]:
        """Fit the skeleton to each person's landmarks; see :class:`Method`."""
        found: dict[int, PersonEstimate] = {}
        seen = _visible(crops)
        with self._clock('landmark fit'):
            for crop in seen:
                height_m = self._heights_m.get(crop.track_id, self._height_m)
                fit = self._fits.setdefault(crop.track_id, LandmarkFit(self._skeleton, height_m))
                solution = fit.update(crop, camera)
                if solution is not None:
                    found[crop.track_id] = PersonEstimate(solution, fit.size)
        if self._neurik is None:
            return found
        by_id = {crop.track_id: crop for crop in seen}
        with self._clock('neurik'):
            frames = [
                person_frame(by_id[key], camera, stamp_ns, *self._marked_at(estimate))
                for key, estimate in found.items()
            ]
            solutions = self._neurik.solve(frames)
        for key, solved in solutions.items():
            solution = replace(
                found[key].solution, coordinates=solved.coordinates, stddev=solved.stddev
            )
            found[key] = replace(found[key], solution=solution)
        return found

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._fits.pop(track_id, None)
        self._heights_m.pop(track_id, None)
        if self._neurik is not None:
            self._neurik.forget(track_id)

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """Begin the fit of a person anew with another height; see :class:`Method`."""
        self._fits.pop(track_id, None)
        self._heights_m.pop(track_id, None)
        if height_m is not None:
            self._heights_m[track_id] = height_m

    def _marked_at(self, estimate: PersonEstimate) -> tuple[Markers, float]:
        """Place the mean body's markers on a fitted skeleton, and give the pelvis's depth."""
        assert self._marked is not None
        coordinates = estimate.solution.coordinates
        positions_m = self._marked.marker_positions(
            torch.from_numpy(coordinates), torch.from_numpy(estimate.size.scales)
        ).numpy()
        names = self._marked.marker_names
        # Ground x points from the scene to the camera.
        depth_m = -float(coordinates[self._pelvis_x])
        return Markers(names, positions_m, np.ones(len(names))), depth_m


class BioposeMethod:
    """
    BioPose: mesh recovery, virtual markers, NeurIK.

    :param predictor: recovers bodies.
    :param refiner: brings them onto the 2D keypoints.
    :param placing: gives them a steady size, and virtual markers.
    :param neurik: finds the skeleton from the markers.
    :param clock: counts the stages' time.
    """

    def __init__(
        self,
        predictor: MeshPredictor,
        refiner: Refiner,
        placing: BodyPlacing,
        neurik: NeurikStage,
        clock: StageClock,
    ) -> None:
        self._predictor, self._refiner, self._placing = predictor, refiner, placing
        self._neurik, self._clock = neurik, clock
        self._sizes: dict[int, SizeMemory] = {}

    @property
    def refinements(self) -> Mapping[str, int]:
        """See :class:`Method`."""
        return self._refiner.outcomes

    def estimate(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> dict[int, PersonEstimate]:
        """Recover the meshes of all persons, and the skeletons in them; see :class:`Method`."""
        seen = _visible(crops)
        with self._clock('mesh'):
            recovered = self._predictor.recover(seen, camera)
        with self._clock('refinement'):
            refined = self._refiner.refine(recovered, seen, camera, stamp_ns)
            bodies = [self._placing.place(body) for body in refined]
        frames = [
            person_frame(crop, camera, stamp_ns, body.markers, body.depth_m, body.rescaled.summary)
            for crop, body in zip(seen, bodies, strict=True)
        ]
        with self._clock('neurik'):
            solutions = self._neurik.solve(frames)
        placed = {body.rescaled.track_id: body for body in bodies}
        found = {}
        for key, solved in solutions.items():
            memory = self._sizes.setdefault(key, SizeMemory())
            memory.observe(solved.scales, solved.scale_stddev)
            solution = SkeletonFit(solved.coordinates, solved.stddev, placed[key].markers)
            found[key] = PersonEstimate(solution, memory.size(placed[key]), placed[key])
        return found

    def forget(self, track_id: int) -> None:
        """Drop what is remembered of a person."""
        self._sizes.pop(track_id, None)
        self._placing.set_height(track_id, None)
        self._refiner.forget(track_id)
        self._neurik.forget(track_id)

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """Set the standing height of a person; see :class:`Method`."""
        self._placing.set_height(track_id, height_m)


class SizeMemory:
    """One person's size factors: the mean of NeurIK's estimates, since bones do not grow."""

    _LONGEST = 300  # images; from then on a running mean over about as many

    def __init__(self) -> None:
        self._count = 0
        self._scales = np.zeros(0)
        self._stddev = np.zeros(0)

    def observe(self, scales: np.ndarray, stddev: np.ndarray) -> None:
        """
        Take one image in.

        :param scales: [segments, 3].
        :param stddev: [segments], 1 sigma.
        """
        self._count = min(self._count + 1, self._LONGEST)
        if self._count == 1:
            self._scales, self._stddev = scales, stddev
        self._scales = self._scales + (scales - self._scales) / self._count
        self._stddev = self._stddev + (stddev - self._stddev) / self._count

    def size(self, body: PlacedBody) -> BodySize:
        """
        Give the present estimate.

        :param body: has the stature.
        """
        return BodySize(self._scales, self._stddev, body.stature_m, body.stature_stddev_m)


def _visible(crops: Sequence[PersonCrop]) -> list[PersonCrop]:
    return [c for c in crops if c.is_looked_at and c.state != TrackingState.OCCLUDED]
