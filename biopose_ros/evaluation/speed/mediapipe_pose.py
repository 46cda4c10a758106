"""
Time MediaPipe Pose on pictures: ``python mediapipe_pose.py PICTURES.npy COMPLEXITY``.

Runs in any environment with numpy and mediapipe, without this package. Writes JSON: ``version``,
and ``times_ms`` of the pictures in which somebody was found, after the first few.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

WARM_IMAGES = 10


def main(file: str, complexity: int) -> None:
    """Run MediaPipe's tracker over [images, height, width, 3] uint8, red, green, blue."""
    import mediapipe

    times_ms = []
    with mediapipe.solutions.pose.Pose(model_complexity=complexity) as pose:
        for number, picture in enumerate(np.load(file)):
            began_s = time.perf_counter()
            found = pose.process(picture)
            elapsed_s = time.perf_counter() - began_s
            if number >= WARM_IMAGES and found.pose_landmarks is not None:
                times_ms.append(1e3 * elapsed_s)
    print(json.dumps({'version': mediapipe.__version__, 'times_ms': times_ms}))


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
