import array
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sensor_msgs.msg import Image

from biopose_ros.ros.image_decoding import decode_any_image
from biopose_ros.sensor_messages.images import ImageError

FLOATS = Image(encoding='32FC3', width=1, height=1, step=12, data=array.array('B', bytes(12)))


def test_cv_bridge_reads_what_we_do_not(monkeypatch):
    picture = np.full((2, 2, 3), 7, np.uint8)
    bridge = SimpleNamespace(imgmsg_to_cv2=lambda message, encoding: picture)
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=lambda: bridge))
    assert decode_any_image(FLOATS) is picture


def test_without_cv_bridge_the_encodings_are_listed(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    with pytest.raises(ImageError, match=r"'32FC3' is not supported.*bgr8"):
        decode_any_image(FLOATS)
