"""The part of an image that the pipeline sees: turned upright, cropped, the robot masked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from biopose_ros.records import Camera, FloatArray, PersonPose, PlacedBody
from biopose_ros.sensor_messages.images import BgrImage
from biopose_ros.settings import NodeConfig

# Cosine and sine of the clockwise turns of the picture.
_AXES = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}
_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def image_view(settings: NodeConfig) -> ImageView:
    """
    Make the view that the node's settings ask for.

    :raises ValueError: where they contradict each other.
    """
    region = tuple(float(word) for word in settings.region_of_interest.split())
    mask = Path(settings.mask_image) if settings.mask_image else None
    view = ImageView(settings.camera_rotation, region, mask)
    if settings.keypoints_topic and not view.is_plain:
        raise ValueError(
            'keypoints_topic goes with whole pictures as they are; leave camera_rotation, '
            'region_of_interest and mask_image alone'
        )
    return view


class ImageView:
    """
    Converts images and cameras to what the pipeline sees, and its results back.

    :param rotation_deg: clockwise turn after which the picture is upright: 0, 90, 180, 270.
    :param region_xywh: share of the picture to look at: left, top, width, height, 0 to 1; () for
        all of it.
    :param mask: a picture that is black where the robot itself is seen; None where it is not.
    :raises ValueError: where the mask is no picture or the region is empty.
    """

    def __init__(
        self,
        rotation_deg: int = 0,
        region_xywh: tuple[float, ...] = (),
        mask: Path | None = None,
    ) -> None:
        self._rotation_deg = rotation_deg
        self._region = region_xywh or (0.0, 0.0, 1.0, 1.0)
        corners = self._corners()
        if min(self._region[2:]) <= 0 or min(corners) < 0 or max(corners) > 1 + 1e-9:
            raise ValueError(f'region_of_interest {region_xywh} lies outside the picture')
        self._mask = None if mask is None else cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        if mask is not None and self._mask is None:
            raise ValueError(f'mask_image {mask} is not a picture that can be read')
        cosine, sine = _AXES[rotation_deg]
        # From the camera's axes to those of the turned one.
        self._turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        self._size_px = (0, 0)

    @property
    def is_plain(self) -> bool:
        """Whether the pipeline sees the picture as it is."""
        is_whole = self._region == (0.0, 0.0, 1.0, 1.0)
        return is_whole and self._rotation_deg == 0 and self._mask is None

    @property
    def camera_from_seen(self) -> FloatArray:
        """Rotation from the axes of the turned camera to those of the real one, [3, 3]."""
        return np.asarray(self._turn.T)

    def _corners(self) -> tuple[float, ...]:
        x, y, width, height = self._region
        return x, y, x + width, y + height

    def _box_px(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        left, top, right, bottom = self._corners()
        return (
            round(left * width_px),
            round(top * height_px),
            round(right * width_px),
            round(bottom * height_px),
        )

    def see(self, image_bgr: BgrImage, camera: Camera) -> tuple[BgrImage, Camera]:
        """
        Give the image and the camera that the pipeline sees.

        :param image_bgr: [height, width, 3].
        :param camera: of the image.
        """
        if self.is_plain:
            return image_bgr, camera
        height_px, width_px = image_bgr.shape[:2]
        left, top, right, bottom = self._box_px(width_px, height_px)
        part = slice(top, bottom), slice(left, right)
        seen: Any = image_bgr[part]
        if self._mask is not None:
            # What the mask leaves out is black: OpenCV's new pictures are.
            seen = cv2.copyTo(seen, self._mask_of(image_bgr)[part])
        if self._rotation_deg:
            seen = cv2.rotate(seen, _TURNS[self._rotation_deg])
        self._size_px = (right - left, bottom - top)
        return np.ascontiguousarray(seen), self._seen_camera(camera, left, top)

    def _mask_of(self, image_bgr: BgrImage) -> NDArray[np.uint8]:
        assert self._mask is not None
        height_px, width_px = image_bgr.shape[:2]
        if self._mask.shape != (height_px, width_px):
            self._mask = cv2.resize(
                self._mask, (width_px, height_px), interpolation=cv2.INTER_NEAREST
            )
        return np.asarray(self._mask, dtype=np.uint8)

    def _seen_camera(self, camera: Camera, left: int, top: int) -> Camera:
        width_px, height_px = self._size_px
        focal_px = camera.intrinsics_px[[0, 1], [0, 1]]
        middle_px = camera.intrinsics_px[:2, 2] - [left, top]
        if self._rotation_deg in (90, 270):
            focal_px = focal_px[::-1]
            width_px, height_px = height_px, width_px
        intrinsics_px = np.eye(3)
        intrinsics_px[[0, 1], [0, 1]] = focal_px
        intrinsics_px[:2, 2] = self._to_seen(middle_px)
        distortion = camera.distortion.copy()
        if len(distortion) and not camera.is_fisheye:  # whose coefficients are all radial
            # Tangential distortion is 2 (p.x) x + r^2 p with p = (p2, p1): it turns as a vector.
            distortion[[3, 2]] = self._turn[:2, :2] @ distortion[[3, 2]]
        return replace(
            camera,
            width_px=width_px,
            height_px=height_px,
            intrinsics_px=intrinsics_px,
            distortion=distortion,
        )

    def _to_seen(self, points_px: FloatArray) -> FloatArray:
        """Move points of the region to the turned picture; pixels count from corner centres."""
        turned = points_px @ self._turn[:2, :2].T
        last = np.array(self._size_px) - 1.0
        corners = np.array([[0.0, 0.0], last]) @ self._turn[:2, :2].T
        return np.asarray(turned - corners.min(axis=0))

    def _from_seen(self, points_px: FloatArray, origin_px: FloatArray) -> FloatArray:
        last = np.array(self._size_px) - 1.0
        corners = np.array([[0.0, 0.0], last]) @ self._turn[:2, :2].T
        return np.asarray((points_px + corners.min(axis=0)) @ self._turn[:2, :2] + origin_px)

    def back(self, person: PersonPose, camera: Camera) -> PersonPose:
        """
        Take a result back to the whole picture and the camera's own axes.

        :param person: as the pipeline sees them.
        :param camera: of the whole picture.
        """
        if self.is_plain:
            return person
        left, top, _, _ = self._box_px(camera.width_px, camera.height_px)
        origin_px = np.array([left, top], dtype=float)
        corners = self._from_seen(person.box_xyxy_px.reshape(2, 2), origin_px)
        return replace(
            person,
            box_xyxy_px=np.concatenate([corners.min(axis=0), corners.max(axis=0)]),
            keypoints_px=self._from_seen(person.keypoints_px, origin_px),
            segment_rotations=self._turn.T @ person.segment_rotations,
            segment_positions_m=person.segment_positions_m @ self._turn,
            body=self._body_back(person.body, origin_px),
        )

    def _body_back(self, placed: PlacedBody | None, origin_px: FloatArray) -> PlacedBody | None:
        if placed is None:
            return None
        body = placed.rescaled
        pose = body.pose.copy()
        pose[0] = self._turn.T @ pose[0]
        body = replace(
            body,
            pose=pose,
            joints_m=body.joints_m @ self._turn,
            markers_m=body.markers_m @ self._turn,
            joints_px=self._from_seen(body.joints_px, origin_px),
        )
        return replace(placed, rescaled=body)
