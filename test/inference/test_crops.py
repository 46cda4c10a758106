import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.inference.crops import crop_from_axis, cut_out
from biopose_ros.records import Crop

pixels = st.floats(-2000, 2000)
crops = st.builds(
    lambda x, y, size, angle: Crop(np.array([x, y]), size, angle),
    pixels,
    pixels,
    st.floats(1, 3000),
    st.floats(-np.pi, np.pi),
)


@given(crops, pixels, pixels)
def test_to_image_undoes_from_image(crop, x, y):
    point = np.array([x, y])
    np.testing.assert_allclose(crop.to_image(crop.from_image(point)), point, atol=1e-6)


@given(pixels, pixels, st.floats(-np.pi, np.pi), st.floats(1, 500))
def test_the_axis_points_up_in_the_crop(x, y, angle, length):
    center = np.array([x, y])
    top = center + length * np.array([np.sin(angle), -np.cos(angle)])
    crop = crop_from_axis(center, top, 1.25)
    np.testing.assert_allclose(crop.from_image(center), [0.5, 0.5], atol=1e-9)
    # The circle's radius over the crop's side is 1 / (2 * 1.25).
    np.testing.assert_allclose(crop.from_image(top), [0.5, 0.1], atol=1e-6)


def test_a_person_without_extent_gives_a_crop_of_one_pixel():
    assert crop_from_axis(np.zeros(2), np.zeros(2), 1.25).size_px == 1


def test_pixels_land_where_points_land():
    image = np.zeros((240, 320, 3), np.uint8)
    spot = np.array([170.0, 90.0])
    cv2.circle(image, (170, 90), 4, (255, 255, 255), -1)
    crop = Crop(np.array([160.0, 110.0]), 120.0, 0.6)
    out = np.empty((1, 256, 256, 3), np.uint8)
    cut_out(image, [crop], 256, out)
    row, column = np.argwhere(out[0, :, :, 0] > 127).mean(axis=0)
    # A pixel is centred at half numbers of the continuous picture.
    expected = crop.from_image(spot + 0.5) * 256 - 0.5
    np.testing.assert_allclose([column, row], expected, atol=0.3)


def test_outside_the_image_is_black():
    out = np.full((1, 64, 64, 3), 7, np.uint8)
    image = np.full((50, 50, 3), 200, np.uint8)
    cut_out(image, [Crop(np.array([500.0, 500.0]), 100.0, 0.3)], 64, out)
    assert not out.any()
