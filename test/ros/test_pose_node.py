"""From picture to messages, over real DDS, with pictures whose content is known."""

import math
import re
import xml.etree.ElementTree as ET
from collections import defaultdict

import numpy as np
import pytest
from biopose_ros.msg import JointAngleArray
from ros_graph import CUT_OFF, EMPTY, FRAME_ID, HEIGHT, ONE, TWO, WIDTH, Probe, values
from sensor_msgs.msg import CameraInfo
from urdf_links import place_links
from visualization_msgs.msg import Marker

from biopose_ros.frames import REP103_FROM_OPENSIM
from biopose_ros.ros.diagnostics import stage_times
from biopose_ros.ros.stamps import to_ns
from biopose_ros.skeleton import load_skeleton

DESCRIPTION = 'persons/left_person_1/robot_description'
JOINT_STATES = 'persons/left_person_1/joint_states'
JOINT_FRAMES = [
    f'{side}_{joint}'
    for side in ('left', 'right')
    for joint in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
]


def test_joint_angles_carry_every_coordinate_and_the_stamp_of_the_picture(probe):
    (message,) = probe.result_of(ONE, 'joint_angles')
    skeleton = load_skeleton()
    assert tuple(message.name) == skeleton.coordinate_names
    lengths = {len(message.position), len(message.velocity), len(message.stddev)}
    assert lengths == {len(message.name)}
    assert message.header.frame_id == FRAME_ID
    assert (message.person_id, message.model) == ('left_person_1', skeleton.name)
    assert message.tracking_state == JointAngleArray.STATE_TRACKED
    assert message.confidence == pytest.approx(0.9)
    knee = message.position[message.name.index('knee_angle_r')]
    default = skeleton.default_coordinates[skeleton.coordinate_index('knee_angle_r')]
    assert knee == pytest.approx(float(default))


def test_each_person_gets_a_message_of_their_own(probe):
    messages = probe.result_of(TWO, 'joint_angles')
    assert [m.person_id for m in messages] == ['left_person_1', 'left_person_2']


def test_tracked_persons_hold_the_boxes(probe):
    (message,) = probe.result_of(ONE)
    (person,) = message.persons
    box = (person.box_x_min, person.box_y_min, person.box_x_max, person.box_y_max)
    assert box == (140.0, 40.0, 180.0, 200.0)


def test_transforms_form_one_tree_below_the_camera(probe):
    parents = frame_parents(probe.result_of(TWO, '/tf'))
    skeleton = load_skeleton()
    expected = {
        f'{person}/{frame}'
        for person in ('left_person_1', 'left_person_2')
        for frame in (*skeleton.segment_names, *JOINT_FRAMES)
    }
    assert set(parents) == expected
    for frame in expected:
        depth = 0
        while frame != FRAME_ID:
            frame = parents[frame]
            depth += 1
            assert depth < 30


def frame_parents(messages):
    stamped = [transform for message in messages for transform in message.transforms]
    return {t.child_frame_id: t.header.frame_id for t in stamped}


def test_transforms_agree_with_forward_kinematics_and_point_up(probe):
    (sent,) = probe.result_of(ONE, '/tf')
    by_child = {t.child_frame_id: t for t in sent.transforms}
    stamp = sent.transforms[0].header.stamp
    probe.wait_for(lambda: probe.of_stamp('joint_angles', stamp))
    (angles,) = probe.of_stamp('joint_angles', stamp)
    pose = np.eye(4)
    frame = 'left_person_1/tibia_r'
    while frame != FRAME_ID:
        transform = by_child[frame]
        assert transform.header.stamp == stamp
        pose = matrix(transform.transform) @ pose
        frame = transform.header.frame_id
    # An upright person before an upright camera: z of the shank points up, to -y of the optics.
    np.testing.assert_allclose(pose[:3, 2], [0, -1, 0], atol=0.2)
    skeleton = load_skeleton()
    frames = skeleton.forward_kinematics(as_tensor(angles.position))
    index = skeleton.segment_index('tibia_r')
    ground_to_optical = np.array([[0, 0, -1], [0, -1, 0], [-1, 0, 0]])
    np.testing.assert_allclose(
        pose[:3, 3], ground_to_optical @ frames.positions_m[index].numpy(), atol=1e-6
    )
    np.testing.assert_allclose(
        pose[:3, :3],
        ground_to_optical @ frames.rotations[index].numpy() @ REP103_FROM_OPENSIM.T,
        atol=1e-6,
    )


def as_tensor(numbers):
    import torch

    return torch.tensor(numbers, dtype=torch.float64)


def matrix(transform):
    """Turn a quaternion and a translation into [4, 4], written out independently of scipy."""
    q, t = transform.rotation, transform.translation
    w, x, y, z = q.w, q.x, q.y, q.z
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), t.x],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), t.y],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), t.z],
            [0, 0, 0, 1],
        ]
    )


def test_static_ground_points_up(late_probe):
    (ground,) = late_probe.received['/tf_static'][-1].transforms
    assert (ground.header.frame_id, ground.child_frame_id) == (FRAME_ID, 'left_biopose_ground')
    np.testing.assert_allclose(matrix(ground.transform)[:3, 2], [0, -1, 0], atol=1e-9)


