"""A turned picture and its camera show points where turning the scene puts them."""

import numpy as np
import pytest

from biopose_ros.frames import project
from biopose_ros.records import Camera
from biopose_ros.training.certainty.turning import turned_axes, turned_camera, turned_picture

CAMERA = Camera(80, 60, np.array([[70.0, 0, 30], [0, 75.0, 35], [0, 0, 1]]), np.zeros(0))
POINT_M = np.array([0.213, -0.107, 2.0])


@pytest.mark.parametrize('turns', range(4))
def test_a_bright_pixel_lands_where_the_camera_says(turns):
    column, row = project(POINT_M, CAMERA)
    image = np.zeros((60, 80, 3), np.uint8)
    image[int(row), int(column)] = 255
    picture, camera = turned_picture(image, turns), turned_camera(CAMERA, turns)
    assert picture.shape[:2] == (camera.height_px, camera.width_px)
    column, row = project(turned_axes(turns) @ POINT_M, camera)
    assert picture[int(row), int(column)].min() == 255


def test_four_quarters_are_a_whole():
    np.testing.assert_allclose(turned_axes(1) @ turned_axes(3), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(turned_axes(2) @ turned_axes(2), np.eye(3), atol=1e-12)
