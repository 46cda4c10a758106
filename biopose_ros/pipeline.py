"""
The spine: one camera image in, the joint angles of everybody in it out.

``PersonTracker`` finds and follows the persons and reads their crops, a method
(:mod:`biopose_ros.methods`) turns crops into skeleton coordinates (mesh recovery, virtual markers,
NeurIK), and ``PersonMotion`` smooths them, adds velocities, and places the segments in front of
the camera by the skeleton's forward kinematics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.detection.upright_edges import CameraLevel
from biopose_ros.files.camera import guess_camera
from biopose_ros.frames import GroundFrame
from biopose_ros.inference.stage_clock import StageClock
from biopose_ros.inference.torch_threads import one_torch_thread
from biopose_ros.keypoints import DetectedKeypoints, take_foreign_keypoints
from biopose_ros.mesh_recovery.crop_encoder import CropEncoder, open_encoder
from biopose_ros.mesh_recovery.mesh_file import encoder_of
from biopose_ros.methods import build_method
from biopose_ros.person.certainty import DOUBTFUL, Certainty, CertaintyModel
from biopose_ros.person.motion import PersonMotion
from biopose_ros.person.plausibility import PlausibleMotion
from biopose_ros.records import Camera, Crop, PersonCrop, PersonPose, TrackingState
from biopose_ros.settings import PipelineConfig
from biopose_ros.settings.pipeline import AUTO
from biopose_ros.skeleton import Skeleton, load_skeleton

WARM_UP_SIZE_PX = (1280, 720)
# A person who fills this share of the image's shorter side is near.
NEAR_SHARE = 0.5


class Pipeline:
    """
    Estimate everybody's joint angles, image by image.

    :raises FileNotFoundError: when a network is missing; the text names the remedy.
    """

    def __init__(self, config: PipelineConfig | None = None) -> None:
        self.config = config or PipelineConfig()
        self.skeleton: Skeleton = load_skeleton()
        self.clock = StageClock()
        self._tracker, self._encoder = build_tracker(self.config)
        encoder = self._encoder.name if self._encoder else self._tracker.model
        self._method = build_method(self.config, self.skeleton, encoder, self.clock)
        self.certainty = Certainty(self.skeleton, CertaintyModel.load())
        self._plausible = PlausibleMotion(self.skeleton)
        self._persons: dict[int, PersonMotion] = {}
        self._announced: set[int] = set()
        self._stamp_ns = 0
        self._begin_level()

    def _begin_level(self) -> None:
        """Take the camera as it is said to be mounted; seek its tilt where nothing is said."""
        config = self.config
        pitch_rad, roll_rad = config.camera_pitch_rad, config.camera_roll_rad
        self._ground = GroundFrame.of_camera(pitch_rad, roll_rad, config.camera_height_m)
        seeks = config.find_level and not (pitch_rad or roll_rad)
        self._level = CameraLevel(config.camera_height_m) if seeks else None

    @property
    def ground(self) -> GroundFrame:
        """
        The ground frame that coordinates count from: that of the camera as it is mounted.

        It turns once the camera's tilt is found, before anybody is followed.
        """
        return self._ground

    def stand_on(self, ground: GroundFrame) -> None:
        """
        Set the ground frame, from the next image on.

        :param ground: as the camera sees it then; a camera that moves needs a new one for each
            image.
        """
        self._level = None
        self._turn_ground(ground)

    def _turn_ground(self, ground: GroundFrame) -> None:
        self._ground = ground
        for person in self._persons.values():
            person.stand_on(ground)

    @property
    def device(self) -> str:
        """Name what really runs the networks."""
        return self._tracker.device

    @property
    def refinements(self) -> Mapping[str, int]:
        """How many bodies were refined, or were not and why; see :attr:`~.Refiner.outcomes`."""
        return dict(self._method.refinements)

    def set_smoothing(self, smoothing: float) -> None:
        """
        Change the strength of the filter, from the next image on; any thread may call it.

        :raises ValueError: when it does not lie from 0 to 1.
        """
        self.config = replace(self.config, smoothing=smoothing)
        for person in list(self._persons.values()):
            person.set_smoothing(smoothing)

    def reset(self) -> list[PersonPose]:
        """
        Forget everybody; their ids are not used again.

        :returns: the last record of each, as lost, with the stamp of the last image.
        """
        self._tracker.reset()
        lost = self._keep_only(set())
        if self._level is not None:
            self._begin_level()
        return lost

    def forget(self, track_id: int) -> list[PersonPose]:
        """
        Forget one person; somebody who is still seen comes back under a new id.

        :param track_id: of the person.
        :returns: the last record, as lost, with the stamp of the last image; none where there is
            no such person.
        """
        self._tracker.forget(track_id)
        return self._keep_only(self._persons.keys() - {track_id})

    def set_height(self, track_id: int, height_m: float | None) -> None:
        """
        Set one person's standing height, from the next image on.

        :param track_id: of the person.
        :param height_m: None for the configured height.
        """
        self._method.set_height(track_id, height_m)

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
        :returns: one record per followed person, in the order of their ids, then a last one, as
            lost, of each whose track has ended. Tracks that were never confirmed, or never
            confident enough, are left out.
        :raises ValueError: when the image is not a colour image.
        """
        if self._level is not None:
            turned = self._level.look(image_bgr, camera, stamp_ns, is_free=not self._persons)
            if turned is not None:
                self._turn_ground(turned)
        with self.clock('detection'):
            tracked = self._tracker.update(image_bgr, stamp_ns)
        self._stamp_ns = stamp_ns
        crops = [crop for crop in tracked if crop.state != TrackingState.LOST]
        lost = self._keep_only({crop.track_id for crop in crops})
        if keypoints is not None:
            crops = take_foreign_keypoints(crops, keypoints)
        crops = self._encoded(image_bgr, crops)
        with one_torch_thread():
            poses = self._poses(crops, camera, stamp_ns)
        self.clock.end_image()
        return poses + lost

    def _poses(
        self, crops: Sequence[PersonCrop], camera: Camera, stamp_ns: int
    ) -> list[PersonPose]:
        estimates = {
            track_id: estimate
            for track_id, estimate in self._method.estimate(crops, camera, stamp_ns).items()
            if self._plausible.accepts(track_id, estimate.solution, stamp_ns)
        }
        with self.clock('filter'):
            poses = [
                self._person(crop.track_id).update(
                    crop, estimates.get(crop.track_id), camera, stamp_ns
                )
                for crop in crops
            ]
            judged = [
                (crop.state, self._judged(pose, crop.person_odds, camera))
                for crop, pose in zip(crops, poses, strict=True)
                if pose is not None
            ]
        # A track that is not confirmed, or not believed, is no person yet: it ends unreported.
        self._announced |= {
            pose.track_id
            for state, pose in judged
            if state != TrackingState.TENTATIVE and self._is_believed(pose, camera)
        }
        return [pose for _, pose in judged if pose.track_id in self._announced]

    def _judged(self, pose: PersonPose, person_odds: float, camera: Camera) -> PersonPose:
        """
        Give a pose its confidence, deviations and state.

        What rather looks like a robot or a mannequin loses confidence by the odds.
        """
        pose = self._with_state(self.certainty.judge(pose, camera))
        return replace(pose, confidence=pose.confidence * min(1.0, person_odds))

    def _with_state(self, pose: PersonPose) -> PersonPose:
        """Call a person tentative who is doubtful and might face the other way."""
        is_doubtful = pose.state is TrackingState.TRACKED and pose.confidence < DOUBTFUL
        if is_doubtful and not self._plausible.knows_facing(pose.track_id):
            return replace(pose, state=TrackingState.TENTATIVE)
        return pose

    def _is_believed(self, pose: PersonPose, camera: Camera) -> bool:
        """Check whether a track is a person: near, or confident enough."""
        left, top, right, bottom = pose.box_xyxy_px
        share = max(right - left, bottom - top) / min(camera.width_px, camera.height_px)
        return bool(
            share >= NEAR_SHARE or pose.confidence >= self.config.detection.start_confidence
        )

    def _encoded(self, image_bgr: NDArray[np.uint8], crops: list[PersonCrop]) -> list[PersonCrop]:
        """Replace the crops' maps by those of the user's encoder, where there is one."""
        if self._encoder is None:
            return crops
        with self.clock('encoder'):
            return self._encoder.encode(image_bgr, crops)

    def _keep_only(self, followed: Set[int]) -> list[PersonPose]:
        """Forget everybody else; give their last records."""
        lost = []
        for gone in sorted(self._persons.keys() - followed):
            pose = self._persons.pop(gone).lost(self._stamp_ns)
            self._method.forget(gone)
            self._plausible.forget(gone)
            if gone in self._announced:
                lost.append(pose)
        self._announced &= followed
        return [pose for pose in lost if pose is not None]

    def _person(self, track_id: int) -> PersonMotion:
        if track_id not in self._persons:
            self._persons[track_id] = PersonMotion(
                self.skeleton,
                self.config.smoothing,
                self.ground,
                self.config.mass_kg,
                self.config.body,
            )
        return self._persons[track_id]


def build_tracker(config: PipelineConfig) -> tuple[PersonTracker, CropEncoder | None]:
    """
    Load what finds persons and reads their crops.

    :param config: of the pipeline.
    :returns: the tracker, and the encoder that belongs to ``mesh_weights``; without one, the
        tracker's landmark network gives the feature maps, too.
    """
    detection, weights = config.detection, config.mesh_weights
    if config.method != 'biopose':
        return PersonTracker(detection, config.device), None
    if weights is not None:
        encoder = open_encoder(weights, config.device, detection.threads)
        if encoder is not None:
            return PersonTracker(detection, config.device), encoder
        if detection.model == AUTO:
            detection = replace(detection, model=encoder_of(weights))
    return PersonTracker(detection, config.device, with_maps=True), None
