import array

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import CompressedImage, Image

from biopose_ros.sensor_messages.images import (
    ENCODINGS,
    ImageError,
    decode_compressed,
    decode_image,
)


def picture(height=6, width=8):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


def message(pixels, encoding, padding=0, is_bigendian=False):
    """Encode rows with padding bytes behind each."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return Image(
        height=height,
        width=width,
        encoding=encoding,
        step=padded.shape[1],
        is_bigendian=is_bigendian,
        data=array.array('B', padded.tobytes()),
    )


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5))
def test_bgr8_is_read_back_whatever_the_size_and_padding(height, width, padding):
    image = picture(height, width)
    np.testing.assert_array_equal(decode_image(message(image, 'bgr8', padding)), image)


def test_bgr8_is_a_view_of_the_message():
    sent = message(picture(), 'bgr8')
    decoded = decode_image(sent)
    sent.data[0] = (sent.data[0] + 1) % 256
    assert decoded[0, 0, 0] == sent.data[0]


@pytest.mark.parametrize(
    ('encoding', 'code'),
    [
        ('rgb8', cv2.COLOR_BGR2RGB),
        ('bgra8', cv2.COLOR_BGR2BGRA),
        ('rgba8', cv2.COLOR_BGR2RGBA),
    ],
)
@pytest.mark.parametrize('padding', [0, 3])
def test_colour_orders_are_undone(encoding, code, padding):
    image = picture()
    sent = message(cv2.cvtColor(image, code), encoding, padding)
    np.testing.assert_array_equal(decode_image(sent), image)


def test_mono8_becomes_grey():
    grey = picture()[..., 0]
    decoded = decode_image(message(grey, 'mono8', padding=2))
    np.testing.assert_array_equal(decoded, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize('is_bigendian', [False, True])
def test_mono16_keeps_the_upper_byte_in_both_byte_orders(is_bigendian):
    grey = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1300
    stored = grey.astype('>u2' if is_bigendian else '<u2')
    decoded = decode_image(message(stored, 'mono16', is_bigendian=is_bigendian))
    np.testing.assert_array_equal(decoded[..., 0], grey >> 8)


@pytest.mark.parametrize(
    ('encodings', 'code'),
    [
        (('yuv422', 'uyvy', 'yuv422_uyvy'), cv2.COLOR_BGR2YUV_UYVY),
        (('yuyv', 'yuv422_yuy2'), cv2.COLOR_BGR2YUV_YUY2),
    ],
)
def test_yuv422_agrees_with_opencv(encodings, code):
    smooth = cv2.resize(picture(2, 2), (16, 12), interpolation=cv2.INTER_LINEAR)
    stored = cv2.cvtColor(smooth, code)
    for encoding in encodings:
        decoded = decode_image(message(stored, encoding, padding=4))
        assert np.abs(decoded.astype(int) - smooth).mean() < 6  # colour is halved across


@pytest.mark.parametrize('bits', [10, 12, 14])
def test_a_camera_of_few_bits_is_not_black(bits):
    grey = np.linspace(0, 2**bits - 1, 48).astype('<u2').reshape(6, 8)
    decoded = decode_image(message(grey, 'mono16'))
    np.testing.assert_array_equal(decoded[..., 0], grey >> (bits - 8))


def test_a_darker_picture_of_the_same_camera_is_not_shown_brighter():
    levels = [
        decode_image(message(np.full((2, 2), level, '<u2'), 'mono16'))[0, 0, 0]
        for level in (4000, 2060, 2040, 1030)
    ]
    assert levels == [250, 128, 127, 64]


@pytest.mark.parametrize('code', [None, cv2.COLOR_BGR2RGB, cv2.COLOR_BGR2BGRA, cv2.COLOR_BGR2RGBA])
def test_colours_of_16_bits_are_read(code):
    image = picture()
    stored = (image if code is None else cv2.cvtColor(image, code)).astype('<u2') * 257
    order = {None: 'bgr', cv2.COLOR_BGR2RGB: 'rgb', cv2.COLOR_BGR2BGRA: 'bgra'}.get(code, 'rgba')
    np.testing.assert_array_equal(decode_image(message(stored, f'{order}16')), image)


@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_patterns_give_their_colours(pattern, kind):
    """The pattern's letters are the filters over the first two rows of two pixels."""
    colour = {'b': 20, 'g': 120, 'r': 230}
    tile = np.array([colour[letter] for letter in pattern]).reshape(2, 2)
    mosaic = np.tile(tile, (6, 8)).astype(kind) * (1 if kind is np.uint8 else 256)
    decoded = decode_image(message(mosaic, f'bayer_{pattern}{np.dtype(kind).itemsize * 8}'))
    np.testing.assert_array_equal(decoded[4, 5], [20, 120, 230])


