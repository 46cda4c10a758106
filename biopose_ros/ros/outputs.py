"""All publishers of results, and what goes out for one image."""

from __future__ import annotations

import time
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.lifecycle import LifecycleNode
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image, PointCloud2
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from biopose_ros.msg import BodyPoints, JointAngleArray, SubjectModel, TrackedPersons
from biopose_ros.person.body_points import body_points
from biopose_ros.person.drawing import draw_persons
from biopose_ros.ros import messages, qos, transforms
from biopose_ros.ros.camera_messages import image_message
from biopose_ros.ros.frame_processing import FrameResult
from biopose_ros.ros.human_topics import BODIES, HumanTopics
from biopose_ros.ros.markers import person_markers
from biopose_ros.ros.mesh_messages import mesh_markers, virtual_marker_cloud
from biopose_ros.ros.person_topics import PersonTopics
from biopose_ros.ros.robot_state_publisher import RobotStatePublisher
from biopose_ros.ros.stamps import NANOSECONDS, to_ns
from biopose_ros.ros.subject_models import SubjectModels
from biopose_ros.ros.target_frame import TargetFrame
from biopose_ros.ros.tf_lookup import TfLookup
from biopose_ros.ros.topics import GROUND_FRAME, SHARED_TOPICS
from biopose_ros.settings import NodeConfig
from biopose_ros.skeleton import Skeleton


