"""All publishers of results, and what goes out for one image."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from biopose_ros.drawing import draw_persons
from biopose_ros.msg import JointAngleArray, SubjectModel, TrackedPersons
from biopose_ros.ros import messages, qos, transforms
from biopose_ros.ros.frame_processing import FrameResult
from biopose_ros.ros.markers import person_markers
from biopose_ros.ros.parameters import NodeSettings
from biopose_ros.ros.robot_state_publisher import RobotStatePublisher
from biopose_ros.ros.subject_models import SubjectModels
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import GROUND

FIRST_PERSON = 'person_1'


class PoseOutputs:
    """
    Publishes results; may be called from the inference thread.

    :param node: owns the publishers.
    :param skeleton: names and tree of the segments.
    :param settings: what to publish.
    """

    def __init__(self, node: LifecycleNode, skeleton: Skeleton, settings: NodeSettings) -> None:
        self._node = node
        self._skeleton = skeleton
        self._publishers: list[Publisher[Any]] = []
        self._joint_angles = self._create(JointAngleArray, 'joint_angles', qos.OUTPUT)
        self._joint_states = self._create(JointState, 'joint_states', qos.OUTPUT)
        self._tracked = self._create(TrackedPersons, 'tracked_persons', qos.OUTPUT)
        self._markers = self._create(MarkerArray, 'markers', qos.OUTPUT)
        self._debug_image = self._create(Image, 'debug_image', qos.OUTPUT)
        self._tf = self._create(TFMessage, '/tf', qos.TF)
        self._tf_static = self._create(TFMessage, '/tf_static', qos.latched(1))
        self._urdf = self._create(String, 'robot_description', qos.latched(1))
        self._models = self._create(
            SubjectModel, 'subject_model', qos.latched(settings.max_persons)
        )
        self._state_publisher = (
            RobotStatePublisher(node) if settings.robot_state_publisher else None
        )
        self._subjects = SubjectModels(skeleton, self._models.publish, self._publish_urdf)
        self._rooted = ('', '')
        self._subjects.announce_unscaled(FIRST_PERSON)

    def _create(self, kind: type, topic: str, profile: QoSProfile) -> Publisher[Any]:
        publisher: Publisher[Any] = self._node.create_publisher(
            kind,
            topic,
            profile,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._publishers.append(publisher)
        return publisher

    def publish(self, result: FrameResult, settings: NodeSettings) -> None:
        """Send everything that is known of one image, angles first."""
        header, skeleton = result.header, self._skeleton
        for person in result.persons:
            self._joint_angles.publish(messages.joint_angle_array(person, skeleton, header))
        self._subjects.update(result.persons, header)
        self._publish_frames(result, settings)
        for person in result.present:
            self._joint_states.publish(messages.joint_state(person, skeleton, header))
        self._tracked.publish(messages.tracked_persons(result.present, header))
        if settings.publish_markers:
            for person in result.persons:
                self._markers.publish(person_markers(person, skeleton, header))
        if settings.publish_debug_image and self._debug_image.get_subscription_count():
            self._publish_debug_image(result)

    def _publish_frames(self, result: FrameResult, settings: NodeSettings) -> None:
        if not settings.publish_tf:
            return
        elsewhere = self._subjects.primary if self._state_publisher else ''
        stamped = [
            transform
            for person in result.present
            if person.person_id != elsewhere
            for transform in transforms.segment_transforms(person, self._skeleton, result.header)
        ]
        if stamped:
            self._tf.publish(TFMessage(transforms=stamped))
        if elsewhere and self._rooted != (elsewhere, result.header.frame_id):
            self._rooted = (elsewhere, result.header.frame_id)
            root = transforms.ground_transform(elsewhere, GROUND, result.header)
            self._tf_static.publish(TFMessage(transforms=[root]))

    def _publish_urdf(self, text: str) -> None:
        self._urdf.publish(String(data=text))
        if self._state_publisher:
            self._state_publisher.describe(text)

    def _publish_debug_image(self, result: FrameResult) -> None:
        if result.image_bgr is None or result.camera is None:
            return
        picture = draw_persons(result.image_bgr, result.camera, result.present, self._skeleton)
        self._debug_image.publish(messages.image_message(picture, result.header))

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
        if self._state_publisher:
            self._state_publisher.close()
