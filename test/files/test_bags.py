import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from biopose_ros.files.frames import SourceError
from biopose_ros.files.mcap_writer import McapWriter
from biopose_ros.files.video import open_frames

ROOT = Path(__file__).resolve().parents[2]
START_NS = 1_700_000_000_000_000_000
STEP_NS = 33_000_000
STORE = get_typestore(Stores.ROS2_HUMBLE)
IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'


def header(stamp_ns):
    stamp = STORE.types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 1_000_000_000))
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera')


def raw_image(level, stamp_ns, encoding='rgb8'):
    pixels = np.full((48, 64, 3), (level, 0, 0), np.uint8)
    return STORE.types[IMAGE](
        header=header(stamp_ns),
        height=48,
        width=64,
        encoding=encoding,
        is_bigendian=0,
        step=192,
        data=pixels.reshape(-1),
    )


def jpeg(level, stamp_ns):
    _, data = cv2.imencode('.jpg', np.full((48, 64, 3), (0, 0, level), np.uint8))
    return STORE.types[COMPRESSED](header=header(stamp_ns), format='jpeg', data=data.reshape(-1))


def camera_info(focal_px):
    region = STORE.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    return STORE.types[CAMERA_INFO](
        header=header(START_NS),
        height=48,
        width=64,
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=np.array([focal_px, 0, 32, 0, focal_px, 24, 0, 0, 1]) * (focal_px > 0),
        r=np.eye(3).reshape(-1),
        p=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=region,
    )


def write(folder, *messages):
    """Each message: topic, type, content."""
    with McapWriter(folder) as writer:
        for index, (topic, type_name, message) in enumerate(messages):
            text, _ = STORE.generate_msgdef(type_name, ros_version=2)
            data = bytes(STORE.serialize_cdr(message, type_name))
            writer.write(topic, type_name, text, data, START_NS + index)
    return folder


def colours(source):
    return [(frame.stamp_ns - START_NS, frame.image_bgr[5, 5].tolist()) for frame in source]


def test_raw_images_with_their_camera(tmp_path):
    bag = write(
        tmp_path / 'bag',
        ('/front/camera_info', CAMERA_INFO, camera_info(50.0)),
        ('/front/image_raw', IMAGE, raw_image(100, START_NS)),
        ('/front/image_raw', IMAGE, raw_image(200, START_NS + STEP_NS)),
    )
    for path in (bag, bag / 'bag_0.mcap'):
        source = open_frames(path)
        assert colours(source) == [(0, [0, 0, 100]), (STEP_NS, [0, 0, 200])]
        assert source.is_wall_clock
        assert source.frame_count == 2
        assert source.camera.is_calibrated
        assert source.camera.intrinsics_px[0, 0] == 50.0


def test_compressed_images_without_a_calibration(tmp_path):
    bag = write(
        tmp_path / 'bag',
        ('/front/camera_info', CAMERA_INFO, camera_info(0.0)),
        ('/front/image/compressed', COMPRESSED, jpeg(200, START_NS)),
    )
    source = open_frames(bag)
    assert source.camera is None
    [(offset_ns, colour)] = colours(source)
    assert offset_ns == 0
    assert colour == pytest.approx([0, 0, 200], abs=3)


def test_a_simulation_that_starts_at_zero_keeps_all_its_images(tmp_path):
    images = [('/image', IMAGE, raw_image(level, level * STEP_NS)) for level in range(5)]
    source = open_frames(write(tmp_path / 'bag', *images))
    assert [frame.stamp_ns for frame in source] == [level * STEP_NS for level in range(5)]
    assert not source.left_out


def test_stamps_that_are_always_zero_give_way_to_the_times_of_receipt(tmp_path):
    images = [('/image', IMAGE, raw_image(level, 0)) for level in range(3)]
    source = open_frames(write(tmp_path / 'bag', *images))
    assert [frame.stamp_ns - START_NS for frame in source] == [0, 1, 2]


def test_repeated_stamps_are_dropped_and_counted(tmp_path):
    images = [('/image', IMAGE, raw_image(level, START_NS)) for level in (1, 2)]
    source = open_frames(write(tmp_path / 'bag', *images))
    assert len(colours(source)) == 1
    assert source.left_out == {'stamp not after the one before': 1}


