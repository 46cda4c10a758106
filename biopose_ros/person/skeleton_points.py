"""Where keypoints sit on the skeleton, and what an image and gravity say of its pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from biopose_ros.frames import GroundFrame, image_rays
from biopose_ros.keypoints.formats import POINTS
from biopose_ros.keypoints.landmark_points import LANDMARK_POINTS, foreign_stddev_m, unsure
from biopose_ros.keypoints.landmarks import LANDMARK_NAMES
from biopose_ros.person.stance import Stance, StanceRows
from biopose_ros.records import Camera, FloatArray, PersonCrop, SeenKeypoints
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.marker_kinematics import MarkerKinematics, compile_markers
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers

# Our landmarks are sure from here on; other detectors are less so of the same points.
_LEAST_CONFIDENCE, _LEAST_FOREIGN = 0.5, 0.3


@dataclass(frozen=True, eq=False)
class Projection:
    """
    Keypoints beside where a pose would show them, on the plane z = 1 of the camera.

    :param residual: [points, 2], seen less projected; NaN where not seen.
    :param slopes: [points, 2, coordinates], of the projected places.
    :param depth_m: [points].
    :param stance: what gravity says of the pose; None where its direction is not known.
    """

    residual: FloatArray
    slopes: FloatArray
    depth_m: FloatArray
    stance: StanceRows | None


@dataclass(frozen=True, eq=False)
class PointEvidence:
    """
    The keypoints of one image, and the skeleton that shows them.

    :param seen: the keypoints.
    :param markers: their places on the skeleton, and after them the points of the stance.
    :param scales: [segments, 3], of the person.
    :param ground: what coordinates count from.
    :param stance: measures by gravity; None where its direction is not known.
    """

    seen: SeenKeypoints
    markers: MarkerKinematics
    scales: FloatArray
    ground: GroundFrame
    stance: Stance | None = None

    @torch.inference_mode()
    def compare(self, coordinates: FloatArray, step_s: float) -> Projection:
        """
        Project the skeleton's points beside the keypoints.

        :param coordinates: [coordinates].
        :param step_s: since the last image, infinite for the first.
        """
        placed, jacobian, posture = self.markers.linearise(
            torch.from_numpy(coordinates), torch.from_numpy(self.scales)
        )
        count, places_m, all_moves = len(self.seen.rays), placed.numpy(), jacobian.numpy()
        points_m = self.ground.to_camera(places_m[:count])
        moves = self.ground.camera_from_ground @ all_moves[:count]  # [points, 3, coordinates]
        depth_m = points_m[:, 2]
        with np.errstate(divide='ignore', invalid='ignore'):
            places = points_m[:, :2] / depth_m[:, None]
            slopes = (moves[:, :2] - places[..., None] * moves[:, 2:]) / depth_m[:, None, None]
        stance = None
        if self.stance is not None:
            segments_m, camera_m = posture.frames.positions_m.numpy(), self.ground.camera_m
            stance = self.stance.rows(
                places_m[count:], all_moves[count:], segments_m, camera_m, step_s
            )
        return Projection(self.seen.rays - places, slopes, depth_m, stance)


class SkeletonPoints:
    """
    Knows the places of keypoints on a skeleton.

    :param skeleton: with the default skeleton's segments.
    :param ground: what coordinates count from.
    :attr ground: the same; set anew before each image of a moving camera.
    :attr count: number of keypoints.
    """

    def __init__(self, skeleton: Skeleton, ground: GroundFrame) -> None:
        points = LANDMARK_POINTS
        self.count = len(points)
        self.ground = ground
        self._landmarks = np.array([LANDMARK_NAMES.index(name) for name in points])
        self._stddev_m = np.array([point.stddev_m for point in points.values()])
        self._rows = {name: row for row, name in enumerate(points)}
        self._stance = Stance(skeleton)
        described = with_virtual_markers(skeleton).description
        self._markers = compile_markers(
            Skeleton(replace(described, markers=described.markers + self._stance.points)),
            [*(p.marker for p in points.values()), *(p.name for p in self._stance.points)],
            skeleton.default_coordinates,
        )
        # Axes of the body's parts are those of the segments: forward, up, right.
        self._shifts_m = torch.tensor([point.offset_m for point in points.values()]).double()

    def seen(self, crop: PersonCrop, camera: Camera) -> SeenKeypoints:
        """
        Take the keypoints that are sure enough.

        Another detector's points take the place of ours.

        :param crop: the person.
        :param camera: of the image; what lies beyond its edge is a guess.
        """
        px = crop.keypoints_px[self._landmarks].astype(np.float64)
        confidence = crop.keypoint_confidence[self._landmarks].astype(np.float64)
        stddev_m, is_foreign = self._stddev_m * unsure(confidence), np.zeros(self.count, bool)
        least = np.full(self.count, _LEAST_CONFIDENCE)
        if crop.foreign is not None:
            for name, place_px, sure in zip(
                crop.foreign.names, crop.foreign.px, crop.foreign.confidence, strict=True
            ):
                row = self._rows.get(POINTS[name].landmark)
                if row is not None and POINTS[name].marker and sure > 0:
                    px[row], confidence[row], is_foreign[row] = place_px, sure, True
                    stddev_m[row], least[row] = foreign_stddev_m(name) / sure, _LEAST_FOREIGN
        with np.errstate(invalid='ignore'):  # unknown points are NaN
            inside = ((px >= 0) & (px < [camera.width_px, camera.height_px])).all(axis=1)
        is_seen = inside & (confidence >= least)
        rays = image_rays(np.where(is_seen[:, None], px, 0.0), camera)[:, :2]
        return SeenKeypoints(
            np.where(is_seen[:, None], rays, np.nan),
            stddev_m,
            is_foreign,
        )

    def evidence(self, seen: SeenKeypoints, scales: FloatArray) -> PointEvidence:
        """
        Put keypoints beside a skeleton.

        :param seen: of one image.
        :param scales: [segments, 3].
        """
        own = torch.from_numpy(~seen.is_foreign)[:, None]
        offsets_m = self._markers.offsets_m.clone()
        offsets_m[: self.count] += self._shifts_m * own
        markers = replace(self._markers, offsets_m=offsets_m)
        stance = self._stance if self.ground.is_level else None
        return PointEvidence(seen, markers, scales, self.ground, stance)