@pytest.fixture
def late_probe(active_node, probe):
    """Somebody who subscribes after one person has appeared."""
    probe.result_of(ONE)
    late = Probe(active_node.namespace)
    latched = (DESCRIPTION, 'subject_model', '/tf_static')
    late.listen(*latched)
    late.wait_for(
        lambda: all(late.received[topic] for topic in latched), step=lambda: probe.show(ONE)
    )
    late.spin(0.3)  # the latest comes last
    yield late
    late.close()


def test_late_subscribers_get_the_body(late_probe):
    model = late_probe.received['subject_model'][-1]
    assert model.person_id == 'left_person_1'
    assert model.stature == pytest.approx(1.75)
    assert len(model.segment_name) == len(model.scale) == len(model.scale_stddev) > 0
    assert ET.fromstring(model.osim).tag == 'OpenSimDocument'


def test_joint_states_name_exactly_the_joints_of_the_urdf(late_probe, probe):
    robot = ET.fromstring(late_probe.received[DESCRIPTION][-1].data)
    moving = {j.get('name') for j in robot.iter('joint') if j.get('type') != 'fixed'}
    probe.show_until(ONE, lambda: probe.received[JOINT_STATES])
    state = probe.received[JOINT_STATES][-1]
    assert len(state.name) == len(state.position) == len(state.velocity)
    assert set(state.name) == moving
    assert robot.find('.//mimic') is None


def test_every_person_has_a_description_that_agrees_with_the_frames(active_node, probe):
    """As robot_state_publisher would place the links, image by image from the first one on."""
    persons = ('left_person_1', 'left_person_2')
    names = ('robot_description', 'joint_states')
    topics = [f'persons/{person}/{name}' for person in persons for name in names]
    late = Probe(active_node.namespace)
    late.listen('/tf', *topics)
    try:
        probe.result_of(TWO)
        # Images go on, or after two seconds without one both would be lost.
        late.wait_for(
            lambda: (
                all(late.received[topic] for topic in topics[::2])
                and all(states_with_frames(late, person) for person in persons)
            ),
            step=lambda: probe.show(TWO),
        )
        for person in persons:
            urdf = late.received[f'persons/{person}/robot_description'][-1].data
            for state, frames in states_with_frames(late, person):
                compare(urdf, state, frames, f'{person}/pelvis')
    finally:
        late.close()
    probe.result_of(EMPTY)
    topic = probe.node.resolve_topic_name(topics[0])
    probe.wait_for(lambda: probe.node.count_publishers(topic) == 0)


def states_with_frames(probe, person):
    """Give a person's joint states, each with the transforms of the same picture by name."""
    frames = defaultdict(dict)
    for message in probe.received['/tf']:
        for transform in message.transforms:
            if transform.child_frame_id.startswith(f'{person}/'):
                of_picture = frames[to_ns(transform.header.stamp)]
                of_picture[transform.child_frame_id] = transform
    states = probe.received[f'persons/{person}/joint_states']
    stamped = [(state, to_ns(state.header.stamp)) for state in states]
    return [(state, frames[stamp]) for state, stamp in stamped if stamp in frames]


def compare(urdf, state, frames, root):
    _, placed = place_links(urdf, dict(zip(state.name, state.position, strict=True)))
    links = {name for name in frames if name.rpartition('/')[2] not in JOINT_FRAMES} - {root}
    assert len(links) == len(load_skeleton().segment_names) - 1
    for link in links:
        pose, parent = np.eye(4), link
        while parent != root:
            pose = matrix(frames[parent].transform) @ pose
            parent = frames[parent].header.frame_id
        np.testing.assert_allclose(placed[link], pose, atol=1e-5)


def test_markers_draw_bones_joints_and_the_name(probe):
    (message,) = probe.result_of(ONE, 'markers')
    kinds = {marker.type: marker for marker in message.markers}
    assert set(kinds) == {Marker.LINE_LIST, Marker.SPHERE_LIST, Marker.TEXT_VIEW_FACING}
    skeleton = load_skeleton()
    assert len(kinds[Marker.LINE_LIST].points) == 2 * (len(skeleton.segment_names) - 1)
    assert kinds[Marker.TEXT_VIEW_FACING].text == 'left_person_1'


def test_person_who_leaves_is_reported_lost_once(probe):
    probe.result_of(ONE)
    (message,) = probe.result_of(EMPTY, 'joint_angles')
    assert message.tracking_state == JointAngleArray.STATE_LOST
    assert message.confidence == 0.0
    assert len(message.name) == len(message.position) > 0
    assert all(math.isnan(value) for value in message.position)
    assert probe.of_stamp('/tf', message.header.stamp) == []
    assert probe.result_of(EMPTY, 'joint_angles') == []


