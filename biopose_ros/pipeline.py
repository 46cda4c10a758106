"""
The spine: one camera image in, the joint angles of everybody in it out.

``PersonTracker`` finds and follows the persons and reads their crops, a method
(:mod:`biopose_ros.methods`) turns crops into skeleton coordinates (mesh recovery, virtual markers,
NeurIK), and ``PersonMotion`` smooths them, adds velocities, and places the segments in front of
the camera by the skeleton's forward kinematics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.config import AUTO, DetectionConfig
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame
from biopose_ros.inference.stage_clock import StageClock
from biopose_ros.inference.torch_threads import one_torch_thread
from biopose_ros.inverse_kinematics.neurik_stage import NeurikStage
from biopose_ros.keypoints import DetectedKeypoints, take_foreign_keypoints
from biopose_ros.mesh_recovery.crop_encoder import CropEncoder, open_encoder
from biopose_ros.mesh_recovery.mesh_file import encoder_of
from biopose_ros.mesh_recovery.mesh_stage import MeshStage
from biopose_ros.mesh_recovery.predictor import MeshPredictor
from biopose_ros.methods import BioposeMethod, LandmarkMethod, Method
from biopose_ros.person.filtering import check_smoothing
from biopose_ros.person.motion import PersonMotion
from biopose_ros.records import (
    Camera,
    Crop,
    PersonCrop,
    PersonPose,
    TrackingState,
)
from biopose_ros.refinement.refiner import RefinementConfig, Refiner
from biopose_ros.skeleton import Skeleton, load_skeleton

METHODS = ('biopose', 'neurik', 'landmarks')
WARM_UP_SIZE_PX = (1280, 720)


@dataclass(frozen=True)
class PipelineConfig:
    """
    What the pipeline runs, and how.

    :param method: ``biopose`` recovers each person's mesh (MQ-HMR) and finds the skeleton in it
        with a network that sees the last second (NeurIK); ``landmarks`` fits the skeleton to
        BlazePose landmarks, image by image; ``neurik`` corrects that fit.
    :param device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :param mesh_weights: of a decoder of one's own for ``biopose``, with its encoder beside it
        where that was trained, too; None takes those that ship with the package.
    :param height_m: standing height of the person; None estimates it for each person.
    :param mass_kg: of the person; None estimates it from each person's shape and height.
    :param detection: finding and following persons.
    :param refinement: how far ``biopose`` brings meshes onto the 2D keypoints.
    :param smoothing: strength of the filter over time, 0 none to 1 strongest.
    :param camera_pitch_rad: how far the camera looks down; negative looks up.
    :param camera_roll_rad: how far the camera's right side is down.
    :param camera_height_m: of the camera over the floor, where y is 0 then; 0 where unknown.
    """

    method: str = 'biopose'
    device: str = 'auto'
    mesh_weights: Path | None = None
    height_m: float | None = None
    mass_kg: float | None = None
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    refinement: RefinementConfig = field(default_factory=RefinementConfig)
    smoothing: float = 0.5
    camera_pitch_rad: float = 0.0
    camera_roll_rad: float = 0.0
    camera_height_m: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f'unknown method {self.method!r}; choose one of {", ".join(METHODS)}')
        if self.height_m is not None and not 0.5 <= self.height_m <= 2.6:
            raise ValueError(
                f'height_m must be a standing height from 0.5 to 2.6 metres, got {self.height_m}'
            )
        if self.mass_kg is not None and not 2.0 <= self.mass_kg <= 400.0:
            raise ValueError(f'mass_kg must be from 2 to 400 kilograms, got {self.mass_kg}')
        check_smoothing(self.smoothing)
        self.ground_frame()

    def ground_frame(self) -> GroundFrame:
        """
        Give the ground frame of a camera that is mounted so.

        :raises ValueError: when no camera is mounted so.
        """
        return GroundFrame.of_camera(
            self.camera_pitch_rad, self.camera_roll_rad, self.camera_height_m
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
        self._encoder: CropEncoder | None = None
        self._tracker = self._build_tracker()
        self._refiner: Refiner | None = None
        self._method = self._build_method()
        self._persons: dict[int, PersonMotion] = {}

    @property
    def device(self) -> str:
        """Name what really runs the networks."""
        return self._tracker.device

    @property
    def refinements(self) -> Mapping[str, int]:
        """How many bodies were refined, or were not and why; see :attr:`~.Refiner.outcomes`."""
        return dict(self._refiner.outcomes) if self._refiner else {}

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength of the filter, from the next image on; any thread may call it.

        :raises ValueError: when it does not lie from 0 to 1.
        """
        self.config = replace(self.config, smoothing=smoothing)
        for person in list(self._persons.values()):
            person.set_smoothing(smoothing)

    def reset(self) -> None:
        """Forget everybody; track ids start again."""
        self._tracker.reset()
        self._keep_only(set())

    def warm_up(self) -> None:
        """Run every stage once: first calls are many times slower than later ones."""
        camera = guess_camera(*WARM_UP_SIZE_PX)
        picture = np.zeros((camera.height_px, camera.width_px, 3), np.uint8)
        self._tracker.update(picture, 0)
        somewhere = Crop(np.array([640.0, 360.0]), 720.0, 0.0)
        crops = self._encoded(picture, [self._tracker.look(picture, somewhere)])
        with one_torch_thread():
            self._poses(crops, camera, 0)
        self.reset()
        self.clock.clear()

    def process(
        self,
        image_bgr: NDArray[np.uint8],
        camera: Camera,
        stamp_ns: int,
        keypoints: DetectedKeypoints | None = None,
    ) -> list[PersonPose]:
        """
        Turn one image into the poses of everybody in it.

        :param image_bgr: [height, width, 3] uint8, OpenCV's channel order.
        :param camera: intrinsics of this image.
        :param stamp_ns: the image's stamp, nanoseconds; a step back starts afresh.
        :param keypoints: what another detector found in this image; it takes the place of our own
            keypoints of the persons that it found, too.
        :returns: one record per followed person, in the order of their ids.
        :raises ValueError: when the image is not a colour image.
        """
        with self.clock('detection'):
            tracked = self._tracker.update(image_bgr, stamp_ns)
        crops = [crop for crop in tracked if crop.state != TrackingState.LOST]
        self._keep_only({crop.track_id for crop in crops})
        if keypoints is not None:
            crops = take_foreign_keypoints(crops, keypoints)
        crops = self._encoded(image_bgr, crops)
        with one_torch_thread():
            poses = self._poses(crops, camera, stamp_ns)
        self.clock.end_image()
        return poses

    def _poses(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> list[PersonPose]:
        estimates = self._method.estimate(crops, camera, stamp_ns)
        with self.clock('filter'):
            poses = [
                self._person(crop.track_id).update(
                    crop, estimates.get(crop.track_id), camera, stamp_ns
                )
                for crop in crops
            ]
        return [pose for pose in poses if pose is not None]

    def _encoded(self, image_bgr: NDArray[np.uint8], crops: list[PersonCrop]) -> list[PersonCrop]:
        """Give crops the maps of an encoder of one's own, where there is one."""
        if self._encoder is None:
            return crops
        with self.clock('encoder'):
            return self._encoder.encode(image_bgr, crops)

    def _build_tracker(self) -> PersonTracker:
        config = self.config
        detection, weights = config.detection, config.mesh_weights
        if config.method != 'biopose':
            return PersonTracker(detection, config.device)
        if weights is not None:
            self._encoder = open_encoder(weights, config.device, detection.threads)
            if self._encoder is not None:  # trained beside the tracker's usual network
                return PersonTracker(detection, config.device)
            if detection.model == AUTO:
                detection = replace(detection, model=encoder_of(weights))
        return PersonTracker(detection, config.device, with_maps=True)

    def _build_method(self) -> Method:
        config = self.config
        if config.method == 'landmarks':
            return LandmarkMethod(self.skeleton, config.height_m, self.clock)
        neurik = NeurikStage(config.device)
        if config.method == 'neurik':
            return LandmarkMethod(self.skeleton, config.height_m, self.clock, neurik)
        encoder = self._encoder.name if self._encoder else self._tracker.model
        predictor = MeshPredictor(encoder, config.mesh_weights, config.device)
        mesh = MeshStage(predictor, config.height_m)
        self._refiner = Refiner(config.refinement)
        return BioposeMethod(mesh, self._refiner, neurik, self.clock)

    def _keep_only(self, followed: set[int]) -> None:
        """Forget everybody else."""
        for gone in self._persons.keys() - followed:
            del self._persons[gone]
            self._method.forget(gone)

    def _person(self, track_id: int) -> PersonMotion:
        if track_id not in self._persons:
            self._persons[track_id] = PersonMotion(
                self.skeleton,
                self.config.smoothing,
                self.config.ground_frame(),
                self.config.mass_kg,
            )
        return self._persons[track_id]