class PoseOutputs:
    """
    Publishes results; may be called from the inference thread.

    :param node: owns the publishers.
    :param skeleton: names and tree of the segments.
    :param prefix: of all frames.
    :param settings: what to publish.
    :param tf: knows where the camera is in the target frame, where there is one.
    """

    def __init__(
        self,
        node: LifecycleNode,
        skeleton: Skeleton,
        prefix: str,
        settings: NodeConfig,
        tf: TfLookup | None,
    ) -> None:
        self._node = node
        self._skeleton = skeleton
        self._publishers: list[Publisher[Any]] = []
        self._joint_angles = self._create(JointAngleArray, 'joint_angles', qos.OUTPUT)
        self._tracked = self._create(TrackedPersons, 'tracked_persons', qos.OUTPUT)
        self._points = self._create(BodyPoints, 'body_points', qos.OUTPUT)
        self._markers = self._create(MarkerArray, 'markers', qos.OUTPUT)
        self._meshes = self._create(MarkerArray, 'meshes', qos.OUTPUT)
        self._virtual_markers = self._create(PointCloud2, 'virtual_markers', qos.OUTPUT)
        self._debug_image = self._create(Image, 'debug_image', qos.OUTPUT)
        self._tf = self._create(TFMessage, '/tf', qos.TF)
        self._tf_static = self._create(TFMessage, '/tf_static', qos.latched(1))
        self._models = self._create(
            SubjectModel, 'subject_model', qos.latched(settings.pipeline.detection.max_persons)
        )
        self._state_publisher = (
            RobotStatePublisher(node) if settings.robot_state_publisher else None
        )
        is_ground = settings.ground_from == 'target_frame'
        self._target = TargetFrame(tf, settings.target_frame, is_ground) if tf else None
        self._debug_stamp_ns = 0
        self._of_persons = PersonTopics(node)
        self._subjects = SubjectModels(skeleton, self._models.publish, self._of_persons.describe)
        self._humans = HumanTopics(node, skeleton) if settings.publish_hri else None
        if self._humans:
            self._publishers.append(self._humans.tracked)
        self._ground = prefix + GROUND_FRAME
        self._rooted = ('', b'')

    def _create(self, kind: type, topic: str, profile: QoSProfile) -> Publisher[Any]:
        publisher: Publisher[Any] = self._node.create_publisher(
            kind,
            topic,
            profile,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._publishers.append(publisher)
        return publisher

    def publish(self, result: FrameResult, settings: NodeConfig) -> None:
        """Publish the result of one image, angles first."""
        header, skeleton = result.header, self._skeleton
        for person in result.persons:
            self._joint_angles.publish(messages.joint_angle_array(person, skeleton, header))
        self._subjects.update(result.persons, header)
        self._publish_frames(result, settings)
        self._publish_joints(result)
        self._publish_humans(result, settings)
        processing_s = time.monotonic() - result.started_s
        self._tracked.publish(messages.tracked_persons(result.persons, header, processing_s))
        if settings.publish_markers and self._markers.get_subscription_count():
            self._markers.publish(person_markers(result.persons, skeleton, header))
        if settings.publish_meshes and self._meshes.get_subscription_count():
            self._meshes.publish(mesh_markers(result.present, header, settings.pipeline.body))
        if settings.publish_virtual_markers and self._virtual_markers.get_subscription_count():
            self._virtual_markers.publish(virtual_marker_cloud(result.present, header))
        if settings.publish_debug_image and self._debug_image.get_subscription_count():
            self._publish_debug_image(result, settings.debug_image_hz)
        self._publish_points(result)  # last: a missing transform costs nothing else

    def _publish_frames(self, result: FrameResult, settings: NodeConfig) -> None:
        if not settings.publish_tf:
            return
        self._publish_ground(result, is_static=settings.ground_from == 'parameters')
        elsewhere = self._subjects.first if self._state_publisher else ''
        stamped: list[TransformStamped] = []
        for person in result.present:
            body = self._subjects.announced(person.person_id)
            size = person.scales if body is None else body.scales
            frames = transforms.segment_transforms(person, self._skeleton, result.header, size)
            # A robot_state_publisher knows all but where the root segment stands.
            stamped += frames[:1] if person.person_id == elsewhere else frames
            stamped += transforms.joint_transforms(frames, person.person_id)
        if stamped:
            self._tf.publish(TFMessage(transforms=stamped))

    def _publish_points(self, result: FrameResult) -> None:
        if not self._points.get_subscription_count():
            return  # they take 2 ms a person
        present, header = result.present, result.header
        points = [body_points(person, self._skeleton) for person in present]
        if self._target is not None and present:
            points, header = self._target.take_over(points, header)
        for person, of_person in zip(present, points, strict=True):
            self._points.publish(messages.body_points_message(person, of_person, header))

    def rivals(self) -> str:
        """Warn of another node that publishes on our topics; '' where there is none."""
        own = (self._node.get_name(), self._node.get_namespace())
        for publisher in self._publishers:
            topic = publisher.topic_name
            if topic in SHARED_TOPICS or self._node.count_publishers(topic) < 2:
                continue
            ends = self._node.get_publishers_info_by_topic(topic)
            nodes = [(end.node_name, end.node_namespace) for end in ends]
            if own in nodes:
                nodes.remove(own)
            if nodes:  # there is none where it has just gone
                name, namespace = nodes[0]
                remedy = (
                    'set publish_hri of one of the nodes to false'
                    if topic.startswith(BODIES)
                    else 'give one of the nodes another namespace'
                )
                return f'{namespace.rstrip("/")}/{name} publishes on {topic}, too; {remedy}'
        return ''

    def _publish_joints(self, result: FrameResult) -> None:
        """Send the joints of everybody whose size is announced."""
        for person in result.present:
            body = self._subjects.announced(person.person_id)
            if body is None:
                continue
            state = messages.joint_state(person, self._skeleton, result.header, body.scales)
            self._of_persons.send(person.person_id, state)
            if self._state_publisher and person.person_id == self._subjects.first:
                self._state_publisher.show(body.urdf, state)
        self._of_persons.keep_only(person.person_id for person in result.present)

    def _publish_humans(self, result: FrameResult, settings: NodeConfig) -> None:
        if self._humans is None:
            return
        frames = self._humans.publish(result.present, result.header, result.camera, self._subjects)
        if frames and settings.publish_tf:
            self._tf.publish(TFMessage(transforms=frames))

    def _publish_ground(self, result: FrameResult, is_static: bool) -> None:
        """Send the frame in which up is up; a static one where it has changed."""
        header = result.header
        if result.ground is None:
            return
        rooted = (header.frame_id, result.ground.level_from_leaning.tobytes())
        if is_static and rooted == self._rooted:
            return
        self._rooted = rooted
        ground = transforms.ground_transform(self._ground, result.ground, header)
        topic = self._tf_static if is_static else self._tf
        topic.publish(TFMessage(transforms=[ground]))

    def _publish_debug_image(self, result: FrameResult, rate_hz: float) -> None:
        if result.image_bgr is None or result.camera is None:
            return
        stamp_ns = to_ns(result.header.stamp)
        if 0 <= stamp_ns - self._debug_stamp_ns < NANOSECONDS / rate_hz:
            return
        self._debug_stamp_ns = stamp_ns
        picture = draw_persons(result.image_bgr, result.camera, result.present, self._skeleton)
        self._debug_image.publish(image_message(picture, result.header))

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
        if self._humans:
            self._humans.close()
        self._of_persons.keep_only(())
        if self._state_publisher:
            self._state_publisher.close()
