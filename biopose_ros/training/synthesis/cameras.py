"""Where the camera stands, what it sees of the person, and the crop that tracking would take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from biopose_ros.inference.crops import crop_from_axis
from biopose_ros.mesh_recovery.crop_camera import turn_to_axis
from biopose_ros.records import Camera, Crop, FloatArray
from biopose_ros.training.synthesis.chance import pick

# Width, height; half of the sampled frames are turned upright.
_FRAMES_PX = ((640, 480), (1280, 720), (1920, 1080), (848, 480), (1440, 1080))
_CROP_MARGIN = 1.25  # as BlazePose's own pipeline
# A standing person's least share of the image's height, and the distance that this allows.
LEAST_SHARE, _FARTHEST_M = 0.25, 25.0
# Persons before a robot, or at a desk, are often larger than the image.
_CLOSE_SHARE, _LARGEST = 0.12, 2.2


@dataclass(frozen=True)
class View:
    """
    A camera in the world.

    :param camera: the full image's camera.
    :param camera_from_world: [3, 3], rotation from the world (y up) to camera axes (y down).
    :param position_m: [3], world.
    """

    camera: Camera
    camera_from_world: FloatArray
    position_m: FloatArray

    def to_camera(self, points_m: FloatArray) -> FloatArray:
        """
        Express world points in camera axes.

        :param points_m: [..., 3], metres, world.
        :returns: [..., 3], metres, camera.
        """
        return (points_m - self.position_m) @ self.camera_from_world.T


def choose_view(
    random: np.random.Generator,
    target_m: FloatArray,
    stature_m: float,
    least_share: float = LEAST_SHARE,
) -> View:
    """
    Point a camera so that a person is somewhere in the image.

    The lens is chosen first (20 to 95 degrees along the longer side: tele to ultra-wide phone),
    then the person's share of the image, which gives the distance, then the height, then the pixel
    where the person's middle lies, which gives pan and tilt.

    :param random: source of chance.
    :param target_m: [3], world, middle of the person.
    :param stature_m: height of the person.
    :param least_share: of the image's height, that a standing person takes up at least.
    :returns: the view.
    """
    width, height = _FRAMES_PX[random.integers(len(_FRAMES_PX))]
    if random.random() < 0.4:
        width, height = height, width
    angle = np.radians(np.clip(random.normal(62.0, 16.0), 20.0, 95.0))
    focal = 0.5 * max(width, height) / np.tan(0.5 * angle)
    is_close = random.random() < _CLOSE_SHARE
    sizes = (0.95, _LARGEST) if is_close else (least_share, 0.95)
    share = np.exp(random.uniform(*np.log(sizes)))
    farthest = _FARTHEST_M * LEAST_SHARE / least_share
    nearest = 0.7 if is_close else 1.2
    distance = float(np.clip(focal * stature_m / (share * height), nearest, farthest))
    camera_height = pick(random, [random.uniform(0.3, 3.0), random.uniform(0.9, 1.8)])
    camera_height = float(np.clip(camera_height, 0.3, 0.3 + 0.75 * distance))
    turn = random.uniform(0.0, 2 * np.pi)
    away = np.array([np.sin(turn), 0.0, np.cos(turn)])
    position = np.array([target_m[0], 0.0, target_m[2]]) + distance * away
    position[1] = camera_height
    roll = random.normal(0.0, np.radians(4.0))
    if random.random() < 0.02:
        roll += pick(random, [-1, 1]) * np.pi / 2  # a phone held the other way
    frame_px = np.array([width, height])
    if is_close:
        pixel = _place_close(random) * frame_px
    else:
        pixel = _place_in_frame(random, frame_px, share * height)
    intrinsics = np.array(
        [[focal, 0, 0.5 * (width - 1)], [0, focal, 0.5 * (height - 1)], [0, 0, 1.0]]
    )
    rotation = _aim(target_m - position, pixel, intrinsics, roll)
    return View(Camera(width, height, intrinsics, np.zeros(0)), rotation, position)


def _place_in_frame(
    random: np.random.Generator, frame_px: FloatArray, person_px: float
) -> FloatArray:
    """Choose where the person's middle lies: wholly inside for four in five, else anywhere."""
    half = np.array([0.3, 0.5]) * person_px
    if random.random() < 0.2:
        half = 0.35 * half
    half = np.minimum(half, 0.48 * frame_px)
    return half + random.beta(1.6, 1.6, 2) * (frame_px - 2 * half)


def _place_close(random: np.random.Generator) -> FloatArray:
    """Choose where the middle of a person who is larger than the image lies, as shares of it."""
    down = pick(
        random,
        [random.uniform(0.6, 1.1), random.uniform(-0.1, 0.4), random.uniform(0.2, 0.8)],
        [0.55, 0.2, 0.25],  # from the waist up, legs alone, the middle
    )
    return np.array([random.uniform(-0.05, 1.05), down])


def _aim(
    towards: FloatArray, pixel: FloatArray, intrinsics: FloatArray, roll_rad: float
) -> FloatArray:
    """Turn a camera so that a world direction falls on a pixel."""
    x, y, z = towards / np.linalg.norm(towards)
    flat = np.hypot(x, z)
    look = np.array([[-z, 0.0, x], [x * y, -flat * flat, y * z], [x * flat, y * flat, z * flat]])
    look /= flat
    turn = turn_to_axis(np.linalg.solve(intrinsics, [*pixel, 1.0])).T
    return turn @ Rotation.from_euler('z', roll_rad).as_matrix() @ look


def exact_crop(hips_px: FloatArray, shoulders_px: FloatArray, body_px: FloatArray) -> Crop:
    """
    Cut the crop as tracking without errors would.

    :param hips_px: [2, 2], hip joints, full image.
    :param shoulders_px: [2, 2], shoulder joints, full image.
    :param body_px: [points, 2], points that the circle around the person must hold.
    """
    centre = hips_px.mean(0)
    axis = shoulders_px.mean(0) - centre
    axis = axis / (np.linalg.norm(axis) + 1e-6)
    radius = np.linalg.norm(body_px - centre, axis=1).max()
    return crop_from_axis(centre, centre + radius * axis, _CROP_MARGIN)


def choose_crop(random: np.random.Generator, exact: Crop) -> Crop:
    """
    Give a crop the error that tracking has.

    :param random: source of chance.
    :param exact: from :func:`exact_crop`.
    :returns: the crop; 8 % of them are cut close, so that they cut the body.
    """
    size = exact.size_px * np.exp(random.normal(0.0, 0.07))
    if random.random() < 0.08:
        size *= random.uniform(0.45, 0.8)
    shift = random.normal(0.0, 0.03, 2) * size
    return Crop(exact.center_px + shift, size, exact.angle_rad + random.normal(0.0, 0.1))


def crop_from_image(crop: Crop, size_px: int) -> FloatArray:
    """
    Build the matrix from the full image's pixels to the crop's; pixel centres at whole numbers.

    :param crop: the square.
    :param size_px: side of the result.
    :returns: [3, 3], last row (0, 0, 1).
    """
    matrix = np.eye(3)
    matrix[:2, :2] = crop.rotation.T * (size_px / crop.size_px)
    matrix[:2, 2] = matrix[:2, :2] @ (0.5 - crop.center_px) + 0.5 * size_px - 0.5
    return matrix
