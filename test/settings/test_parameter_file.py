import pytest

from biopose_ros.resources import resource_path
from biopose_ros.settings.parameter_file import check_parameter_file, check_parameter_names


def write(tmp_path, text):
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    return path


def test_the_file_that_ships_is_good_for_every_node():
    check_parameter_file(resource_path('config/pose.yaml'), '/left/pose_node')


@pytest.mark.parametrize(
    'section',
    ['/**', '/*/pose_node', '/left/pose_node', '/**/pose_node', 'left/pose_node', '/left/*'],
)
def test_sections_match_as_ros_matches_them(tmp_path, section):
    text = f'{section}:\n  ros__parameters:\n    use_sim_time: true\n    smoothing: 0.2\n'
    check_parameter_file(write(tmp_path, text), '/left/pose_node')


def test_a_namespace_may_be_a_level_of_its_own(tmp_path):
    text = 'left:\n  pose_node:\n    ros__parameters:\n      smoothing: 0.2\n'
    check_parameter_file(write(tmp_path, text), '/left/pose_node')


def test_other_nodes_of_a_file_are_none_of_our_business(tmp_path):
    text = (
        'camera:\n  ros__parameters:\n    exposure: 3\n'
        'pose_node:\n  ros__parameters:\n    qos_overrides:\n      /tf:\n        depth: 3\n'
    )
    check_parameter_file(write(tmp_path, text), '/pose_node')


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        (
            '/**:\n  ros__parameters:\n    smoothin: 0.2\n',
            'no parameter smoothin; did you mean smoo',
        ),
        ('/**:\n  ros__parameters:\n    zzz: 0.2\n', 'no parameter zzz; docs/settings.md lists'),
        (
            'posenode:\n  ros__parameters:\n    smoothing: 0.2\n',
            r'nothing for /pose_node .*/posenode',
        ),
        ('smoothing: 0.2\n', 'no ros__parameters'),
        ('a: [', 'not YAML'),
    ],
)
def test_what_the_node_would_not_follow_is_refused(tmp_path, text, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        check_parameter_file(write(tmp_path, text), '/pose_node')
    assert 'robot.yaml' in str(error.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(ValueError, match=r'none\.yaml cannot be read: No such file'):
        check_parameter_file(tmp_path / 'none.yaml', '/pose_node')


def test_names_of_every_node_are_allowed():
    check_parameter_names(['use_sim_time', 'qos_overrides./joint_angles.publisher.depth'])
