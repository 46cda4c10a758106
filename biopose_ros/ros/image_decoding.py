"""Raw images of any encoding: our own decoder, and cv_bridge for what it does not know."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image

from biopose_ros.sensor_messages.images import ENCODINGS, BgrImage, ImageError, decode_image


def decode_any_image(message: Image) -> BgrImage:
    """
    Read a raw image.

    :param message: any encoding of :data:`ENCODINGS`, and where cv_bridge is installed any that it
        knows (32-bit colours).
    :returns: [height, width, 3], BGR.
    :raises ImageError: where neither can read it.
    """
    if message.encoding in ENCODINGS:
        return decode_image(message)
    try:
        # Built against numpy 1, it fails on import where numpy is of version 2.
        from cv_bridge import CvBridge

        return np.asarray(CvBridge().imgmsg_to_cv2(message, 'bgr8'), dtype=np.uint8)
    except Exception as error:
        raise ImageError(
            f'image encoding {message.encoding!r} is not supported (cv_bridge: {error}); set the '
            f'camera driver to one of {", ".join(ENCODINGS)}'
        ) from None
