"""Turn ``Image`` and ``CompressedImage`` into BGR pictures, without copies where possible."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

BgrImage = NDArray[np.uint8]
ByteData = bytes | array | NDArray[np.uint8]


class RawImage(Protocol):
    """What is read of a ``sensor_msgs/Image``."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: ByteData


class CompressedImage(Protocol):
    """What is read of a ``sensor_msgs/CompressedImage``."""

    format: str
    data: ByteData


class ImageError(ValueError):
    """An image message cannot be read; the text names what is wrong and the remedy."""


@dataclass(frozen=True)
class Encoding:
    """
    How one pixel of an encoding is stored.

    :param channels: values per pixel.
    :param to_bgr: OpenCV conversion code; None where the bytes are BGR already.
    :param dtype: of one value, in the machine's byte order.
    :param colour_rows: rows of colours that follow each row of brightness.
    """

    channels: int
    to_bgr: int | None
    dtype: type = np.uint8
    colour_rows: float = 0.0


# OpenCV names a pattern after its second row and column, ROS after its first.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2BGR,
    'bggr': cv2.COLOR_BayerRG2BGR,
    'gbrg': cv2.COLOR_BayerGR2BGR,
    'grbg': cv2.COLOR_BayerGB2BGR,
}
# ROS calls the byte order U Y V Y plain `yuv422`; the longer names came later.
ENCODINGS: dict[str, Encoding] = {
    'bgr8': Encoding(3, None),
    'rgb8': Encoding(3, cv2.COLOR_RGB2BGR),
    'bgra8': Encoding(4, cv2.COLOR_BGRA2BGR),
    'rgba8': Encoding(4, cv2.COLOR_RGBA2BGR),
    '8UC3': Encoding(3, None),
    '8UC4': Encoding(4, cv2.COLOR_BGRA2BGR),
    'bgr16': Encoding(3, None, np.uint16),
    'rgb16': Encoding(3, cv2.COLOR_RGB2BGR, np.uint16),
    'bgra16': Encoding(4, cv2.COLOR_BGRA2BGR, np.uint16),
    'rgba16': Encoding(4, cv2.COLOR_RGBA2BGR, np.uint16),
    'mono8': Encoding(1, cv2.COLOR_GRAY2BGR),
    '8UC1': Encoding(1, cv2.COLOR_GRAY2BGR),
    'mono16': Encoding(1, cv2.COLOR_GRAY2BGR, np.uint16),
    **{f'bayer_{name}8': Encoding(1, code) for name, code in _BAYER.items()},
    **{f'bayer_{name}16': Encoding(1, code, np.uint16) for name, code in _BAYER.items()},
    'nv12': Encoding(1, cv2.COLOR_YUV2BGR_NV12, colour_rows=0.5),
    'nv21': Encoding(1, cv2.COLOR_YUV2BGR_NV21, colour_rows=0.5),
    'yuv422': Encoding(2, cv2.COLOR_YUV2BGR_UYVY),
    'uyvy': Encoding(2, cv2.COLOR_YUV2BGR_UYVY),
    'yuv422_uyvy': Encoding(2, cv2.COLOR_YUV2BGR_UYVY),
    'yuv422_yuy2': Encoding(2, cv2.COLOR_YUV2BGR_YUY2),
    'yuyv': Encoding(2, cv2.COLOR_YUV2BGR_YUY2),
}


def decode_image(message: RawImage) -> BgrImage:
    """
    Read a raw image.

    :param message: any encoding of :data:`ENCODINGS`; rows may be padded (``step``).
    :returns: [height, width, 3], BGR; for bgr8 a view of the message's own bytes.
    :raises ImageError: on an unknown encoding, an empty picture, or too few bytes.
    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise ImageError(
            f'image encoding {message.encoding!r} is not supported; set the camera driver to one '
            f'of {", ".join(ENCODINGS)}'
        )
    pixels = _to_bytes(_pixels(message, encoding))
    if encoding.to_bgr is None:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, encoding.to_bgr), dtype=np.uint8)


def _to_bytes(pixels: NDArray[np.unsignedinteger]) -> BgrImage:
    """
    Keep the upper eight of the bits that are in use.

    Cameras of 10, 12 or 14 bits send 16 without saying so; their pictures would be black. An odd
    number of bits is rounded up: else a 12-bit picture that uses 11 of them would look brighter.
    """
    if pixels.dtype == np.uint8:
        return pixels
    bits = max(8, int(pixels.max()).bit_length())
    bits += bits % 2
    return (pixels >> (bits - 8)).astype(np.uint8)


def _pixels(message: RawImage, encoding: Encoding) -> NDArray[np.unsignedinteger]:
    """View the message's bytes as [height, width, channels], checked for size."""
    height, width, step = message.height, message.width, message.step
    size = f'{width}x{height} {message.encoding}'
    if height == 0 or width == 0:
        raise ImageError(f'the image is empty ({size}); check the camera driver')
    if encoding.channels == 2 and width % 2:
        raise ImageError(f'a {size} image needs an even width, two pixels share their colour')
    if encoding.colour_rows and (width % 2 or height % 2):
        raise ImageError(f'a {size} image needs even sides, four pixels share their colour')
    height += round(encoding.colour_rows * height)
    dtype = np.dtype(encoding.dtype).newbyteorder('>' if message.is_bigendian else '<')
    row_bytes = width * encoding.channels * dtype.itemsize
    if step < row_bytes:
        raise ImageError(f'step {step} of a {size} image is below its row of {row_bytes} bytes')
    needed = step * (height - 1) + row_bytes
    if len(message.data) < needed:
        raise ImageError(
            f'a {size} image with step {step} needs {needed} bytes but carries '
            f'{len(message.data)}; it was truncated on the way'
        )
    return np.ndarray(
        (height, width, encoding.channels),
        dtype,
        buffer=message.data,
        strides=(step, encoding.channels * dtype.itemsize, dtype.itemsize),
    )


def decode_compressed(message: CompressedImage) -> BgrImage:
    """
    Read a JPEG or PNG image.

    :param message: its bytes decide the kind; ``format`` only serves error texts.
    :returns: [height, width, 3], BGR, in the sensor's own raster (EXIF rotation is not applied:
        the camera matrix belongs to the raster).
    :raises ImageError: on depth images, empty, truncated or broken data.
    """
    if 'compressedDepth' in message.format:
        raise ImageError('a compressedDepth image holds no colours; subscribe to a colour topic')
    data = np.frombuffer(message.data, np.uint8)
    if not _ends_whole(data):
        raise ImageError(
            f'a {message.format!r} image of {len(data)} bytes is truncated or neither JPEG nor '
            'PNG; check the publisher and the network'
        )
    image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ImageError(f'a {message.format!r} image of {len(data)} bytes cannot be decoded')
    return np.asarray(image, dtype=np.uint8)


def _ends_whole(data: NDArray[np.uint8]) -> bool:
    """
    Tell a whole JPEG or PNG from a cut one.

    Decoders fill the missing rows with grey and only warn, which would pass for a real picture.
    """
    content = data.tobytes()
    if content.startswith(b'\xff\xd8'):
        # Neither marker can stand among the pixels. Some cameras pad what follows the end.
        return content.rfind(b'\xff\xd9') > content.rfind(b'\xff\xda')
    if content.startswith(b'\x89PNG'):
        return b'IEND' in content
    return False
