"""
The records that flow through the pipeline, one frozen dataclass per stage.

Shapes are written in brackets. Unless a field says otherwise: metres, radians, pixels, and
nanoseconds since the epoch (or since the start of the video) for stamps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from biopose_ros.detection.crops import Crop
    from biopose_ros.feature_maps import FeatureMaps
    from biopose_ros.mesh_recovery.mesh_stage import PlacedBody

FloatArray = NDArray[np.floating]


class TrackingState(IntEnum):
    """How a person is followed; the values are those of ``JointAngleArray.msg``."""

    TENTATIVE = 0
    TRACKED = 1
    OCCLUDED = 2
    LOST = 3


@dataclass(frozen=True)
class Camera:
    """
    A pinhole camera in OpenCV's optical axes: x right, y down, z forward.

    :param width_px: image width.
    :param height_px: image height.
    :param intrinsics_px: [3, 3], the matrix K.
    :param distortion: [0, 4, 5 or 8] OpenCV coefficients (plumb_bob order); empty means none.
    :param is_calibrated: False where K is a guess from a typical field of view.
    :param focal_stddev: 1 sigma of the focal length relative to it, unitless; 0 where known.
    """

    width_px: int
    height_px: int
    intrinsics_px: FloatArray
    distortion: FloatArray
    is_calibrated: bool = True
    focal_stddev: float = 0.0


@dataclass(frozen=True)
class ForeignPoints:
    """
    Points of one person's body that another detector saw.

    :param names: of :data:`biopose_ros.keypoints.formats.POINTS`.
    :param px: [points, 2], full image; NaN where unknown.
    :param confidence: [points], 0 to 1; 0 where unknown.
    """

    names: tuple[str, ...]
    px: FloatArray
    confidence: FloatArray


@dataclass(frozen=True)
class PersonCrop:
    """
    One tracked person in one image, with the detector's landmarks.

    :param track_id: stays the same as long as the person is followed, also over short occlusions.
    :param state: tentative, tracked, or occluded (then the fields repeat the last sighting).
    :param box_xyxy_px: [4], the person's box in the full image.
    :param confidence: presence of a person in the crop, 0 to 1.
    :param keypoints_px: [33, 2], in the full image, names in
        :data:`biopose_ros.detection.landmarks.LANDMARK_NAMES`.
    :param keypoint_confidence: [33], 0 to 1.
    :param landmarks_m: [33, 3], origin between the hips, axes parallel to the camera's
        (x right, y down, z away from it); depth is the network's guess.
    :param crop: the square that the landmark network looked at.
    :param maps: an encoder's feature maps of it, where they were asked for.
    :param foreign: what another detector saw of the person, where there is one; its points stand
        among the keypoints, too, each as the landmark nearest in meaning.
    """

    track_id: int
    state: TrackingState
    box_xyxy_px: FloatArray
    confidence: float
    keypoints_px: FloatArray
    keypoint_confidence: FloatArray
    landmarks_m: FloatArray
    crop: Crop
    maps: FeatureMaps | None = None
    foreign: ForeignPoints | None = None


@dataclass(frozen=True)
class RecoveredBody:
    """
    One person's body as mesh recovery sees it in one image, in the camera's axes.

    :param track_id: whose.
    :param pose: [24, 3, 3], rotation of each joint relative to its parent, the root's to camera.
    :param betas: [components], the body's shape.
    :param joints_m: [24, 3].
    :param joint_stddev_m: [24], 1 sigma per axis, about the pelvis.
    :param joints_px: [24, 2], where the network sees the joints in the image.
    :param joint_stddev_px: [24], 1 sigma per axis.
    :param markers_m: [markers, 3], virtual markers in the order of
        :data:`biopose_ros.inverse_kinematics.body_parts.MARKER_NAMES`.
    :param marker_confidence: [markers], 0 to 1.
    :param summary: [features], what else the network knows, for NeurIK.
    """

    track_id: int
    pose: FloatArray
    betas: FloatArray
    joints_m: FloatArray
    joint_stddev_m: FloatArray
    joints_px: FloatArray
    joint_stddev_px: FloatArray
    markers_m: FloatArray
    marker_confidence: FloatArray
    summary: FloatArray


@dataclass(frozen=True)
class Markers:
    """
    Named points of one person in the OpenSim ground frame (see :mod:`biopose_ros.frames`).

    :param names: one name per marker.
    :param positions_m: [markers, 3], NaN where unknown.
    :param confidence: [markers], 0 to 1.
    """

    names: tuple[str, ...]
    positions_m: FloatArray
    confidence: FloatArray


@dataclass(frozen=True)
class PersonPose:
    """
    The result of the pipeline: one person at one image.

    Coordinates are in the order of the skeleton's ``coordinate_names``. NaN means unknown.

    :param person_id: ``person_<track id>``.
    :param stamp_ns: the image's own stamp.
    :param state: how the person is followed.
    :param confidence: 0 to 1.
    :param coordinates: [coordinates], radians; pelvis translations in metres, ground frame.
    :param velocities: [coordinates], radians or metres per second.
    :param stddev: [coordinates], 1 sigma, radians or metres.
    :param scales: [segments, 3], size factors relative to the skeleton file, unitless.
    :param scale_stddev: [segments], 1 sigma of the factors.
    :param segment_rotations: [segments, 3, 3], segment axes (x forward, y up, z right) to camera.
    :param segment_positions_m: [segments, 3], segment origins in the camera's optical frame.
    :param markers: the points that the skeleton was fitted to.
    :param stature_m: estimated or given standing height.
    :param stature_stddev_m: 1 sigma.
    :param box_xyxy_px: [4].
    :param keypoints_px: [33, 2].
    :param keypoint_confidence: [33].
    :param body: the mesh that this image showed; None where none was recovered in it.
    :param foot_contact: [left and right], probability that the foot stands on the ground.
    """

    person_id: str
    stamp_ns: int
    state: TrackingState
    confidence: float
    coordinates: FloatArray
    velocities: FloatArray
    stddev: FloatArray
    scales: FloatArray
    scale_stddev: FloatArray
    segment_rotations: FloatArray
    segment_positions_m: FloatArray
    markers: Markers
    stature_m: float
    stature_stddev_m: float
    box_xyxy_px: FloatArray
    keypoints_px: FloatArray
    keypoint_confidence: FloatArray
    body: PlacedBody | None = None
    foot_contact: FloatArray = field(default_factory=lambda: np.full(2, np.nan))
