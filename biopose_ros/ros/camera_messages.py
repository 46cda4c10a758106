"""
Pictures and calibrations as ROS messages.

A player of videos needs no more; without skeleton and networks it starts in half a second.
"""

from __future__ import annotations

import array

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from biopose_ros.records import Camera


def image_message(image_bgr: NDArray[np.uint8], header: Header) -> Image:
    """
    Wrap a picture.

    :param image_bgr: [height, width, 3], uint8.
    """
    height, width, _ = image_bgr.shape
    # rclpy copies an array.array in one go; a list or bytes would cost many milliseconds.
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(image_bgr).data.cast('B'))
    return Image(
        header=header, height=height, width=width, encoding='bgr8', step=3 * width, data=data
    )


def camera_info(camera: Camera, header: Header) -> CameraInfo:
    """Describe a camera; one that is only guessed leaves K at zero, as ROS asks."""
    info = CameraInfo(header=header, width=camera.width_px, height=camera.height_px)
    if not camera.is_calibrated:
        return info
    pinhole = 'rational_polynomial' if len(camera.distortion) > 5 else 'plumb_bob'
    info.distortion_model = 'equidistant' if camera.is_fisheye else pinhole
    info.d = camera.distortion.tolist()
    info.k = camera.intrinsics_px.ravel().tolist()
    info.r = np.eye(3).ravel().tolist()
    info.p = np.hstack([camera.intrinsics_px, np.zeros((3, 1))]).ravel().tolist()
    return info