def test_tracked_persons_tell_once_who_is_lost(probe):
    probe.result_of(ONE)
    (message,) = probe.result_of(EMPTY)
    (person,) = message.persons
    assert (person.person_id, person.tracking_state) == (
        'left_person_1',
        JointAngleArray.STATE_LOST,
    )
    assert 0.0 < message.processing_time < 60.0
    (message,) = probe.result_of(EMPTY)
    assert message.persons == []


def test_body_points_stand_where_the_frames_are(probe):
    probe.show_until(ONE, lambda: probe.received['body_points'])
    message = probe.received['body_points'][-1]
    assert (message.header.frame_id, message.person_id) == (FRAME_ID, 'left_person_1')
    points = {point.name: point for point in message.points}
    assert {'head', 'left_hand', 'right_foot'} <= set(points)
    for name, point in points.items():
        place = point.position
        assert np.isfinite([place.x, place.y, place.z]).all(), name
        covariance = np.array(point.covariance).reshape(3, 3)
        assert np.linalg.eigvalsh(covariance)[0] > 0
    assert points['head'].position.y < points['left_hip'].position.y  # y looks down


def test_cut_off_person_has_unknown_angles_but_equal_arrays(probe):
    (message,) = probe.result_of(CUT_OFF, 'joint_angles')
    assert len(message.position) == len(message.name)
    unknown = {n for n, v in zip(message.name, message.position, strict=True) if math.isnan(v)}
    assert unknown == {'ankle_angle_r', 'ankle_angle_l'}
    probe.show_until(CUT_OFF, lambda: probe.received[JOINT_STATES])
    state = probe.received[JOINT_STATES][-1]
    assert all(math.isfinite(value) for value in state.position)
    assert 'left_person_1/ankle_angle_r' not in state.name


def test_calibration_moves_the_person_as_geometry_says(probe):
    """Twice the focal length at the same picture: the person is twice as far away."""

    def distance_m(focal_px):
        k = [focal_px, 0.0, WIDTH / 2, 0.0, focal_px, HEIGHT / 2, 0.0, 0.0, 1.0]
        probe.publish_info(CameraInfo(width=WIDTH, height=HEIGHT, k=k))
        (message,) = [m for m in probe.result_of(ONE, 'joint_angles') if m.tracking_state != 3]
        return -message.position[message.name.index('pelvis_tx')]

    assert distance_m(600.0) == pytest.approx(2 * distance_m(300.0))


def test_diagnostics_tell_rates_latency_and_persons(probe):
    status = probe.diagnostics(
        lambda s: values(s)['persons'] == '2' and float(values(s)['processed rate (Hz)']) > 0,
        step=lambda: probe.show(TWO),
    )
    numbers = values(status)
    assert numbers['state'] == 'active'
    assert float(numbers['input rate (Hz)']) > 0
    assert numbers['device'] == 'spots'
    assert int(numbers['images processed']) <= int(numbers['images received'])
    assert float(numbers['age of the last image (s)']) >= 0
    # Stamps run ahead of the clock where images are shown in quick succession.
    assert float(numbers['latency p50 (ms)']) <= float(numbers['latency p95 (ms)'])
    stages = stage_times(status)
    assert list(stages) == ['decode', 'look ahead', 'publish', 'detection']
    assert all(0 <= median <= late for median, late in stages.values())


def test_debug_image_shows_the_skeleton_when_asked_for(probe):
    assert probe.set_parameter('publish_debug_image', True).successful
    probe.show_until(ONE, lambda: probe.received['debug_image'])
    image = probe.received['debug_image'][-1]
    assert (image.width, image.height, image.encoding) == (WIDTH, HEIGHT, 'bgr8')
    assert np.frombuffer(image.data, np.uint8).reshape(HEIGHT, WIDTH, 3).std() > 0
    assert bytes(image.data) != ONE.tobytes()
    assert probe.set_parameter('publish_debug_image', False).successful


@pytest.mark.parametrize('topic', ['meshes', 'virtual_markers'])
def test_recovered_bodies_come_on_request(probe, topic):
    assert probe.result_of(ONE)
    assert not probe.received[topic]
    assert probe.set_parameter(f'publish_{topic}', True).successful
    probe.show_until(ONE, lambda: probe.received[topic])
    message = probe.received[topic][-1]
    assert (message.markers if topic == 'meshes' else message.width) in ([], 0)  # none recovered
    assert probe.set_parameter(f'publish_{topic}', False).successful


def test_transforms_stop_when_switched_off(probe):
    assert probe.set_parameter('publish_tf', False).successful
    assert len(probe.result_of(ONE, 'joint_angles')) == 1
    assert probe.received['/tf'] == []
    assert probe.set_parameter('publish_tf', True).successful


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('stale_after_s', 1000.0, 'range'),
        ('max_persons', 2, 'only while the node is unconfigured'),
        ('device', 'cuda', 'only while the node is unconfigured'),
        ('publish_tf', 'yes', 'type'),
        ('autostart', False, 'read.only'),
    ],
)
def test_parameters_that_cannot_change_are_refused_with_the_reason(probe, name, value, reason):
    result = probe.set_parameter(name, value)
    assert not result.successful
    assert re.search(reason, result.reason), result.reason
