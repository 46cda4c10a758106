import subprocess
import sys
import time

import numpy as np
import pytest
import rclpy
from biopose_ros.msg import TrackedPersons
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from biopose_ros.files.camera import guess_camera
from biopose_ros.files.frames import Frame, FrameSource
from biopose_ros.frames import project
from biopose_ros.records import Camera
from biopose_ros.ros import qos
from biopose_ros.ros.player import Letterbox, PlayerSettings, VideoPlayer
from biopose_ros.ros.stamps import to_ns
from biopose_ros.sensor_messages.images import decode_compressed, decode_image

# Of variable rate, as phones record: the pace must follow the stamps.
TIMES_MS = (0, 33, 67, 200, 233)
FRAME_COUNT = len(TIMES_MS)


def source(times_ms=TIMES_MS, rate_hz=None):
    def frames():
        for index, time_ms in enumerate(times_ms):
            image = np.full((48, 64, 3), 10 * index, np.uint8)
            yield Frame(image, 5_000_000_000 + time_ms * 1_000_000, index)

    return FrameSource('test', frames, len(times_ms), rate_hz)


@pytest.fixture
def node(monkeypatch):
    # A busy machine is late, and then the player would move its whole schedule.
    monkeypatch.setattr('biopose_ros.ros.player.MAX_LAG_S', 60.0)
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('player_test', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def play(node, settings, kind, topic, rounds=FRAME_COUNT, camera=None, played=None):
    """Play, and collect what a subscriber receives."""
    images, infos = [], []
    node.create_subscription(kind, topic, images.append, QoSProfile(depth=50))
    node.create_subscription(CameraInfo, 'camera_info', infos.append, QoSProfile(depth=50))
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    player = VideoPlayer(node, played or source(), settings, camera)
    assert player.wait_for_listener(timeout_s=60.0)
    for count in player.play():
        if count == rounds:
            break
    end_s = time.monotonic() + 60
    while min(len(images), len(infos)) < rounds and time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    assert len(images) >= rounds, 'images were lost'
    assert len(infos) >= rounds, 'calibrations were lost'
    return images, infos


def steps_ms(messages):
    stamps_ns = [to_ns(message.header.stamp) for message in messages]
    return np.diff(stamps_ns) / 1e6


def test_stamps_keep_the_pace_of_the_video(node):
    images, infos = play(node, PlayerSettings(), Image, 'image')
    np.testing.assert_allclose(steps_ms(images), np.diff(TIMES_MS), atol=1e-3)
    assert [i.header.stamp for i in infos] == [i.header.stamp for i in images]
    assert decode_image(images[2])[0, 0, 0] == 20
    assert abs(to_ns(images[0].header.stamp) - node.get_clock().now().nanoseconds) < 60e9


def test_rate_shortens_the_steps_and_rounds_follow_each_other(node):
    settings = PlayerSettings(rate=2.0, is_looped=True, is_preloaded=True)
    images, _ = play(node, settings, Image, 'image', rounds=7)
    expected = np.array([33, 34, 133, 33, 33, 33]) / 2
    np.testing.assert_allclose(steps_ms(images), expected, atol=0.6)


def test_a_video_is_played_slower_for_a_slow_node(node):
    persons = node.create_publisher(TrackedPersons, 'tracked_persons', qos.OUTPUT)
    player = VideoPlayer(node, source(), PlayerSettings(pace_topic='tracked_persons'), None)
    images, end_s = [], time.monotonic() + 60
    while player._pace.speed == 1.0 and time.monotonic() < end_s:
        persons.publish(TrackedPersons(processing_time=1.0))
        player._pace.listen(0.1)
    node.create_subscription(Image, 'image', images.append, QoSProfile(depth=50))
    assert list(player.play()) == [1, 2, 3, 4, 5]
    while len(images) < FRAME_COUNT and time.monotonic() < end_s:
        player._pace.listen(0.1)
    np.testing.assert_allclose(steps_ms(images), 6 * np.diff(TIMES_MS), atol=1e-3)


def test_a_still_picture_comes_again_at_its_rate(node):
    still, settings = source([0], rate_hz=50.0), PlayerSettings(is_looped=True)
    images, _ = play(node, settings, Image, 'image', rounds=4, played=still)
    np.testing.assert_allclose(steps_ms(images), 20.0, atol=1e-3)


def test_compressed_images_are_published_below_the_topic(node):
    settings = PlayerSettings(is_compressed=True)
    images, _ = play(node, settings, CompressedImage, 'image/compressed')
    assert decode_compressed(images[3]).shape == (48, 64, 3)


def test_resized_images_bring_a_camera_that_fits(node):
    camera = guess_camera(64, 48, 70.0)
    camera = Camera(64, 48, camera.intrinsics_px, camera.distortion)
    settings = PlayerSettings(size_px=(200, 100))
    images, infos = play(node, settings, Image, 'image', camera=camera)
    assert (images[0].width, images[0].height) == (infos[0].width, infos[0].height) == (200, 100)
    assert infos[0].k[0] == pytest.approx(70.0 * 100 / 48)


def test_unknown_calibration_is_published_as_zero(node):
    _, infos = play(node, PlayerSettings(), Image, 'image')
    assert not any(infos[0].k)


def test_a_player_waits_until_somebody_is_connected(node):
    player = VideoPlayer(node, source(), PlayerSettings(), camera=None)
    assert not player.wait_for_listener(timeout_s=0.1)
    node.create_subscription(Image, 'image', lambda _: None, 1)
    assert not player.wait_for_listener(timeout_s=0.1), 'nobody has the camera'
    node.create_subscription(CameraInfo, 'camera_info', lambda _: None, 1)
    assert player.wait_for_listener(timeout_s=30.0)


def test_letterbox_moves_pixels_and_camera_alike():
    image = np.zeros((48, 64, 3), np.uint8)
    image[20:24, 30:34] = 255
    box = Letterbox.between((64, 48), (320, 320))
    resized = box.image(image)
    rows, columns = np.nonzero(resized[..., 0] > 128)
    camera = guess_camera(64, 48)
    ray = np.linalg.solve(camera.intrinsics_px, [32.0, 22.0, 1.0])
    middle = project(ray, box.camera(camera))
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], middle, atol=0.6)


def test_a_player_starts_without_networks_and_skeleton():
    code = 'import sys, biopose_ros.ros.player; print(*sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert not {'torch', 'scipy', 'onnxruntime'} & set(done.stdout.split())


def test_rate_must_be_positive():
    with pytest.raises(ValueError, match='rate must be above 0, got 0'):
        PlayerSettings(rate=0.0)
