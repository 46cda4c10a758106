"""Camera intrinsics from a file, or guessed where there is none."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from biopose_ros.records import Camera
from biopose_ros.sensor_messages.camera_info import (
    FISHEYE_MODELS,
    LONGEST_LENS,
    SHORTEST_LENS,
    CalibrationError,
    check_intrinsics,
    lens,
)

# Focal length over the longer image side. Main cameras of phones film video at 26 to 30 mm
# equivalent on a 36 mm wide frame (0.72 to 0.83), webcams at 60 to 70 degrees across (0.71 to
# 0.87), so 0.8 is within some 10 % of most.
TYPICAL_FOCAL_RATIO = 0.8
TYPICAL_FOCAL_STDDEV = 0.1
# Images may be cut a little against the calibration (encoders like multiples of 8 or 16 px).
CROP_TOLERANCE = 0.01


class CameraError(CalibrationError):
    """Camera intrinsics that cannot be used; names the file and the remedy."""


def guess_camera(width_px: int, height_px: int, focal_px: float | None = None) -> Camera:
    """
    Assume a typical camera that looks through the middle of the image, without distortion.

    :param width_px: image width.
    :param height_px: image height.
    :param focal_px: focal length if known, else :data:`TYPICAL_FOCAL_RATIO` of the longer side.
    :returns: a camera marked as not calibrated, with the uncertainty of a guessed focal length.
    :raises CameraError: for a focal length that no lens has.
    """
    longer_px = max(width_px, height_px)
    shortest, longest = SHORTEST_LENS * longer_px, LONGEST_LENS * longer_px
    if focal_px is not None and not shortest <= focal_px <= longest:  # NaN does neither
        raise CameraError(
            f'the focal length must lie from {shortest:g} to {longest:g} pixels for images '
            f'{longer_px} px large, got {focal_px:g}'
        )
    stddev = TYPICAL_FOCAL_STDDEV if focal_px is None else 0.0
    focal = focal_px or TYPICAL_FOCAL_RATIO * longer_px
    intrinsics = np.array([[focal, 0, width_px / 2], [0, focal, height_px / 2], [0, 0, 1.0]])
    return Camera(width_px, height_px, intrinsics, np.zeros(0), False, stddev)


def read_camera(
    path: str | Path, width_px: int, height_px: int, section: str | None = None
) -> Camera:
    """
    Read intrinsics for images of a given size.

    Understood are ROS camera_info YAML (``camera_matrix``, ``distortion_coefficients``), a flat
    YAML with ``fx fy cx cy``, and calibration TOML with one section per camera (``matrix``,
    ``distortions``, ``size``). A fisheye lens is declared by ``distortion_model: equidistant``,
    ``camera_model: fisheye`` or ``fisheye = true``.

    :param path: the file.
    :param width_px: width of the images; a calibration at another resolution is scaled to it.
    :param height_px: height of the images.
    :param section: which camera of a TOML file, needed where it holds several.
    :returns: the camera.
    :raises CameraError: when the file is missing, not understood, or of another image shape.
    """
    path = Path(path)
    try:
        table = _read_table(path, section)
        camera = _camera_from_table(table, width_px, height_px)
        longer_px = max(camera.width_px, camera.height_px)
        check_intrinsics(camera.intrinsics_px, longer_px, str(path))
    except CalibrationError as error:
        raise CameraError(str(error)) from None
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise CameraError(
            f'{path}: no camera intrinsics understood ({type(error).__name__}: {error}); give a '
            'ROS camera_info YAML, a YAML with fx, fy, cx, cy in pixels, or a calibration TOML'
        ) from None
    return fit_to_images(camera, width_px, height_px, str(path))


def fit_to_images(camera: Camera, width_px: int, height_px: int, name: str) -> Camera:
    """
    Use a calibration for images of another resolution.

    :param camera: as calibrated; a size of 0 (some drivers leave it out) fits any image.
    :param width_px: width of the images.
    :param height_px: height of the images.
    :param name: of the calibration, for the error.
    :returns: the scaled camera; where a few columns were cut, the left edge stays.
    :raises CameraError: when the images have another shape.
    """
    if 0 in (camera.width_px, camera.height_px):
        return replace(camera, width_px=width_px, height_px=height_px)
    scale = height_px / camera.height_px
    if abs(camera.width_px * scale / width_px - 1) > CROP_TOLERANCE:
        raise CameraError(
            f'{name}: calibrated for {camera.width_px}x{camera.height_px} px, but the images are '
            f'{width_px}x{height_px} px, which is another shape; calibrate with such images'
        )
    intrinsics = camera.intrinsics_px.copy()
    intrinsics[:2] *= scale
    return replace(camera, width_px=width_px, height_px=height_px, intrinsics_px=intrinsics)


def _read_table(path: Path, section: str | None) -> dict[str, Any]:
    if path.suffix == '.toml':
        return toml_section(path, section)
    table = yaml.safe_load(path.read_text())
    if not isinstance(table, dict):
        raise TypeError('expected named values')
    return table


def toml_section(path: Path, section: str | None) -> dict[str, Any]:
    """
    Read one camera of a calibration TOML.

    :param path: the file.
    :param section: name of the camera, None where there is one only.
    :returns: its table.
    :raises CameraError: when there is no such camera.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    tables = tomllib.loads(path.read_text())
    cameras = {name: table for name, table in tables.items() if 'matrix' in table}
    if section is None and len(cameras) == 1:
        return next(iter(cameras.values()))
    if section not in cameras:
        known = ', '.join(cameras) or 'none'
        raise CameraError(f'{path}: camera {section!r} not found; say which one of: {known}')
    return cameras[section]


def _camera_from_table(table: dict[str, Any], width_px: int, height_px: int) -> Camera:
    if 'camera_matrix' in table:
        size = table['image_width'], table['image_height']
        matrix = np.reshape(table['camera_matrix']['data'], (3, 3))
        distortion = table.get('distortion_coefficients', {}).get('data', [])
    elif 'matrix' in table:
        size = table.get('size', (width_px, height_px))
        matrix = np.reshape(table['matrix'], (3, 3))
        distortion = table.get('distortions', [])
    else:
        size = table.get('width', width_px), table.get('height', height_px)
        matrix = np.array(
            [[table['fx'], 0, table['cx']], [0, table['fy'], table['cy']], [0, 0, 1]]
        )
        distortion = table.get('distortion', [])
    matrix = matrix.astype(np.float64)
    coefficients, is_fisheye = lens(_lens_model(table), distortion)
    return Camera(int(size[0]), int(size[1]), matrix, coefficients, is_fisheye=is_fisheye)


def _lens_model(table: dict[str, Any]) -> str:
    """Either word may name a fisheye lens; tools fill in the other with a pinhole's."""
    if table.get('fisheye'):
        return 'fisheye'
    models = [str(table.get(key, '')) for key in ('distortion_model', 'camera_model')]
    return next((model for model in models if model in FISHEYE_MODELS), models[0])
