"""
2D keypoints of other detectors, in place of our own.

``read_keypoints`` opens the files that OpenPose, COCO tools and AlphaPose write, ``POINTS`` lists
the points of the body, and ``take_foreign_keypoints`` gives them to the followed
persons.
"""

from biopose_ros.keypoints.association import assign_to_persons, take_foreign_keypoints
from biopose_ros.keypoints.detected import DetectedKeypoints, KeypointError
from biopose_ros.keypoints.files import KeypointRecording, read_keypoints
from biopose_ros.keypoints.formats import FORMATS, POINTS

__all__ = [
    'FORMATS',
    'POINTS',
    'DetectedKeypoints',
    'KeypointError',
    'KeypointRecording',
    'assign_to_persons',
    'read_keypoints',
    'take_foreign_keypoints',
]
