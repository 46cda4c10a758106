"""Bad input never ends the node and never becomes a result; each fault is reported."""

import array
import time

import cv2
import numpy as np
from biopose_ros.msg import JointAngleArray
from diagnostic_msgs.msg import DiagnosticStatus
from ros_graph import EMPTY, HEIGHT, ONE, SLOW_WIDTH, WIDTH, values
from sensor_msgs.msg import CameraInfo, Image


def raw(image_bgr, **changes):
    height, width, _ = image_bgr.shape
    fields = {
        'height': height,
        'width': width,
        'step': 3 * width,
        'encoding': 'bgr8',
        'data': array.array('B', image_bgr.tobytes()),
    }
    return Image(**{**fields, **changes})


def assert_reported_and_survived(probe, message, fault):
    """Send a bad image: a warning names it, no result comes of it, and the next image works."""
    probe.received['joint_angles'].clear()
    probe.diagnostics(
        lambda s: s.level == DiagnosticStatus.WARN and fault in s.message,
        step=lambda: probe.publish_raw(message),
    )
    assert probe.received['joint_angles'] == []
    assert len(probe.result_of(ONE, 'joint_angles')) == 1
    probe.result_of(EMPTY)


def test_wrong_encoding(probe):
    assert_reported_and_survived(
        probe, raw(ONE, encoding='32FC1'), "image encoding '32FC1' is not supported"
    )


def test_fault_inside_the_pipeline(probe):
    assert_reported_and_survived(probe, raw(np.full_like(ONE, 13)), 'the pipeline stumbled')


def test_nan_intrinsics_leave_the_last_good_ones(probe):
    k = [400.0, 0.0, WIDTH / 2, 0.0, 400.0, HEIGHT / 2, 0.0, 0.0, 1.0]
    probe.publish_info(CameraInfo(width=WIDTH, height=HEIGHT, k=k))
    before = probe.result_of(ONE, 'joint_angles')[-1]
    probe.publish_info(CameraInfo(width=WIDTH, height=HEIGHT, k=[float('nan')] * 9))
    status = probe.diagnostics(lambda s: 'not finite' in s.message, step=lambda: probe.show(ONE))
    assert status.level == DiagnosticStatus.WARN
    after = probe.result_of(ONE, 'joint_angles')[-1]
    np.testing.assert_array_equal(after.position, before.position)


def test_camera_info_of_another_shape(probe):
    k = [400.0, 0.0, 100.0, 0.0, 400.0, 100.0, 0.0, 0.0, 1.0]
    probe.publish_info(CameraInfo(width=200, height=200, k=k))
    status = probe.diagnostics(
        lambda s: 'another shape' in s.message, step=lambda: probe.show(ONE)
    )
    assert status.level == DiagnosticStatus.WARN
    probe.publish_info(CameraInfo())
    assert len(probe.result_of(EMPTY)) == 1


def test_stamps_that_go_back_start_a_new_time_line(probe):
    probe.result_of(ONE)
    probe.stamp_ns -= 5 * 10**9
    messages = probe.result_of(ONE, 'joint_angles')
    assert [m.tracking_state for m in messages] == [
        JointAngleArray.STATE_LOST,
        JointAngleArray.STATE_TRACKED,
    ]
    assert len(probe.result_of(ONE, 'joint_angles')) == 1


def test_repeated_and_late_stamps_are_refused(probe):
    probe.result_of(ONE)
    received = len(probe.received['joint_angles'])
    status = probe.diagnostics(
        lambda s: 'before the last one or alike' in s.message,
        step=lambda: probe.show(ONE, step_ns=0),
    )
    assert status.level == DiagnosticStatus.WARN
    probe.show(ONE, step_ns=-(10**7))
    probe.spin(0.3)
    assert len(probe.received['joint_angles']) == received
    probe.stamp_ns += 10**8
    assert len(probe.result_of(ONE, 'joint_angles')) == 1


def test_unstamped_images_get_the_time_of_their_arrival(probe):
    before_ns = time.time_ns()
    message = raw(ONE)

    def send():
        message.header.stamp.sec = message.header.stamp.nanosec = 0
        probe._images.publish(message)

    probe.wait_for(lambda: probe.received['joint_angles'], step=send)
    assert probe.received['joint_angles'][-1].header.stamp.sec >= before_ns // 10**9
    probe.stamp_ns = time.time_ns() + 10**9


def test_camera_that_is_too_fast_costs_drops_not_delay(probe):
    """Counted in images, which a busy machine does not change."""
    slow = cv2.resize(ONE, (SLOW_WIDTH, 300), interpolation=cv2.INTER_NEAREST)
    message, shown, results = raw(slow), [], probe.received['tracked_persons']

    def show():
        probe.publish_raw(message, step_ns=10**6)
        shown.append(message.header.stamp)

    probe.wait_for(lambda: len(shown) > len(results) + 200, timeout_s=300.0, step=show)
    probe.wait_for(lambda: probe.of_stamp('tracked_persons', shown[-1]), what='not the newest')
    assert len(results) < len(shown) - 100  # a queue would have come to the newest last
    probe.diagnostics(lambda s: int(values(s)['images dropped']) > 0)
