"""
The spine: one camera image in, the joint angles of everybody in it out.

``PersonTracker`` finds and follows the persons, ``LandmarkFit`` turns the landmarks of each into
skeleton coordinates, ``NeurikStage`` corrects them where it is asked for, ``CoordinateFilter``
smooths them and adds velocities, and the skeleton's forward kinematics places the segments in
front of the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.detection.config import DetectionConfig
from biopose_ros.detection.crops import Crop
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.camera import guess_camera
from biopose_ros.filtering import CoordinateFilter, FilterConfig, FilteredCoordinates
from biopose_ros.frames import CAMERA_FROM_GROUND, ground_to_camera
from biopose_ros.inverse_kinematics.body_size import BodySize
from biopose_ros.inverse_kinematics.landmark_fit import (
    LandmarkFit,
    LandmarkSolution,
    resting_person,
)
from biopose_ros.inverse_kinematics.neurik_stage import FittedPerson, NeurikStage
from biopose_ros.records import (
    Camera,
    FloatArray,
    Markers,
    PersonCrop,
    PersonPose,
    TrackingState,
)
from biopose_ros.skeleton import Skeleton, load_skeleton
from biopose_ros.skeleton.limits import is_circular
from biopose_ros.stage_clock import StageClock
from biopose_ros.torch_threads import one_torch_thread

METHODS = ('landmarks', 'neurik')
WARM_UP_SIZE_PX = (1280, 720)


@dataclass(frozen=True)
class PipelineConfig:
    """
    What the pipeline runs, and how.

    :param method: ``landmarks`` fits the skeleton to BlazePose landmarks, image by image;
        ``neurik`` corrects that fit with a network that sees the last second.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param height_m: standing height of the person; None estimates it for each person.
    :param detection: finding and following persons.
    :param filter: smoothing over time.
    """

    method: str = 'landmarks'
    device: str = 'auto'
    height_m: float | None = None
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    filter: FilterConfig = field(default_factory=FilterConfig)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f'unknown method {self.method!r}; choose one of {", ".join(METHODS)}')
        if self.height_m is not None and not 0.5 <= self.height_m <= 2.6:
            raise ValueError(
                f'height_m must be a standing height from 0.5 to 2.6 metres, got {self.height_m}'
            )


class Pipeline:
    """
    Estimate everybody's joint angles, image by image.

    :raises FileNotFoundError: when a network is missing; the text names the remedy.
    """

    def __init__(self, config: PipelineConfig | None = None) -> None:
        self.config = config or PipelineConfig()
        self.skeleton: Skeleton = load_skeleton()
        self.clock = StageClock()
        self._tracker = PersonTracker(self.config.detection, self.config.device)
        self._persons: dict[int, _Person] = {}
        is_neurik = self.config.method == 'neurik'
        self._neurik = NeurikStage(self.skeleton, self.config.device) if is_neurik else None

    @property
    def device(self) -> str:
        """Name what really runs the networks."""
        return self._tracker.device

    def reset(self) -> None:
        """Forget everybody; track ids start again."""
        self._tracker.reset()
        self._keep_only(set())

    def warm_up(self) -> None:
        """Run every stage once: first calls are many times slower than later ones."""
        camera = guess_camera(*WARM_UP_SIZE_PX)
        picture = np.zeros((camera.height_px, camera.width_px, 3), np.uint8)
        self._tracker.update(picture, 0)
        person = resting_person(self.skeleton, camera)
        middle_px = person.keypoints_px.mean(axis=0)
        self._tracker.network.run(picture, [Crop(middle_px, camera.height_px, 0.0)])
        with one_torch_thread():
            self._poses([person], camera, 0)
        self.reset()
        self.clock.clear()

    def process(
        self, image_bgr: NDArray[np.uint8], camera: Camera, stamp_ns: int
    ) -> list[PersonPose]:
        """
        Turn one image into the poses of everybody in it.

        :param image_bgr: [height, width, 3] uint8, OpenCV's channel order.
        :param camera: intrinsics of this image.
        :param stamp_ns: the image's stamp, nanoseconds; a step back starts afresh.
        :returns: one record per followed person, in the order of their ids.
        :raises ValueError: when the image is not a colour image.
        """
        with self.clock('detection'):
            tracked = self._tracker.update(image_bgr, stamp_ns)
        crops = [crop for crop in tracked if crop.state != TrackingState.LOST]
        self._keep_only({crop.track_id for crop in crops})
        with one_torch_thread():
            poses = self._poses(crops, camera, stamp_ns)
        self.clock.end_image()
        return poses

    def _poses(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> list[PersonPose]:
        persons = [self._person(crop.track_id) for crop in crops]
        with self.clock('landmark fit'):
            fits = {
                crop.track_id: FittedPerson(crop, solution, person.size.scales)
                for crop, person in zip(crops, persons, strict=True)
                if (solution := person.fit(crop, camera)) is not None
            }
        solutions = {key: fit.solution for key, fit in fits.items()}
        if self._neurik is not None:
            with self.clock('neurik'):
                solutions = self._neurik.refine(fits, camera, stamp_ns)
        with self.clock('filter'):
            poses = [
                person.pose(crop, solutions.get(crop.track_id), stamp_ns)
                for crop, person in zip(crops, persons, strict=True)
            ]
        return [pose for pose in poses if pose is not None]

    def _keep_only(self, followed: set[int]) -> None:
        """Forget everybody else."""
        for gone in self._persons.keys() - followed:
            del self._persons[gone]
            if self._neurik is not None:
                self._neurik.forget(gone)

    def _person(self, track_id: int) -> _Person:
        if track_id not in self._persons:
            self._persons[track_id] = _Person(self.skeleton, self.config)
        return self._persons[track_id]


class _Person:
    """What is remembered of one person from image to image."""

    def __init__(self, skeleton: Skeleton, config: PipelineConfig) -> None:
        self._skeleton = skeleton
        self._fit = LandmarkFit(skeleton, config.height_m)
        self._filter = CoordinateFilter(config.filter)
        self._last: FloatArray | None = None
        self._limits = (skeleton.lower_limits.numpy(), skeleton.upper_limits.numpy())
        self._is_turn = is_circular(skeleton).numpy()

    @property
    def size(self) -> BodySize:
        """Give the present estimate of the body's dimensions."""
        return self._fit.size

    def fit(self, crop: PersonCrop, camera: Camera) -> LandmarkSolution | None:
        """Fit the skeleton to this image; None where too little is seen."""
        return self._fit.update(crop, camera) if crop.state != TrackingState.OCCLUDED else None

    def pose(
        self, crop: PersonCrop, fit: LandmarkSolution | None, stamp_ns: int
    ) -> PersonPose | None:
        """Give the pose at this image; None while the person cannot be placed."""
        stamp_s = stamp_ns * 1e-9
        if fit is None:
            # Seen before but not measured now: predict, with growing uncertainty.
            filtered = self._filter.predict(stamp_s)
            markers = Markers((), np.zeros((0, 3)), np.zeros(0))
        else:
            filtered = self._filter.update(self._unwrap(fit.coordinates), fit.stddev, stamp_s)
            markers = fit.markers
        if filtered is None:
            return None
        return self._pose(crop, stamp_ns, filtered, markers)

    def _pose(
        self, crop: PersonCrop, stamp_ns: int, filtered: FilteredCoordinates, markers: Markers
    ) -> PersonPose:
        size = self.size
        coordinates = self._within_limits(filtered.positions)
        frames = self._skeleton.forward_kinematics(
            torch.from_numpy(coordinates), torch.from_numpy(size.scales)
        )
        return PersonPose(
            person_id=f'person_{crop.track_id}',
            stamp_ns=stamp_ns,
            state=crop.state if markers.names else TrackingState.OCCLUDED,
            confidence=crop.confidence,
            coordinates=coordinates,
            velocities=filtered.velocities,
            stddev=filtered.stddev,
            scales=size.scales,
            scale_stddev=size.scale_stddev,
            segment_rotations=CAMERA_FROM_GROUND @ frames.rotations.numpy(),
            segment_positions_m=ground_to_camera(frames.positions_m.numpy()),
            markers=markers,
            stature_m=size.stature_m,
            stature_stddev_m=size.stature_stddev_m,
            box_xyxy_px=crop.box_xyxy_px,
            keypoints_px=crop.keypoints_px,
            keypoint_confidence=crop.keypoint_confidence,
        )

    def _unwrap(self, coordinates: FloatArray) -> FloatArray:
        """Add whole turns, so that a person who turns round has no jump of 360 degrees."""
        if self._last is not None:
            turns = np.round((self._last - coordinates) / (2 * np.pi))
            coordinates = coordinates + np.where(self._is_turn, 2 * np.pi * turns, 0.0)
        self._last = coordinates
        return coordinates

    def _within_limits(self, coordinates: FloatArray) -> FloatArray:
        """Cut off where the filter overshoots a joint's limit; full turns have none."""
        return np.where(self._is_turn, coordinates, np.clip(coordinates, *self._limits))