def test_a_damaged_image_costs_itself_only(tmp_path):
    bag = write(
        tmp_path / 'bag',
        ('/image', IMAGE, raw_image(1, START_NS, encoding='unheard_of')),
        ('/image', IMAGE, raw_image(2, START_NS + STEP_NS)),
    )
    source = open_frames(bag)
    assert colours(source) == [(STEP_NS, [0, 0, 2])]
    [(reason, count)] = source.left_out.items()
    assert "'unheard_of' is not supported" in reason
    assert count == 1


@pytest.mark.parametrize('as_folder', [True, False])
def test_a_recording_cut_short_is_read_as_far_as_it_is_whole(tmp_path, caplog, as_folder):
    rng = np.random.default_rng(0)
    messages = []
    for index in range(40):
        message = raw_image(index, START_NS + index * STEP_NS)
        message.data[:] = rng.integers(0, 255, message.data.size)
        message.data.reshape(48, 64, 3)[5, 5] = index
        messages += [('/image', IMAGE, message)] * 5  # several chunks of 1 MB
    bag = write(tmp_path / 'bag', *messages)
    path = bag / 'bag_0.mcap'
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.8)])
    (bag / 'metadata.yaml').unlink()
    seen = colours(open_frames(bag if as_folder else path))
    assert 20 <= len(seen) < 40
    assert seen[10] == (10 * STEP_NS, [10, 10, 10])
    assert 'was cut short' in caplog.text


def test_packed_messages_without_their_metadata_name_the_remedy(tmp_path):
    writer = Writer(tmp_path / 'bag', version=8, storage_plugin=StoragePlugin.SQLITE3)
    writer.set_compression(CompressionMode.MESSAGE, CompressionFormat.ZSTD)
    with writer:
        for topic, kind, message in (
            ('/front/camera_info', CAMERA_INFO, camera_info(50.0)),
            ('/front/image_raw', IMAGE, raw_image(100, START_NS)),
        ):
            connection = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connection, START_NS, STORE.serialize_cdr(message, kind))
    source = open_frames(tmp_path / 'bag')
    assert colours(source) == [(0, [0, 0, 100])]
    assert source.camera.intrinsics_px[0, 0] == 50.0
    (tmp_path / 'bag' / 'metadata.yaml').unlink()
    with pytest.raises(SourceError, match=r'bag: no image on /front/image_raw.*ros2 bag reindex'):
        list(open_frames(tmp_path / 'bag'))


def test_only_damaged_images_are_an_error(tmp_path):
    bag = write(tmp_path / 'bag', ('/image', IMAGE, raw_image(1, START_NS, 'unheard_of')))
    with pytest.raises(SourceError, match=r'no image on /image can be decoded.*unheard_of'):
        list(open_frames(bag))


def test_several_cameras_need_a_choice(tmp_path):
    bag = write(
        tmp_path / 'bag',
        ('/left/image', IMAGE, raw_image(1, START_NS)),
        ('/right/image', IMAGE, raw_image(2, START_NS)),
        ('/right/image/compressed', COMPRESSED, jpeg(3, START_NS)),
    )
    with pytest.raises(SourceError, match='choose one with --topic'):
        open_frames(bag)
    assert colours(open_frames(bag, topic='/right/image')) == [(0, [0, 0, 2])]
    with pytest.raises(SourceError, match="no images on '/up'"):
        open_frames(bag, topic='/up')


def test_bags_without_images_and_broken_bags(tmp_path):
    bag = write(tmp_path / 'bag', ('/front/camera_info', CAMERA_INFO, camera_info(50.0)))
    with pytest.raises(SourceError, match=r"holds no images; topics: \['/front/camera_info'\]"):
        open_frames(bag)
    broken = tmp_path / 'broken.mcap'
    broken.write_bytes((bag / 'bag_0.mcap').read_bytes()[:20])
    with pytest.raises(SourceError, match=r'broken\.mcap: not a readable bag'):
        open_frames(broken)


def test_bags_are_read_without_ros(tmp_path):
    bag = write(tmp_path / 'bag', ('/image', IMAGE, raw_image(1, START_NS)))
    code = (
        'import sys; from biopose_ros.files.video import open_frames; '
        f'assert len(list(open_frames({str(bag)!r}))) == 1; print(*sys.modules)'
    )
    output = subprocess.check_output([sys.executable, '-c', code], cwd=ROOT, text=True)
    assert not {'rclpy', 'sensor_msgs'} & set(output.split())


