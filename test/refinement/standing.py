"""A body in front of a camera, and the keypoints that a perfect detector would see of it."""

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.frames import project
from biopose_ros.keypoints import FORMATS, POINTS, DetectedKeypoints
from biopose_ros.keypoints.association import with_foreign_keypoints
from biopose_ros.records import Camera, Crop, PersonCrop, RecoveredBody, TrackingState
from biopose_ros.refinement.chain import JOINTS
from biopose_ros.refinement.landmark_points import LandmarkPlaces
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
from biopose_ros.virtual_markers.marked_body import marked_body

CAMERA = Camera(1280, 720, np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]), np.zeros(0))
BODY, MARKERS = marked_body()
PLACES = LandmarkPlaces()
JOINT_STDDEV_PX = 4.0


def posed(vectors_rad, pelvis_m=(0.1, 0.0, 4.0)):
    """The body of the mean person in camera axes; ``vectors_rad`` [24, 3], y of the body is up."""
    pose = Rotation.from_rotvec(vectors_rad).as_matrix()
    pose[0] = Rotation.from_euler('x', 180, degrees=True).as_matrix() @ pose[0]
    betas = np.zeros(10)
    points = points_about_pelvis_m(
        BODY, MARKERS, torch.from_numpy(pose).float()[None], torch.from_numpy(betas).float()[None]
    )
    points_m = points[0].numpy().astype(np.float64) + pelvis_m
    joints_m = points_m[:JOINTS]
    return RecoveredBody(
        track_id=1,
        pose=pose,
        betas=betas,
        joints_m=joints_m,
        joint_stddev_m=np.full(JOINTS, 0.05),
        joints_px=project(joints_m, CAMERA),
        joint_stddev_px=np.full(JOINTS, JOINT_STDDEV_PX),
        markers_m=points_m[JOINTS:],
        marker_confidence=np.ones(len(points_m) - JOINTS),
        summary=np.zeros(4),
    )


def bent(rng, degrees):
    """Random turns of all joints but hands and feet, [24, 3], so many degrees 1 sigma."""
    vectors = np.radians(degrees) * rng.standard_normal((JOINTS, 3))
    vectors[[10, 11, 22, 23]] = 0.0
    return vectors


def seen(body, confidence=0.95):
    """What a detector without error says of a body."""
    keypoints_px, sure = np.zeros((33, 2)), np.zeros(33)
    keypoints_px[PLACES.landmarks] = project(PLACES.positions_m(body.markers_m), CAMERA)
    sure[PLACES.landmarks] = confidence
    return PersonCrop(
        track_id=1,
        state=TrackingState.TRACKED,
        box_xyxy_px=np.zeros(4),
        confidence=1.0,
        keypoints_px=keypoints_px,
        keypoint_confidence=sure,
        landmarks_m=np.zeros((33, 3)),
        crop=Crop(np.array([660.0, 360.0]), 600.0, 0.0),
    )


def seen_by_another(body, format_name):
    """What another detector without error says of a body, on top of what ours does."""
    names = FORMATS[format_name]
    px, confidence = np.full((1, len(names), 2), np.nan), np.zeros((1, len(names)))
    for row, name in enumerate(names):
        if POINTS[name].marker:
            marker_m = body.markers_m[[MARKER_NAMES.index(POINTS[name].marker)]]
            px[0, row], confidence[0, row] = project(marker_m, CAMERA)[0], 0.8
    return with_foreign_keypoints(seen(body), DetectedKeypoints(names, px, confidence, 0))
