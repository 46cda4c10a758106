"""A second process in the ROS graph: publishes pictures, and collects what the node sends."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rclpy
from biopose_ros.msg import BodyPoints, JointAngleArray, SubjectModel, TrackedPersons
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, JointState, PointCloud2
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from biopose_ros.ros.camera_messages import image_message
from biopose_ros.ros.stamps import to_time

SPOT_NODE = Path(__file__).with_name('spot_node.py')
FRAME_ID = 'camera_optical_frame'
WIDTH, HEIGHT = 320, 240
SLOW_WIDTH = 400  # of pictures that the stand-in pipeline is slow on
STEP_NS = 33_000_000
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPICS = {
    'joint_angles': (JointAngleArray, 50),
    'body_points': (BodyPoints, 50),
    'tracked_persons': (TrackedPersons, 50),
    'markers': (MarkerArray, 50),
    'meshes': (MarkerArray, 10),
    'virtual_markers': (PointCloud2, 10),
    'debug_image': (Image, 10),
    '/tf': (TFMessage, 100),
    '/tf_static': (TFMessage, LATCHED),
    'subject_model': (SubjectModel, LATCHED),
    '/diagnostics': (DiagnosticArray, 10),
}


OF_PERSONS = {'joint_states': (JointState, 50), 'robot_description': (String, LATCHED)}


class NodeProcess:
    """A pose node in a process of its own; its log goes to a file."""

    def __init__(self, log, *ros_args, command=None, environment=None):
        self.log_path = log
        command = command or [sys.executable, str(SPOT_NODE)]
        self._process = subprocess.Popen(
            [*command, '--ros-args', *ros_args],
            env={**os.environ, **(environment or {})},
            stdout=log.open('w'),
            stderr=subprocess.STDOUT,
        )

    @property
    def log(self):
        return self.log_path.read_text()

    @property
    def is_running(self):
        return self._process.poll() is None

    def wait(self, timeout_s=60.0):
        return self._process.wait(timeout_s)

    def send_interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def interrupt(self, timeout_s=60.0):
        """Send what Ctrl-C sends; give the exit status."""
        self.send_interrupt()
        return self._process.wait(timeout_s)

    def close(self):
        if self.is_running:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Probe:
    """A node of the test's own process."""

    latest_ns = 0

    def __init__(self, namespace='', reliability=ReliabilityPolicy.RELIABLE):
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node('probe', context=self._context, namespace=namespace)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.received = defaultdict(list)
        profile = QoSProfile(depth=5, reliability=reliability)
        self._images = self.node.create_publisher(Image, 'image', profile)
        self._infos = None
        # Later than whatever an earlier probe has published, for time must not step back.
        self.stamp_ns = max(time.time_ns(), Probe.latest_ns + STEP_NS)

    def begin(self):
        """Show an empty scene, and forget what was received before."""
        self.stamp_ns = max(self.stamp_ns, time.time_ns())
        self.received['tracked_persons'].clear()

        def sees_nobody():
            return any(not message.persons for message in self.received['tracked_persons'])

        self.show_until(EMPTY, sees_nobody)
        self.spin(0.1)
        for messages in self.received.values():
            messages.clear()

    def listen(self, *topics):
        for topic in topics:
            kind, profile = TOPICS.get(topic) or OF_PERSONS[topic.rpartition('/')[2]]
            self.node.create_subscription(kind, topic, self.received[topic].append, profile)

    def close(self):
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def spin(self, duration_s):
        """Spin for a while, and for as many turns as an idle machine makes in it."""
        self.wait_for(lambda: False, duration_s, must=False)
        for _ in range(round(duration_s / 0.03)):
            self._executor.spin_once(timeout_sec=0.0)

    def wait_for(self, condition, timeout_s=60.0, must=True, what='', step=lambda: None):
        """Spin until something is so; with a step, try again and again."""
        end_s = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < end_s:
            step()
            self._executor.spin_once(timeout_sec=0.03)
        assert condition() or not must, what or 'timed out'

    def wait_until_matched(self):
        self.wait_for(lambda: self._images.get_subscription_count() == 1, what='no subscription')

    def show(self, image_bgr, step_ns=STEP_NS):
        """Publish a picture one step later than the last."""
        self.stamp_ns += step_ns
        message = image_message(image_bgr, self.header())
        self._images.publish(message)
        return message.header.stamp

    def header(self):
        Probe.latest_ns = max(Probe.latest_ns, self.stamp_ns)
        return Header(stamp=to_time(self.stamp_ns), frame_id=FRAME_ID)

    def publish_raw(self, message, step_ns=STEP_NS):
        self.stamp_ns += step_ns
        message.header = self.header()
        self._images.publish(message)

    def publish_info(self, info):
        """Publish a calibration, and wait until it has arrived."""
        if self._infos is None:
            self._infos = self.node.create_publisher(CameraInfo, 'camera_info', 5)
            self.wait_for(lambda: self._infos.get_subscription_count() == 1)
        info.header = self.header()
        # As a camera does, again and again: just after discovery a best-effort subscription may
        # miss a message.
        for _ in range(4):
            self._infos.publish(info)
            self.spin(0.1)

    def show_until(self, image_bgr, condition, timeout_s=60.0, what=''):
        self.wait_for(condition, timeout_s, what=what, step=lambda: self.show(image_bgr))

    def result_of(self, image_bgr, topic='tracked_persons'):
        """
        Show a picture and give the messages that carry its stamp.

        Messages of different topics may overtake each other, so those on the topic are waited for.
        """
        stamp = self.show(image_bgr)
        self.wait_for(
            lambda: self.of_stamp('tracked_persons', stamp), what='no result for the picture'
        )
        tracked = self.of_stamp('tracked_persons', stamp)[0]
        count = len(tracked.persons) if topic == 'joint_angles' else 1
        if tracked.persons:
            self.wait_for(
                lambda: len(self.of_stamp(topic, stamp)) >= count, what=f'too few on {topic}'
            )
        self.spin(0.1)  # what should not come has its time
        return self.of_stamp(topic, stamp)

    def of_stamp(self, topic, stamp):
        return [message for message in self.received[topic] if stamp_of(message) == stamp]

    def diagnostics(self, condition, timeout_s=60.0, step=lambda: None):
        """Wait for a diagnostic status of this namespace's node that fulfils a condition."""
        self.received['/diagnostics'].clear()
        prefix = f'{self.node.get_namespace()}/pose_node'.lstrip('/')

        def seen():
            statuses = (s for m in self.received['/diagnostics'] for s in m.status)
            return [status for status in statuses if status.name.startswith(prefix)]

        def found():
            return [status for status in seen() if condition(status)]

        self.wait_for(found, timeout_s, must=False, step=step)
        assert found(), f'messages were {[status.message for status in seen()]}'
        return found()[0]

    def call(self, kind, service, request, timeout_s=60.0):
        client = self.node.create_client(kind, service)
        self.wait_for(client.service_is_ready, timeout_s, what=f'no service {service}')
        # Just after discovery an answer may find its reader not matched yet and be lost; asking
        # again is harmless, but for transitions, whose service is known by then.
        futures = [client.call_async(request)]

        def is_answered():
            return any(future.done() for future in futures)

        if kind is not ChangeState:
            for _ in range(3):
                self.wait_for(is_answered, 4.0, must=False)
                if not is_answered():
                    futures.append(client.call_async(request))
        self.wait_for(is_answered, timeout_s, what=f'no answer from {service}')
        self.node.destroy_client(client)
        return next(future.result() for future in futures if future.done())

    def transition(self, name):
        number = getattr(Transition, f'TRANSITION_{name.upper()}')
        request = ChangeState.Request(transition=Transition(id=number))
        return self.call(ChangeState, 'pose_node/change_state', request).success

    def state(self):
        return self.call(GetState, 'pose_node/get_state', GetState.Request()).current_state.label

    def wait_for_state(self, label, process, timeout_s=120.0):
        """Wait for a lifecycle state of the node of a process."""
        service = 'pose_node/get_state'
        client = self.node.create_client(GetState, service)

        def is_up():
            assert process.is_running, process.log
            return client.service_is_ready()

        self.wait_for(is_up, timeout_s, what='the node does not start')
        self.node.destroy_client(client)
        self.wait_for(lambda: self.state() == label, timeout_s, what=f'never {label}')

    def set_parameter(self, name, value):
        request = SetParametersAtomically.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        service = 'pose_node/set_parameters_atomically'
        return self.call(SetParametersAtomically, service, request).result


