import shutil

import pytest

pytest.importorskip('rclpy')

from biopose_ros.health import ShortcomingError
from biopose_ros.ros import health


@pytest.fixture
def no_profile(monkeypatch):
    for name in (
        'FASTDDS_BUILTIN_TRANSPORTS',
        'FASTDDS_DEFAULT_PROFILES_FILE',
        'FASTRTPS_DEFAULT_PROFILES_FILE',
    ):
        monkeypatch.delenv(name, raising=False)


def test_distribution_comes_from_the_environment_or_from_the_version(monkeypatch):
    monkeypatch.setenv('ROS_DISTRO', 'rolling')
    assert health.look_at_ros().endswith(', rolling')
    monkeypatch.delenv('ROS_DISTRO')
    assert 'unknown' not in health.look_at_ros()


def test_middleware_names_implementation_and_domain(ros_domain_id):
    assert health.look_at_middleware().startswith('rmw_')
    assert health.look_at_middleware().endswith(f'domain {ros_domain_id}')


def test_messages_load_with_their_compiled_support():
    assert {'JointAngleArray', 'SubjectModel', 'BodyPoints'} <= set(
        health.look_at_messages().split(', ')
    )


def test_message_comes_back():
    assert health.look_at_round_trip().endswith(' ms')


def test_default_transports_are_called_out_for_large_images(no_profile):
    with pytest.raises(ShortcomingError, match=r'may lose raw images above 0\.5 MB'):
        health.look_at_large_images()


def test_chosen_transports_and_profile_are_shown(no_profile, monkeypatch, tmp_path):
    profile = tmp_path / 'profile.xml'
    monkeypatch.setenv('FASTDDS_DEFAULT_PROFILES_FILE', str(profile))
    with pytest.raises(FileNotFoundError, match=r'profile\.xml, which does not exist'):
        health.look_at_large_images()
    profile.touch()
    assert str(profile) in health.look_at_large_images()
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'LARGE_DATA')
    assert health.look_at_large_images() == 'FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA'


def test_small_shared_memory_is_called_out(monkeypatch, tmp_path):
    monkeypatch.setattr(health, 'SHARED_MEMORY', tmp_path)
    too_much = shutil.disk_usage(tmp_path).total + 1
    monkeypatch.setattr(health, 'ENOUGH_SHARED_MEMORY_BYTES', too_much)
    with pytest.raises(ShortcomingError, match='of which one image stream may take 128 MB'):
        health.look_at_shared_memory()
