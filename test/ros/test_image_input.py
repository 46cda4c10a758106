"""The watch over the camera: what it says where no image comes."""

import array
import time

import cv2
import pytest
from biopose_ros.msg import JointAngleArray
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import ReliabilityPolicy
from ros_graph import ONE, NodeProcess, Probe
from sensor_msgs.msg import CameraInfo, CompressedImage

STATE_LOST = JointAngleArray.STATE_LOST


@pytest.fixture(scope='module')
def make_node(new_namespace, tmp_path_factory):
    started = []

    def make(*ros_args):
        namespace = new_namespace()
        log = tmp_path_factory.mktemp('node') / 'log.txt'
        process = NodeProcess(
            log, '-r', f'__ns:={namespace}', '-p', 'stale_after_s:=0.6', *ros_args
        )
        process.namespace = namespace
        started.append(process)
        return process

    yield make
    for process in started:
        process.close()


@pytest.fixture(scope='module')
def raw_node(make_node):
    return make_node()


@pytest.fixture
def listening():
    """Start probes, which end with the test."""
    probes = []

    def listening(process, **options):
        probe = Probe(process.namespace, **options)
        probes.append(probe)
        probe.listen('joint_angles', 'tracked_persons', '/diagnostics')
        probe.wait_for_state('active', process)
        return probe

    yield listening
    for probe in probes:
        probe.close()


def namespaced(process, name):
    """Ids begin with the namespace, so that two nodes never share a frame."""
    return process.namespace.strip('/') + '_' + name


def is_error(text):
    return lambda status: status.level == DiagnosticStatus.ERROR and text in status.message


def test_topic_without_publisher_is_an_error_with_the_remedy(listening, raw_node):
    probe = listening(raw_node)
    probe.node.destroy_publisher(probe._images)
    status = probe.diagnostics(is_error('nobody publishes'))
    assert f'{raw_node.namespace}/image' in status.message
    assert 'image_topic' in status.message
    said = raw_node.log.count('nobody publishes')
    probe.spin(1.0)
    assert raw_node.log.count('nobody publishes') == said > 0  # not four times a second


def test_silent_publisher_is_an_error_that_names_the_remedies(listening, raw_node):
    probe = listening(raw_node)
    status = probe.diagnostics(is_error('no image on'))
    for remedy in ('FASTDDS_DEFAULT_PROFILES_FILE', 'image_transport:=compressed', 'reliable'):
        assert remedy in status.message


def test_person_is_lost_when_the_camera_stops_and_all_is_well_when_it_is_back(listening, raw_node):
    probe = listening(raw_node)
    probe.wait_until_matched()
    last_stamp = probe.result_of(ONE, 'joint_angles')[0].header.stamp
    probe.wait_for(lambda: probe.received['joint_angles'][-1].tracking_state == STATE_LOST)
    assert probe.received['joint_angles'][-1].header.stamp == last_stamp
    probe.diagnostics(lambda s: s.level != DiagnosticStatus.ERROR, step=lambda: probe.show(ONE))


def test_topic_of_another_type_is_named(listening, raw_node):
    probe = listening(raw_node)
    probe.node.destroy_publisher(probe._images)
    publisher = probe.node.create_publisher(CompressedImage, 'image', 5)
    status = probe.diagnostics(is_error('carries sensor_msgs/msg/CompressedImage'))
    assert 'image_transport' in status.message
    probe.node.destroy_publisher(publisher)


def test_auto_reliability_follows_a_best_effort_camera_and_back(listening, raw_node):
    for reliability in (ReliabilityPolicy.BEST_EFFORT, ReliabilityPolicy.RELIABLE):
        probe = listening(raw_node, reliability=reliability)
        topic = probe.node.resolve_topic_name('image')

        def offered(probe=probe, topic=topic):
            infos = probe.node.get_subscriptions_info_by_topic(topic)
            return [info.qos_profile.reliability for info in infos]

        probe.wait_for(lambda: offered() == [reliability], what=f'{reliability}: {offered()}')  # noqa: B023
        probe.show_until(ONE, lambda: probe.received['tracked_persons'])  # noqa: B023
        probe.node.destroy_publisher(probe._images)


def test_reliable_subscription_to_a_best_effort_camera_is_named(listening, make_node):
    node = make_node('-p', 'image_reliability:=reliable')
    probe = listening(node, reliability=ReliabilityPolicy.BEST_EFFORT)
    status = probe.diagnostics(is_error('published best effort'), step=lambda: probe.show(ONE))
    assert 'image_reliability to auto' in status.message


def test_compressed_transport_subscribes_below_the_remapped_topic(listening, make_node):
    node = make_node('-p', 'image_transport:=compressed', '-r', 'image:=camera/image_raw')
    probe = listening(node)
    publisher = probe.node.create_publisher(CompressedImage, 'camera/image_raw/compressed', 5)
    probe.wait_for(lambda: publisher.get_subscription_count() == 1)
    _, data = cv2.imencode('.jpg', ONE)

    def send():
        probe.stamp_ns = time.time_ns()
        publisher.publish(
            CompressedImage(
                header=probe.header(), format='jpeg', data=array.array('B', data.tobytes())
            )
        )

    probe.wait_for(lambda: probe.received['joint_angles'], step=send)
    assert probe.received['joint_angles'][-1].person_id == namespaced(node, 'person_1')


def test_two_cameras_on_one_topic_are_a_warning(listening, make_node):
    node = make_node()
    first, second = listening(node), listening(node)
    status = first.diagnostics(
        lambda s: s.level == DiagnosticStatus.WARN and '2 publishers send images' in s.message,
        step=lambda: (first.show(ONE), second.spin(0.01)),
    )
    assert f'{node.namespace}/probe' in status.message
    assert '2 publishers send images' in node.log


def test_another_node_on_our_topics_is_named(listening, make_node):
    node = make_node()
    probe = listening(node)
    probe.node.create_publisher(JointAngleArray, 'joint_angles', 5)
    status = probe.diagnostics(lambda s: 'publishes on' in s.message, step=lambda: probe.show(ONE))
    topic = probe.node.resolve_topic_name('joint_angles')
    assert f'{node.namespace}/probe publishes on {topic}, too' in status.message


def test_a_calibration_that_comes_with_a_late_camera_is_waited_for(listening, make_node):
    """The wait begins with the first image, however long after the node that comes."""
    node = make_node()
    probe = listening(node)
    infos = probe.node.create_publisher(CameraInfo, 'camera_info', 5)
    probe.wait_for(lambda: infos.get_subscription_count() == 1)
    k = [300.0, 0.0, 160.0, 0.0, 300.0, 120.0, 0.0, 0.0, 1.0]
    info = CameraInfo(header=probe.header(), width=320, height=240, k=k)
    probe.spin(1.5)
    probe.wait_for(
        lambda: probe.received['tracked_persons'],
        step=lambda: (probe.show(ONE), infos.publish(info)),
    )
    assert 'not calibrated' not in node.log
