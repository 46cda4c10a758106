"""
Persons as REP-155 (ROS4HRI) has them: topics below ``/humans/bodies`` and frames ``body_<id>``.

Source: https://reps.openrobotics.org/rep-0155; the topic ``urdf`` as in the package
hri_body_detect, for ROS 2 has no global parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String

from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import Camera, FloatArray
from biopose_ros.ros import qos
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.ros.person_topics import removable_publisher
from biopose_ros.ros.subject_models import SubjectModels
from biopose_ros.ros.transforms import stamped_transform
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.hri_model import (
    ROOT,
    BodyPlaces,
    HriJoint,
    hri_angles,
    hri_joints,
    hri_urdf,
    joint_turn,
)

BODIES = '/humans/bodies'
# Points of Skeleton2D in their order; the neck lies between the shoulders.
_POINTS = (
    *('nose', 'neck', 'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder'),
    *('left_elbow', 'left_wrist', 'right_hip', 'right_knee', 'right_ankle', 'left_hip'),
    *('left_knee', 'left_ankle', 'left_eye', 'right_eye', 'left_ear', 'right_ear'),
)
_SHOULDERS = [landmark_index(f'{side}_shoulder') for side in ('left', 'right')]
_SOURCES = [
    _SHOULDERS if name == 'neck' else [landmark_index(name)] * 2 for name in _POINTS
]  # [points, 2]


class HumanTopics:
    """
    Offers the topics of bodies as they come, and takes them away as they go.

    :param node: owns the publishers.
    :param skeleton: of the persons.
    :raises RuntimeError: where hri_msgs is not installed.
    :attr tracked: lists all bodies; to be destroyed by the owner, beside its own publishers.
    """

    def __init__(self, node: Node, skeleton: Skeleton) -> None:
        try:
            from hri_msgs import msg
        except ImportError as error:
            raise RuntimeError(
                f'publish_hri is true, which needs the package hri_msgs ({error}): apt install '
                'ros-$ROS_DISTRO-hri-msgs, or set publish_hri to false'
            ) from None
        self._messages: Any = msg
        self._node = node
        self._skeleton = skeleton
        self._bodies: dict[str, dict[str, Publisher[Any]]] = {}
        self._sizes: dict[str, tuple[FloatArray, tuple[HriJoint, ...]]] = {}
        self.tracked: Publisher[Any] = node.create_publisher(
            msg.IdsList, f'{BODIES}/tracked', qos.OUTPUT
        )

    def publish(
        self,
        present: Sequence[NamedPerson],
        header: Header,
        camera: Camera | None,
        subjects: SubjectModels,
    ) -> list[TransformStamped]:
        """
        Send everybody who is in an image.

        :param present: of the image.
        :param header: of the image.
        :param camera: None where there is no image, and nobody.
        :param subjects: the sizes that were announced; who has none yet has no joints.
        :returns: the frames of all bodies.
        """
        self._keep_only(person.person_id for person in present)
        frames: list[TransformStamped] = []
        for person in present:
            if camera is None:
                continue
            topics = self._topics(person.person_id)
            topics['roi'].publish(self._region(person, header, camera))
            if np.isfinite(person.keypoints_px).any():
                topics['skeleton2d'].publish(self._points(person, header, camera))
            size = subjects.announced(person.person_id)
            if size is not None:
                joints = self._describe(person.person_id, size.scales)
                frames += self._send_joints(person, joints, header)
        # Last: the topics of everybody listed are there.
        ids = [person.person_id for person in present]
        self.tracked.publish(self._messages.IdsList(header=header, ids=ids))
        return frames

    def close(self) -> None:
        """Take the topics of all bodies away."""
        self._keep_only(())

    def _topics(self, body_id: str) -> dict[str, Publisher[Any]]:
        if body_id not in self._bodies:
            kinds = {
                'roi': (self._messages.NormalizedRegionOfInterest2D, qos.OUTPUT),
                'skeleton2d': (self._messages.Skeleton2D, qos.OUTPUT),
                'joint_states': (JointState, qos.OUTPUT),
                'urdf': (String, qos.latched(1)),
            }
            self._bodies[body_id] = {
                name: removable_publisher(self._node, kind, f'{BODIES}/{body_id}/{name}', profile)
                for name, (kind, profile) in kinds.items()
            }
        return self._bodies[body_id]

    def _keep_only(self, present: Iterable[str]) -> None:
        for gone in self._bodies.keys() - set(present):
            self._sizes.pop(gone, None)
            for publisher in self._bodies.pop(gone).values():
                self._node.destroy_publisher(publisher)

    def _describe(self, body_id: str, scales: FloatArray) -> tuple[HriJoint, ...]:
        """Give a body's joints; send its model where its size has changed."""
        known = self._sizes.get(body_id)
        if known is not None and known[0] is scales:
            return known[1]
        joints = hri_joints(self._skeleton, scales)
        self._sizes[body_id] = (scales, joints)
        self._bodies[body_id]['urdf'].publish(String(data=hri_urdf(joints, body_id)))
        return joints

    def _send_joints(
        self, person: NamedPerson, joints: Sequence[HriJoint], header: Header
    ) -> list[TransformStamped]:
        body_id = person.person_id
        body = BodyPlaces.of(self._skeleton, person.segment_rotations, person.segment_positions_m)
        angles = hri_angles(body)
        # As for the skeleton's own joints, unknown ones are left out: JointState has no word for
        # them.
        known = {name: angle for name, angle in angles.items() if np.isfinite(angle)}
        self._bodies[body_id]['joint_states'].publish(
            JointState(
                header=header,
                name=[f'{name}_{body_id}' for name in known],
                position=list(known.values()),
            )
        )
        if not (np.isfinite(body.origin_m).all() and np.isfinite(body.rotation).all()):
            return []
        root = f'{ROOT}_{body_id}'
        frames = [stamped_transform(header, header.frame_id, root, body.rotation, body.origin_m)]
        linked = {ROOT}
        for joint in joints:
            turn = joint_turn(joint, angles)
            if joint.parent in linked and np.isfinite(turn).all():
                linked.add(joint.child)
                above, below = (f'{link}_{body_id}' for link in (joint.parent, joint.child))
                frames.append(stamped_transform(header, above, below, turn, joint.offset_m))
        return frames

    def _region(self, person: NamedPerson, header: Header, camera: Camera) -> Any:
        size = np.array([camera.width_px, camera.height_px] * 2)
        corners = np.clip(person.box_xyxy_px / size, 0.0, 1.0).tolist()
        names = ('xmin', 'ymin', 'xmax', 'ymax')
        return self._messages.NormalizedRegionOfInterest2D(
            header=header, c=float(person.confidence), **dict(zip(names, corners, strict=True))
        )

    def _points(self, person: NamedPerson, header: Header, camera: Camera) -> Any:
        """Give the keypoints; those beyond the image are not seen, and have confidence 0."""
        places = person.keypoints_px[_SOURCES].mean(axis=1) / [camera.width_px, camera.height_px]
        sure = person.keypoint_confidence[_SOURCES].min(axis=1)
        inside = ((places >= 0) & (places <= 1)).all(axis=1)  # false for NaN
        places = np.clip(np.nan_to_num(places), 0.0, 1.0)
        rows = np.column_stack([places, np.where(inside, sure, 0.0)]).tolist()
        point = self._messages.NormalizedPointOfInterest2D
        return self._messages.Skeleton2D(
            header=header, skeleton=[point(x=x, y=y, c=c) for x, y, c in rows]
        )
