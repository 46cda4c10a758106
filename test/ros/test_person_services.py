"""The services, as somebody calls them while images come."""

import cv2
import pytest
from biopose_ros.msg import JointAngleArray
from biopose_ros.srv import ForgetPerson, SelectPerson, SetStature
from ros_graph import ONE, SLOW_WIDTH, TWO, values
from std_srvs.srv import SetBool, Trigger


def call(probe, kind, name, **fields):
    return probe.call(kind, f'pose_node/{name}', kind.Request(**fields))


def ids(messages):
    lost = JointAngleArray.STATE_LOST
    return [m.person_id for m in messages if m.tracking_state != lost]


def test_one_person_can_be_chosen_and_everybody_again(probe):
    probe.result_of(TWO, 'joint_angles')
    rule = SelectPerson.Request
    for request, chosen in (
        ({'rule': rule.LARGEST}, 'left_person_1'),
        ({'rule': rule.AT_POINT, 'x': 215.0, 'y': 100.0}, 'left_person_2'),
        ({'rule': rule.NEAREST}, 'left_person_1'),
        ({'rule': rule.BY_ID, 'person_id': 'left_person_2'}, 'left_person_2'),
    ):
        assert call(probe, SelectPerson, 'select_person', **request).success
        assert ids(probe.result_of(TWO, 'joint_angles')) == [chosen]
    assert call(probe, SelectPerson, 'select_person', rule=rule.EVERYBODY).success
    assert len(ids(probe.result_of(TWO, 'joint_angles'))) == 2


def test_a_stature_moves_one_person_alone(probe):
    def distances():
        messages = probe.result_of(TWO, 'joint_angles')
        return [-m.position[m.name.index('pelvis_tx')] for m in messages]

    before = distances()
    request = {'person_id': 'left_person_2', 'stature': 0.5 * 1.75}
    assert call(probe, SetStature, 'set_stature', **request).success
    assert distances() == pytest.approx([before[0], before[1] / 2])
    assert call(probe, SetStature, 'set_stature', person_id='left_person_2').success
    assert distances() == pytest.approx(before)


@pytest.mark.parametrize(
    ('kind', 'name', 'fields', 'complaint'),
    [
        (ForgetPerson, 'forget_person', {'person_id': 'nobody'}, "'nobody' is not present"),
        (
            SelectPerson,
            'select_person',
            {'rule': 4, 'person_id': 'x'},
            'present are: left_person_1',
        ),
        (SelectPerson, 'select_person', {'rule': 9}, 'no rule 9'),
        (SetStature, 'set_stature', {'person_id': 'left_person_1', 'stature': 9.0}, '0.5 to 2.6'),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(probe, kind, name, fields, complaint):
    probe.result_of(ONE)
    response = call(probe, kind, name, **fields)
    assert not response.success
    assert complaint in response.message


def test_forget_and_reset_end_tracks(probe):
    for kind, name, fields in (
        (ForgetPerson, 'forget_person', {'person_id': 'left_person_1'}),
        (Trigger, 'reset_persons', {}),
    ):
        probe.result_of(ONE)
        probe.received['joint_angles'].clear()
        assert call(probe, kind, name, **fields).success
        probe.wait_for(lambda: probe.received['joint_angles'])
        assert probe.received['joint_angles'][-1].tracking_state == JointAngleArray.STATE_LOST


def test_an_image_that_waits_when_a_pause_begins_is_left_out(probe):
    """Everybody has been reported as lost by then: nobody may come back."""
    slow = cv2.resize(ONE, (SLOW_WIDTH, 300), interpolation=cv2.INTER_NEAREST)
    client = probe.node.create_client(SetBool, 'pose_node/pause')
    probe.wait_for(client.service_is_ready)
    probe.result_of(slow)
    try:
        for _ in range(4):
            probe.show(slow)
        answer = client.call_async(SetBool.Request(data=True))
        probe.wait_for(answer.done)
        angles, lost = probe.received['joint_angles'], JointAngleArray.STATE_LOST
        probe.wait_for(lambda: any(m.tracking_state == lost for m in angles))
        for _ in range(2):  # the second one was made after the last image
            probe.diagnostics(lambda s: values(s)['state'] == 'active, paused')
        assert angles[-1].tracking_state == lost
    finally:
        probe.node.destroy_client(client)
        assert call(probe, SetBool, 'pause', data=False).success


def test_a_pause_keeps_the_node_active(probe):
    probe.result_of(ONE)
    probe.received['joint_angles'].clear()
    assert call(probe, SetBool, 'pause', data=True).success
    probe.wait_for(lambda: probe.received['joint_angles'], what='nobody was lost')
    status = probe.diagnostics(lambda s: values(s)['state'] == 'active, paused')
    assert status
    probe.spin(0.1)
    probe.received['tracked_persons'].clear()
    probe.show(ONE)
    probe.spin(0.3)
    assert probe.received['tracked_persons'] == []
    assert probe.state() == 'active'
    assert call(probe, SetBool, 'pause', data=False).success
    assert ids(probe.result_of(ONE, 'joint_angles')) == ['left_person_1']
