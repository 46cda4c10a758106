"""The skeleton's truth for synthetic bodies: sizes, marker places, coordinates."""

from biopose_ros.training.labels.anthropometry import Anthropometry, Subject
from biopose_ros.training.labels.pose_labels import Labeller, SkeletonTruth

__all__ = ['Anthropometry', 'Labeller', 'SkeletonTruth', 'Subject']
