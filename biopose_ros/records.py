"""
The records that flow through the pipeline, one frozen dataclass per stage.

Shapes are written in brackets. Unless a field says otherwise: metres, radians, pixels, and
nanoseconds since the epoch (or since the start of the video) for stamps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime
    from torch import Tensor

FloatArray = NDArray[np.floating]
PERSON_ID_STEM = 'person_'


class TrackingState(IntEnum):
    """How a person is followed; the values are those of ``JointAngleArray.msg``."""

    TENTATIVE = 0
    TRACKED = 1
    OCCLUDED = 2
    LOST = 3

    @property
    def is_seen(self) -> bool:
        """Whether the person shows in the image itself."""
        return self in (TrackingState.TENTATIVE, TrackingState.TRACKED)


@dataclass(frozen=True)
class Camera:
    """
    A camera in OpenCV's optical axes: x right, y down, z forward.

    :param width_px: image width.
    :param height_px: image height.
    :param intrinsics_px: [3, 3], the matrix K.
    :param distortion: [0, 4, 5 or 8] OpenCV coefficients, [4] of a fisheye lens; empty for none.
    :param is_calibrated: False where K is a guess from a typical field of view.
    :param focal_stddev: 1 sigma of the focal length relative to it, unitless; 0 where known.
    :param is_fisheye: equidistant: distance from the image's centre goes with the angle from the
        axis, not with its tangent (Kannala and Brandt 2006, as in OpenCV's fisheye module).
    """

    width_px: int
    height_px: int
    intrinsics_px: FloatArray
    distortion: FloatArray
    is_calibrated: bool = True
    focal_stddev: float = 0.0
    is_fisheye: bool = False

    @property
    def focal_px(self) -> float:
        """Focal length: the geometric mean of both axes'."""
        return float(np.sqrt(abs(np.linalg.det(self.intrinsics_px[:2, :2]))))


@dataclass(frozen=True)
class Crop:
    """
    A square in the image, rotated so that the person in it stands upright.

    :param center_px: [2], full image.
    :param size_px: length of a side, full image.
    :param angle_rad: direction of the crop's right-hand axis, from image x towards image y
        (clockwise as seen).
    """

    center_px: FloatArray
    size_px: float
    angle_rad: float

    @property
    def rotation(self) -> FloatArray:
        """Rotation of directions in the crop to directions in the image, [2, 2]."""
        cosine, sine = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.array([[cosine, -sine], [sine, cosine]])

    def to_image(self, points: FloatArray) -> FloatArray:
        """
        Move points from the crop to the image.

        :param points: [..., 2], 0 to 1 across the crop.
        :returns: [..., 2], pixels of the full image.
        """
        return (points - 0.5) * self.size_px @ self.rotation.T + self.center_px

    def from_image(self, points_px: FloatArray) -> FloatArray:
        """
        Move points from the image to the crop.

        :param points_px: [..., 2], pixels of the full image.
        :returns: [..., 2], 0 to 1 across the crop.
        """
        return (points_px - self.center_px) @ self.rotation / self.size_px + 0.5


@dataclass(frozen=True, eq=False)
class MapBatch:
    """
    The maps of all crops of one call of an encoder.

    :param levels: by level, [crops, channels, rows, columns] float32, on the encoder's device.
    """

    levels: Mapping[str, onnxruntime.OrtValue | Tensor]

    def numpy(self, level: str) -> FloatArray:
        """
        Copy one level to the CPU.

        :param level: of :data:`biopose_ros.inference.feature_maps.MAPS`.
        :returns: [crops, channels, rows, columns].
        """
        values: FloatArray = self.levels[level].numpy()
        return values


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """
    The maps of one crop.

    :param batch: that holds them.
    :param row: of the crop in the batch.
    """

    batch: MapBatch
    row: int


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
        :data:`biopose_ros.keypoints.landmarks.LANDMARK_NAMES`.
    :param keypoint_confidence: [33], 0 to 1.
    :param landmarks_m: [33, 3], origin between the hips, axes parallel to the camera's
        (x right, y down, z away from it); depth is the network's guess.
    :param crop: the square that the landmark network looked at.
    :param maps: an encoder's feature maps of it, where they were asked for.
    :param foreign: what another detector saw of the person, where there is one; its points stand
        among the keypoints, too, each as the landmark nearest in meaning.
    :param is_looked_at: whether the network read this image; else it was others' turn, and the
        fields are those of the last sighting, moved on.
    :param person_odds: how much likelier a person looks like this than a humanoid robot or a
        mannequin; 1 where that was not judged.
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
    is_looked_at: bool = True
    person_odds: float = 1.0


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
        :data:`biopose_ros.virtual_markers.body_parts.MARKER_NAMES`.
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
class PlacedBody:
    """
    A recovered body of the person's steady size.

    :param rescaled: the recovered body scaled about the camera, so that it looks the same.
    :param markers: its virtual markers, ground frame.
    :param depth_m: of the middle of the hips along the optical axis.
    :param scale: by which the recovered body was made larger.
    :param stature_m: given standing height, or that of an average adult.
    :param stature_stddev_m: 1 sigma; 0 where it was given.
    """

    rescaled: RecoveredBody
    markers: Markers
    depth_m: float
    scale: float
    stature_m: float
    stature_stddev_m: float


@dataclass(frozen=True)
class BodySize:
    """
    A person's dimensions.

    :param scales: [segments, 3], factors on the skeleton file, unitless.
    :param scale_stddev: [segments], 1 sigma.
    :param stature_m: standing height.
    :param stature_stddev_m: 1 sigma; 0 where the height is given.
    """

    scales: FloatArray
    scale_stddev: FloatArray
    stature_m: float
    stature_stddev_m: float


@dataclass(frozen=True)
class SkeletonFit:
    """
    The skeleton fitted to one image.

    :param coordinates: [coordinates], radians and metres, ground frame.
    :param stddev: [coordinates], 1 sigma.
    :param markers: what it was fitted to, ground frame: virtual markers or detected landmarks.
    """

    coordinates: FloatArray
    stddev: FloatArray
    markers: Markers


@dataclass(frozen=True)
class PersonEstimate:
    """
    One person's skeleton at one image.

    :param solution: coordinates, uncertainty and markers, in the camera-tilted ground frame.
    :param size: the present estimate of the body's dimensions.
    :param body: the mesh that it rests on, where there is one.
    """

    solution: SkeletonFit
    size: BodySize
    body: PlacedBody | None = None


@dataclass(frozen=True, eq=False)
class SeenKeypoints:
    """
    The confident keypoints of one image.

    :param rays: [points, 2], x and y where z = 1, camera frame, in the order of
        :data:`biopose_ros.keypoints.landmark_points.LANDMARK_POINTS`; NaN where not seen.
    :param stddev_m: [points], 1 sigma per axis, at the person.
    :param is_foreign: [points], seen by another detector.
    """

    rays: FloatArray
    stddev_m: FloatArray
    is_foreign: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ImageEvidence:
    """
    What one image alone says of a person's pose: what the estimator over time takes in.

    :param fit: the skeleton fitted to the image, ground frame.
    :param keypoints: seen in it.
    """

    fit: SkeletonFit
    keypoints: SeenKeypoints


@dataclass(frozen=True)
class PersonPose:
    """
    The result of the pipeline: one person at one image.

    Coordinates are in the order of the skeleton's ``coordinate_names``. NaN means unknown.

    :param track_id: stays the same as long as the person is followed.
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
    :param mass_kg: estimated or given; NaN where unknown.
    :param mass_stddev_kg: 1 sigma; 0 where the mass is given.
    :param evidence: what this image alone says; None where the person was not seen in it.
    """

    track_id: int
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
    mass_kg: float = float('nan')
    mass_stddev_kg: float = float('nan')
    evidence: ImageEvidence | None = None

    @property
    def person_id(self) -> str:
        """Name the person, as files do."""
        return f'{PERSON_ID_STEM}{self.track_id}'


def track_id_of(person_id: str) -> int:
    """Take the number out of a person's name in files or messages, with any prefix."""
    return int(person_id.rpartition(PERSON_ID_STEM)[2])
