import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from biopose_ros.files.message_definitions import definition_text, dependencies


def test_fields_of_every_kind():
    text = """
    # a comment with std_msgs/Header inside
    uint8 STATE=0
    string<=10 short
    float64[] values 1.5
    float64[<=3] few
    builtin_interfaces/Time stamp
    Point[2] ends
    geometry_msgs/Vector3[] scale  # trailing std_msgs/String words
    """
    assert dependencies(text, 'mine') == [
        'builtin_interfaces/Time',
        'mine/Point',
        'geometry_msgs/Vector3',
    ]


@pytest.mark.parametrize('message', ['JointAngleArray', 'SubjectModel', 'TrackedPersons'])
def test_our_own_messages_are_complete(message):
    pytest.importorskip('ament_index_python', reason='needs the ROS message packages')
    type_name = f'biopose_ros/msg/{message}'
    store = get_typestore(Stores.EMPTY)
    store.register(get_types_from_msg(definition_text(type_name), type_name))
    assert store.generate_msgdef(type_name, ros_version=2)  # fails on a missing dependency


def test_a_type_used_twice_appears_once(tmp_path, monkeypatch):
    folder = tmp_path / 'share' / 'mine' / 'msg'
    folder.mkdir(parents=True)
    (folder / 'Point.msg').write_text('float64 x\n')
    (folder / 'Line.msg').write_text('Point start\nPoint end\nmine/Box box\n')
    (folder / 'Box.msg').write_text('Point corner\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')
    text = definition_text('mine/msg/Line')
    assert text.startswith('Point start')
    assert text.count('MSG: mine/Point') == 1
    assert text.count('=' * 80) == 2


@pytest.mark.parametrize('name', ['JointState', 'a/srv/B', 'a/b/c/d'])
def test_bad_names(name):
    with pytest.raises(LookupError, match='write it as package/msg/Type'):
        definition_text(name)


def test_missing_packages_are_named():
    with pytest.raises(LookupError, match='install the package no_such_msgs'):
        definition_text('no_such_msgs/msg/Thing')