def test_zeros_are_not_the_last_word_of_a_camera(tmp_path):
    bag = write(
        tmp_path / 'bag',
        ('/front/camera_info', CAMERA_INFO, camera_info(0.0)),
        ('/front/image_raw', IMAGE, raw_image(100, START_NS)),
        ('/front/camera_info', CAMERA_INFO, camera_info(50.0)),
    )
    assert open_frames(bag).camera.intrinsics_px[0, 0] == 50.0


def test_rectified_images_have_no_distortion(tmp_path):
    info = camera_info(50.0)
    info.d, info.p = (
        np.array([0.3, 0, 0, 0, 0]),
        np.array([40.0, 0, 30, 0, 0, 40, 20, 0, 0, 0, 1, 0]),
    )
    bag = write(
        tmp_path / 'bag',
        ('/front/camera_info', CAMERA_INFO, info),
        ('/front/image_rect', IMAGE, raw_image(100, START_NS)),
    )
    camera = open_frames(bag, is_rectified=True).camera
    assert camera.intrinsics_px[0, 0] == 40.0
    assert len(camera.distortion) == 0
    assert open_frames(bag).camera.distortion[0] == 0.3


def test_a_bag_of_ros_1_with_its_camera(tmp_path):
    from rosbags.rosbag1 import Writer

    store = get_typestore(Stores.ROS1_NOETIC)
    with Writer(tmp_path / 'old.bag') as writer:
        for topic, message, at_ns in (
            ('/front/camera_info', ros1_camera_info(store), 0),
            ('/front/image_raw', ros1_image(store, 100, 0), 0),
            ('/front/image_raw', ros1_image(store, 200, STEP_NS), STEP_NS),
        ):
            kind = message.__msgtype__
            connection = next(
                (known for known in writer.connections if known.topic == topic), None
            ) or writer.add_connection(topic, kind, typestore=store)
            writer.write(connection, START_NS + at_ns, store.serialize_ros1(message, kind))
    source = open_frames(tmp_path / 'old.bag')
    assert colours(source) == [(0, [0, 0, 100]), (STEP_NS, [0, 0, 200])]
    np.testing.assert_array_equal(source.camera.intrinsics_px[0], [50, 0, 32])
    np.testing.assert_array_equal(source.camera.distortion, [0.1, 0.2, 0, 0, 0])


def ros1_header(store, offset_ns):
    stamp = store.types['builtin_interfaces/msg/Time'](
        *divmod(START_NS + offset_ns, 1_000_000_000)
    )
    return store.types['std_msgs/msg/Header'](seq=0, stamp=stamp, frame_id='camera')


def ros1_image(store, level, offset_ns):
    pixels = np.full((48, 64, 3), (level, 0, 0), np.uint8)
    return store.types[IMAGE](
        header=ros1_header(store, offset_ns),
        height=48,
        width=64,
        encoding='rgb8',
        is_bigendian=0,
        step=192,
        data=pixels.reshape(-1),
    )


def ros1_camera_info(store):
    region = store.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    return store.types[CAMERA_INFO](
        header=ros1_header(store, 0),
        height=48,
        width=64,
        distortion_model='plumb_bob',
        D=np.array([0.1, 0.2, 0, 0, 0]),
        K=np.array([50.0, 0, 32, 0, 50, 24, 0, 0, 1]),
        R=np.eye(3).reshape(-1),
        P=np.zeros(12),
        binning_x=0,
        binning_y=0,
        roi=region,
    )


def test_a_folder_of_bag_files_without_metadata_is_read(tmp_path, caplog):
    bag = write(
        tmp_path / 'bag',
        *(('/image', IMAGE, raw_image(n, START_NS + n * STEP_NS)) for n in (1, 2)),
    )
    (bag / 'metadata.yaml').unlink()
    assert colours(open_frames(bag)) == [(STEP_NS, [0, 0, 1]), (2 * STEP_NS, [0, 0, 2])]
    assert 'cut short' not in caplog.text  # and nothing was copied


def test_a_packed_bag_file_names_the_remedy(tmp_path):
    path = tmp_path / 'bag' / 'bag_0.db3.zstd'
    path.parent.mkdir()
    path.write_bytes(b'(packed)')
    for given in (path, path.parent):
        with pytest.raises(SourceError, match=r'bag_0\.db3\.zstd: packed.*ros2 bag reindex'):
            open_frames(given)