@contextmanager
def node_and_probe(namespace, log, *ros_args, topics=(), state='active', **options):
    """
    Give a pose node that has reached a state, and a probe that listens to topics.

    On a busy machine tests are slow to show the next picture; no person is lost by that.
    """
    arguments = ('-r', f'__ns:={namespace}', '-p', 'stale_after_s:=60.0', *ros_args)
    process = NodeProcess(log, *arguments, **options)
    probe = Probe(namespace)
    probe.listen(*topics)
    try:
        probe.wait_for_state(state, process)
        yield process, probe
    finally:
        probe.close()
        process.close()


def stamp_of(message):
    """Give a message's own stamp, or that of its first marker or transform."""
    for parts in ('markers', 'transforms'):
        if hasattr(message, parts):
            return next((part.header.stamp for part in getattr(message, parts)), None)
    return message.header.stamp


def values(status):
    return {item.key: item.value for item in status.values}


def scene(*boxes):
    """A dark picture with a bright rectangle per person; boxes are x, y, width, height."""
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    for x, y, width, height in boxes:
        image[y : y + height, x : x + width] = 220
    return image


EMPTY = scene()
ONE = scene((140, 40, 40, 160))
TWO = scene((60, 40, 40, 160), (200, 60, 30, 120))
CUT_OFF = scene((140, 100, 60, 140))
