"""Start, stop, and everything that can go wrong before the first image."""

import sys
from contextlib import ExitStack

import pytest
from biopose_ros.msg import JointAngleArray
from diagnostic_msgs.msg import DiagnosticStatus
from ros_graph import ONE, NodeProcess, node_and_probe, values
from rosgraph_msgs.msg import Clock

from biopose_ros.pretrained.networks import NETWORKS
from biopose_ros.ros.stamps import to_time

REAL_NODE = [
    sys.executable,
    '-c',
    'import sys; from biopose_ros.ros.pose_node import main; sys.exit(main(sys.argv))',
]


@pytest.fixture(scope='module')
def managed(new_namespace, tmp_path_factory):
    """A node that waits for a lifecycle manager, and the probe that plays one."""
    log = tmp_path_factory.mktemp('managed') / 'log.txt'
    options = {
        'topics': ('joint_angles', 'tracked_persons', 'subject_model', '/diagnostics'),
        'state': 'unconfigured',
    }
    with node_and_probe(new_namespace(), log, '-p', 'autostart:=false', **options) as both:
        yield both


def test_a_lifecycle_manager_can_take_the_node_up_and_down_again_and_again(managed):
    _, probe = managed
    angles = probe.received['joint_angles']
    for _ in range(3):
        assert probe.transition('configure')
        assert probe.state() == 'inactive'
        assert probe.transition('activate')
        probe.wait_until_matched()
        probe.show_until(ONE, lambda: angles)
        assert probe.transition('deactivate')
        probe.wait_for(lambda: angles[-1].tracking_state == JointAngleArray.STATE_LOST)
        assert JointAngleArray.STATE_LOST not in [m.tracking_state for m in angles[:-1]]
        assert probe.transition('cleanup')
        assert probe.state() == 'unconfigured'
        angles.clear()
    topic = probe.node.resolve_topic_name('image')
    probe.wait_for(lambda: probe.node.count_subscribers(topic) == 0)


def test_inactive_node_publishes_nothing(managed):
    _, probe = managed
    assert probe.transition('configure')
    probe.received['tracked_persons'].clear()
    for _ in range(5):
        probe.show(ONE)
        probe.spin(0.05)
    assert probe.received['tracked_persons'] == []
    assert probe.transition('cleanup')


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('height_m', 0.2, 'must lie from 0.5'),
        ('height_m', 5.0, 'range'),
        ('method', 'magic', 'must be one of biopose'),
        ('max_persons', 0, 'range'),
    ],
)
def test_parameters_out_of_range_are_refused_with_the_reason(managed, name, value, reason):
    _, probe = managed
    result = probe.set_parameter(name, value)
    assert not result.successful
    assert reason in result.reason


def test_parameters_set_while_unconfigured_count_at_the_next_configure(managed):
    _, probe = managed
    assert probe.set_parameter('person_id_prefix', 'left_').successful
    assert probe.set_parameter('height_m', 1.9).successful
    probe.received['joint_angles'].clear()
    probe.received['subject_model'].clear()
    assert probe.transition('configure')
    assert probe.transition('activate')
    probe.wait_until_matched()
    probe.show_until(
        ONE, lambda: probe.received['subject_model'] and probe.received['joint_angles']
    )
    assert probe.received['joint_angles'][-1].person_id == 'left_person_1'
    assert probe.received['subject_model'][-1].stature == pytest.approx(1.9)


def test_shutdown_transition_ends_in_finalized_and_the_process_lives(managed):
    process, probe = managed
    assert probe.transition('active_shutdown')
    assert probe.state() == 'finalized'
    assert process.is_running


def test_interrupt_ends_the_node_at_once_and_clean_even_while_images_come(new_namespace, tmp_path):
    with node_and_probe(new_namespace(), tmp_path / 'log.txt', topics=['tracked_persons']) as (
        process,
        probe,
    ):
        probe.show_until(ONE, lambda: len(probe.received['tracked_persons']) > 5)
        process.send_interrupt()  # as from the terminal, before the one of the launch
        probe.show(ONE)
        assert process.interrupt() == 0
        assert 'Traceback' not in process.log


def test_simulated_clock_that_jumps_back_ends_every_track(new_namespace, tmp_path):
    log, topics = tmp_path / 'log.txt', ('joint_angles', 'tracked_persons')
    with node_and_probe(new_namespace(), log, '-p', 'use_sim_time:=true', topics=topics) as (
        process,
        probe,
    ):
        clock = probe.node.create_publisher(Clock, '/clock', 10)
        probe.stamp_ns = 100 * 10**9
        angles = probe.received['joint_angles']

        def tell(seconds):  # again and again, as simulators do
            clock.publish(Clock(clock=to_time(seconds * 10**9)))

        probe.wait_for(lambda: clock.get_subscription_count(), what='nobody wants the time')
        probe.wait_for(
            lambda: len(angles) > 5, step=lambda: (tell(100), probe.show(ONE), probe.spin(0.1))
        )
        probe.wait_for(
            lambda: angles[-1].tracking_state == JointAngleArray.STATE_LOST, step=lambda: tell(50)
        )
        assert 'the clock jumped back' in process.log


@pytest.mark.parametrize(
    'assignment',
    ['max_persons:=0', 'image_transport:=carrier_pigeon', 'device:=gpu', 'max_person:=2'],
)
def test_start_parameter_that_cannot_be_is_one_clear_line(new_namespace, tmp_path, assignment):
    arguments = ('-r', f'__ns:={new_namespace()}', '-p', assignment)
    process = NodeProcess(tmp_path / 'log.txt', *arguments)
    assert process.wait(timeout_s=60.0) == 1
    assert 'a parameter is not allowed' in process.log
    assert assignment.split(':')[0] in process.log
    assert 'Traceback' not in process.log


@pytest.fixture
def failing(new_namespace, tmp_path):
    """Start the real node where it cannot be configured; give the process when that is said."""
    started = ExitStack()
    options = {'command': REAL_NODE, 'state': 'unconfigured', 'topics': ['/diagnostics']}

    def failing(*ros_args, **environment):
        node = node_and_probe(
            new_namespace(), tmp_path / 'log.txt', *ros_args, **options, **environment
        )
        process, probe = started.enter_context(node)
        probe.wait_for(lambda: 'cannot configure' in process.log, what=process.log)
        status = probe.diagnostics(lambda s: 'cannot configure' in s.message)
        assert status.level == DiagnosticStatus.ERROR
        assert values(status)['state'] == 'unconfigured'
        assert process.is_running
        assert 'Traceback' not in process.log
        return process

    with started:
        yield failing


def test_missing_weights_leave_the_node_unconfigured_and_say_what_to_do(failing, tmp_path):
    process = failing(environment={'BIOPOSE_CACHE': str(tmp_path)})
    assert 'biopose weights import' in process.log


def test_corrupt_weights_leave_the_node_unconfigured_and_name_the_file(failing, tmp_path):
    for network in NETWORKS.values():
        for name in network.files:
            path = tmp_path / 'networks' / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b'this is no network')
    process = failing(environment={'BIOPOSE_CACHE': str(tmp_path)})
    assert str(tmp_path) in process.log


def test_device_that_is_not_there_leaves_the_node_unconfigured(failing):
    assert 'cuda:77' in failing('-p', 'device:=cuda:77').log
