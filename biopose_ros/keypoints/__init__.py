"""
2D keypoints of other detectors, in place of our own.

``read_keypoints`` opens the files that OpenPose, COCO tools and AlphaPose write,
``foreign_to_body`` says which points of the body they are, and ``take_foreign_keypoints`` gives
them to the followed persons.
"""

from biopose_ros.keypoints.association import assign_to_persons, take_foreign_keypoints
from biopose_ros.keypoints.body_points import BodyPoints, foreign_to_body
from biopose_ros.keypoints.detected import DetectedKeypoints, KeypointError
from biopose_ros.keypoints.files import KeypointRecording, read_keypoints
from biopose_ros.keypoints.formats import FORMATS

__all__ = [
    'FORMATS',
    'BodyPoints',
    'DetectedKeypoints',
    'KeypointError',
    'KeypointRecording',
    'assign_to_persons',
    'foreign_to_body',
    'read_keypoints',
    'take_foreign_keypoints',
]
