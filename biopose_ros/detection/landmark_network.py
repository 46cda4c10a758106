"""BlazePose's landmark network: 33 landmarks of the person in each crop, and feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biopose_ros.inference.crops import crop_from_axis, cut_out
from biopose_ros.inference.feature_maps import MAPS, encode
from biopose_ros.inference.onnx_runtime import create_session
from biopose_ros.keypoints.landmarks import JOINTS, LANDMARK_NAMES
from biopose_ros.pretrained.networks import network_file
from biopose_ros.records import Crop, FeatureMaps, FloatArray

INPUT_PX = 256
_LANDMARKS = len(LANDMARK_NAMES)
POINT_OUTPUTS = ('landmarks', 'presence', 'heatmaps', 'world')
# The two landmarks after the named ones: middle of the hips, and where the trunk's direction
# meets the circle around the person.
_CENTER, _TOP = 33, 34
_CROP_MARGIN = 1.25
# Mean heat at the joints. Measured on 9 clips and sizes of real persons: 0.45 to 0.83 where the
# landmarks fit; at most 0.34 on 400 false boxes in photographs, textures, noise and shapes.
_SURE_HEAT = 0.6
_MIN_JOINTS_INSIDE = 4
# Side of the window, in cells, that refines a landmark, and the least heat in it, as published.
_REFINE_CELLS = 7
_REFINE_MIN_HEAT = 0.5


@dataclass(frozen=True)
class CropReading:
    """
    The network's output for one crop; places are 0 to 1 across the crop.

    :param presence: [], the network's own figure, 0 to 1.
    :param keypoints: [33, 2].
    :param keypoint_confidence: [33], 0 to 1, that the landmark is in the crop and not hidden.
    :param world_m: [33, 3], origin between the hips, axes of the crop: right, down, away.
    :param alignment: [2, 2], middle of the hips, and where the trunk's direction meets the circle
        around the person.
    :param maps: feature maps, where they were asked for.
    """

    presence: FloatArray
    keypoints: FloatArray
    keypoint_confidence: FloatArray
    world_m: FloatArray
    alignment: FloatArray
    maps: FeatureMaps | None = None
    POINT_FIELDS: ClassVar = ('presence', 'keypoints', 'keypoint_confidence', 'world_m')


@dataclass(frozen=True)
class Sighting:
    """
    What the network sees in one crop of an image.

    :param crop: where it looked.
    :param reading: what it said of the crop itself.
    :param presence: that there is a person in the crop, 0 to 1: the network's own figure, backed
        by the heat at the joints, without which it is sure of a person in flowers and clouds.
    :param keypoints_px: [33, 2], full image.
    :param confidence: [33], 0 to 1, that the landmark is in the image and not hidden.
    :param landmarks_m: [33, 3], origin between the hips, axes parallel to the camera's.
    :param next_crop: where to look in the next image.
    :param log_odds: that it is a person rather than a robot or a mannequin, by the look of it;
        0 where that was not judged.
    """

    crop: Crop
    reading: CropReading
    presence: float
    keypoints_px: FloatArray
    confidence: FloatArray
    landmarks_m: FloatArray
    next_crop: Crop
    log_odds: float = 0.0


class LandmarkNetwork:
    """
    Find the landmarks of persons whose place is known roughly.

    :param model: ``lite``, ``full`` or ``heavy``.
    :param device: see :func:`biopose_ros.inference.onnx_runtime.create_session`.
    :param threads: CPU threads, 0 for automatic.
    :param with_maps: give the feature maps as well.
    :raises NetworkFileError: when the network is not imported.
    """

    def __init__(
        self, model: str = 'full', device: str = 'auto', threads: int = 0, with_maps: bool = False
    ) -> None:
        path = network_file(f'pose_landmark_{model}_{"maps" if with_maps else "points"}.onnx')
        self.session = create_session(path, device, threads)
        self._levels = MAPS if with_maps else ()

    def run(self, image: NDArray[np.uint8], crops: Sequence[Crop]) -> list[Sighting]:
        """
        Look into all crops in one call.

        :param image: [height, width, 3], blue, green, red.
        :param crops: where to look.
        :returns: one sighting per crop.
        """
        if not crops:
            return []
        inputs = np.empty((len(crops), INPUT_PX, INPUT_PX, 3), np.uint8)
        cut_out(image, crops, INPUT_PX, inputs)
        return self.see(inputs, crops, np.array([image.shape[1], image.shape[0]]))

    def see(
        self,
        pictures: NDArray[np.uint8],
        crops: Sequence[Crop],
        image_size_px: NDArray[np.generic],
    ) -> list[Sighting]:
        """
        Look at crops that are cut out already, and tell where in their image things are.

        :param pictures: [crops, 256, 256, 3], blue, green, red.
        :param crops: what the pictures show.
        :param image_size_px: [2], width and height of the full image.
        :returns: one sighting per crop.
        """
        return [
            _sighting(image_size_px, crop, reading, heatmaps)
            for crop, (reading, heatmaps) in zip(crops, self._read(pictures), strict=True)
        ]

    def read(self, pictures: NDArray[np.uint8]) -> list[CropReading]:
        """
        Look at crops that are cut out already.

        :param pictures: [crops, 256, 256, 3], blue, green, red.
        :returns: one reading per crop.
        """
        return [reading for reading, _ in self._read(pictures)]

    def _read(self, pictures: NDArray[np.uint8]) -> list[tuple[CropReading, FloatArray]]:
        """Read crops, and give the heat maps [39, 64, 64], logits, of each."""
        found, batch = encode(self.session, pictures, POINT_OUTPUTS, self._levels)
        landmarks, presence, heatmaps, world = found
        readings = []
        for row in range(len(pictures)):
            values = landmarks[row], presence[row], heatmaps[row], world[row]
            maps = FeatureMaps(batch, row) if self._levels else None
            readings.append((crop_reading(*values, maps), heatmaps[row]))
        return readings


def crop_reading(
    landmarks: FloatArray,
    presence: FloatArray,
    heatmaps: FloatArray,
    world: FloatArray,
    maps: FeatureMaps | None = None,
) -> CropReading:
    """
    Tell what the network's outputs of one crop mean.

    :param landmarks: [195], of 39 landmarks x, y, z, pixels of 256, and two logits.
    :param presence: [1].
    :param heatmaps: [39, 64, 64], logits.
    :param world: [117], metres.
    :param maps: of the crop, to hand on.
    """
    values = landmarks.reshape(-1, 5).astype(np.float64)
    points = refine(values[:, :2] / INPUT_PX, heatmaps)
    return CropReading(
        presence=presence[0],
        keypoints=points[:_LANDMARKS],
        keypoint_confidence=_sigmoid(values[:_LANDMARKS, 3:]).prod(axis=1),
        world_m=world.reshape(-1, 3)[:_LANDMARKS].astype(np.float64),
        alignment=points[[_CENTER, _TOP]],
        maps=maps,
    )


def _sighting(
    image_size_px: NDArray[np.generic],
    crop: Crop,
    reading: CropReading,
    heatmaps: FloatArray,
) -> Sighting:
    """Convert places in the crop to the image."""
    points_px = crop.to_image(reading.keypoints)
    size_px = np.asarray(image_size_px, dtype=np.float64)
    is_inside = np.all((points_px >= 0) & (points_px < size_px), axis=1)
    backing = np.clip(joint_heat(reading.keypoints, heatmaps, is_inside) / _SURE_HEAT, 0, 1)
    landmarks_m = reading.world_m.copy()
    landmarks_m[:, :2] = landmarks_m[:, :2] @ crop.rotation.T
    center_px, top_px = crop.to_image(reading.alignment)
    return Sighting(
        crop=crop,
        reading=reading,
        presence=float(reading.presence * backing),
        keypoints_px=points_px,
        confidence=reading.keypoint_confidence,
        landmarks_m=landmarks_m,
        next_crop=crop_from_axis(center_px, top_px, _CROP_MARGIN),
    )


def refine(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """
    Move landmarks to the centre of heat around them, where the heat map is sure.

    :param points: [landmarks, 2], 0 to 1 across the crop.
    :param heatmaps: [landmarks, rows, columns], logits.
    :returns: [landmarks, 2], 0 to 1 across the crop.
    """
    count, rows, columns = heatmaps.shape
    reach = _REFINE_CELLS // 2
    offsets = np.arange(-reach, reach + 1)
    # Rounding down as the published pipeline does: cell k of n stands for position k / n.
    column = np.floor(points[:, 0] * columns).astype(np.int64)[:, None] + offsets
    row = np.floor(points[:, 1] * rows).astype(np.int64)[:, None] + offsets
    is_inside = ((row >= 0) & (row < rows))[:, :, None] & ((column >= 0) & (column < columns))[
        :, None
    ]
    index = np.arange(count)[:, None, None]
    logits = heatmaps[
        index, row.clip(0, rows - 1)[:, :, None], column.clip(0, columns - 1)[:, None]
    ]
    heat = np.where(is_inside, _sigmoid(logits.astype(np.float64)), 0.0)
    total = heat.sum(axis=(1, 2))
    weight = heat / np.maximum(total, 1e-12)[:, None, None]
    center = np.stack(
        [
            (weight.sum(axis=1) * column).sum(axis=1) / columns,
            (weight.sum(axis=2) * row).sum(axis=1) / rows,
        ],
        axis=1,
    )
    is_sure = heat.max(axis=(1, 2)) >= _REFINE_MIN_HEAT
    return np.where(is_sure[:, None], center, points)


def joint_heat(points: FloatArray, heatmaps: FloatArray, is_inside: FloatArray) -> float:
    """
    Measure the agreement of heat maps and landmarks.

    :param points: [landmarks, 2], 0 to 1 across the crop.
    :param heatmaps: [landmarks, rows, columns], logits.
    :param is_inside: [landmarks], which ones lie in the image.
    :returns: mean heat, 0 to 1, at those of the twelve main joints that lie in the image; 0 where
        they are too few to tell.
    """
    joints = [joint for joint in JOINTS if is_inside[joint]]
    if len(joints) < _MIN_JOINTS_INSIDE:
        return 0.0
    _, rows, columns = heatmaps.shape
    column, row = (points[joints] * [columns, rows]).astype(np.int64).T
    heat = _sigmoid(heatmaps[joints, row.clip(0, rows - 1), column.clip(0, columns - 1)])
    return float(heat.mean())


def _sigmoid(logits: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