@pytest.mark.parametrize(('encoding', 'order'), [('nv12', 1), ('nv21', -1)])
def test_planes_of_colour_are_read(encoding, order):
    """Built of OpenCV's planar I420: brightness, then the two colours pixel by pixel."""
    smooth = cv2.resize(picture(2, 2), (16, 12), interpolation=cv2.INTER_LINEAR)
    planar = cv2.cvtColor(smooth, cv2.COLOR_BGR2YUV_I420)
    first, second = planar[12:].reshape(2, 6, 8)[::order]
    stored = np.vstack([planar[:12], np.stack([first, second], axis=-1).reshape(6, 16)])
    sent = message(stored, encoding, padding=4)
    sent.height = 12
    assert np.abs(decode_image(sent).astype(int) - smooth).mean() < 6
    sent.data = sent.data[: sent.step * 12]
    with pytest.raises(ImageError, match='was truncated'):
        decode_image(sent)


def test_opencvs_own_type_names_are_read():
    image = picture()
    np.testing.assert_array_equal(decode_image(message(image, '8UC3')), image)
    np.testing.assert_array_equal(
        decode_image(message(image[..., 0], '8UC1'))[..., 1], image[..., 0]
    )


@pytest.mark.parametrize('padding', [b'\0' * 3000, b'\xff' * 5, bytes(range(200)) * 20])
def test_a_jpeg_with_padding_behind_its_end_is_read(padding):
    whole = cv2.imencode('.jpg', picture(32, 32))[1].tobytes()
    decoded = decode_compressed(CompressedImage(format='jpeg', data=whole + padding))
    plain = decode_compressed(CompressedImage(format='jpeg', data=whole))
    np.testing.assert_array_equal(decoded, plain)
    with pytest.raises(ImageError, match='truncated'):
        decode_compressed(CompressedImage(format='jpeg', data=whole[: len(whole) // 2] + padding))


def test_every_encoding_of_the_table_can_be_read():
    for name, encoding in ENCODINGS.items():
        rows = round(4 * (1 + encoding.colour_rows))
        sent = message(np.zeros((rows, 6, encoding.channels), encoding.dtype), name)
        sent.height = 4
        assert decode_image(sent).shape == (4, 6, 3)


def test_unknown_encoding_is_named_with_the_remedy():
    with pytest.raises(ImageError, match=r"'32FC1' is not supported.*bgr8"):
        decode_image(message(picture(), '32FC1'))


def test_truncated_data_are_refused():
    sent = message(picture(), 'bgr8')
    sent.data = sent.data[:-1]
    with pytest.raises(ImageError, match='needs 144 bytes but carries 143; it was truncated'):
        decode_image(sent)


def test_empty_image_is_refused():
    with pytest.raises(ImageError, match='the image is empty'):
        decode_image(Image(encoding='bgr8'))


def test_step_below_the_row_is_refused():
    sent = message(picture(), 'bgr8')
    sent.step = 20
    with pytest.raises(ImageError, match=r'step 20 .* below its row of 24'):
        decode_image(sent)


def test_odd_width_yuv_is_refused():
    sent = Image(height=2, width=3, encoding='yuyv', step=6, data=array.array('B', bytes(12)))
    with pytest.raises(ImageError, match='even width'):
        decode_image(sent)


def compressed(suffix, image):
    _, data = cv2.imencode(suffix, image)
    return CompressedImage(format=suffix, data=array.array('B', data.tobytes()))


def test_png_is_read_back():
    image = picture()
    np.testing.assert_array_equal(decode_compressed(compressed('.png', image)), image)


def test_jpeg_is_read():
    image = cv2.resize(picture(2, 2), (64, 48))
    decoded = decode_compressed(compressed('.jpg', image))
    assert np.abs(decoded.astype(int) - image).mean() < 4


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_truncated_compressed_image_is_refused(suffix):
    sent = compressed(suffix, picture(64, 64))
    sent.data = sent.data[: len(sent.data) // 2]
    with pytest.raises(ImageError, match='truncated'):
        decode_compressed(sent)


@given(st.binary(max_size=64))
def test_random_bytes_are_refused(data):
    with pytest.raises(ImageError):
        decode_compressed(CompressedImage(format='jpeg', data=array.array('B', data)))


def test_broken_jpeg_body_is_refused():
    broken = CompressedImage(format='jpeg', data=array.array('B', b'\xff\xd8abc\xff\xd9'))
    with pytest.raises(ImageError, match='cannot be decoded'):
        decode_compressed(broken)


def test_compressed_depth_is_refused():
    with pytest.raises(ImageError, match='no colours'):
        decode_compressed(CompressedImage(format='16UC1; compressedDepth png'))
