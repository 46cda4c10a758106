import gc
import itertools
import struct
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from biopose_ros.files.frames import SourceError, part_of
from biopose_ros.files.overlay import VideoWriter
from biopose_ros.files.video import open_frames

TENTH_NS = 100_000_000


def level(frame):
    """Grey level of the lower right, away from the bright corner."""
    height, width = frame.image_bgr.shape[:2]
    return frame.image_bgr[height // 2 :, width // 2 :].mean()


def bright_corner(image):
    half_height, half_width = image.shape[0] // 2, image.shape[1] // 2
    means = {
        'upper left': image[:half_height, :half_width].mean(),
        'upper right': image[:half_height, half_width:].mean(),
        'lower left': image[half_height:, :half_width].mean(),
        'lower right': image[half_height:, half_width:].mean(),
    }
    return max(means, key=means.get)


def patch(path, box, offset, data):
    """Overwrite bytes after the name of an MP4 box."""
    content = bytearray(path.read_bytes())
    start = content.index(box) + len(box) + offset
    content[start : start + len(data)] = data
    path.write_bytes(content)


def test_stamps_are_presentation_times_not_frame_numbers(tmp_path):
    path = tmp_path / 'variable.mp4'
    written_ns = [500_333_333, 533_000_000, 700_000_000, 1_500_000_000, 1_510_000_000]
    with VideoWriter(path, 30.0) as writer:
        for index, stamp_ns in enumerate(written_ns):
            writer.write(np.full((64, 64, 3), 50 * index, np.uint8), stamp_ns)

    frames = list(open_frames(path))

    assert [frame.stamp_ns for frame in frames] == pytest.approx(written_ns, abs=6_000)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [level(frame) for frame in frames] == pytest.approx([0, 50, 100, 150, 200], abs=4)


def test_two_passes_give_the_same_pictures(tenth_second_video):
    source = open_frames(tenth_second_video)
    first, second = list(source), list(source)
    assert len(first) == len(second) == source.frame_count == 10
    assert source.rate_hz == pytest.approx(10.0)
    np.testing.assert_array_equal(first[7].image_bgr, second[7].image_bgr)


def in_one_piece(video):
    """Write the packets of a video as phones do, not in fragments."""
    path = video.with_name('one_piece.mp4')
    with av.open(str(video)) as source, av.open(str(path), 'w') as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return path


def test_an_edit_list_cuts_the_start(tenth_second_video):
    path = in_one_piece(tenth_second_video)
    # Layout of the box after its name: version and flags, number of entries, then per entry the
    # duration (movie time scale), media time (track time scale), and rate.
    content = path.read_bytes()
    start = content.index(b'elst') + 4
    _, entries, duration, media_time = struct.unpack('>IIIi', content[start : start + 16])
    assert entries == 1
    with av.open(str(path)) as container:
        tenth = round(0.1 / container.streams.video[0].time_base)
    kept = struct.pack('>Ii', duration * 7 // 10, media_time + 3 * tenth)
    patch(path, b'elst', 8, kept)

    frames = list(open_frames(path))

    assert [frame.stamp_ns for frame in frames] == [index * TENTH_NS for index in range(7)]
    assert level(frames[0]) == pytest.approx(60, abs=4)


@pytest.mark.parametrize(
    ('matrix', 'corner', 'size'),
    [
        ((0, 1, -1, 0), 'upper right', (128, 96)),  # filmed upright: turn clockwise
        ((-1, 0, 0, -1), 'lower right', (96, 128)),
        ((0, -1, 1, 0), 'lower left', (128, 96)),
        ((-1, 0, 0, 1), 'upper right', (96, 128)),  # a front camera's mirror image
        ((1, 0, 0, -1), 'lower left', (96, 128)),
        ((0, 1, 1, 0), 'upper left', (128, 96)),
        ((0, -1, -1, 0), 'lower right', (128, 96)),
    ],
)
def test_the_display_matrix_of_phones_is_applied(tenth_second_video, matrix, corner, size):
    # The matrix is a b u / c d v / x y w in 16.16 (u, v, w in 2.30), 40 bytes into `tkhd`.
    a, b, c, d = (value << 16 for value in matrix)
    patch(tenth_second_video, b'tkhd', 40, struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30))
    image = next(iter(open_frames(tenth_second_video))).image_bgr
    assert image.shape[:2] == size
    assert bright_corner(image) == corner
    assert image.flags['C_CONTIGUOUS']


def test_pictures_are_let_go_of_at_once(tenth_second_video):
    frames = iter(open_frames(tenth_second_video))
    gc.collect()
    gc.disable()  # it would find them some time, after hundreds
    try:
        for _ in frames:
            pass
        held = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert held <= 2


def test_pixels_are_made_square(tmp_path):
    path = tmp_path / 'anamorphic.mp4'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 180, 144, 'yuv420p'
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)
        for _ in range(2):
            image = np.full((144, 180, 3), 50, np.uint8)
            image[:36, :45] = 255
            picture = av.VideoFrame.from_ndarray(image, format='bgr24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    source = open_frames(path)
    image = next(iter(source)).image_bgr
    assert image.shape == (144, 262, 3)
    assert (image[:30, :60] > 200).all()
    assert 'not square' in source.note
    assert '16/11' in source.note


@pytest.mark.parametrize(
    ('span', 'kept'),
    [('0.25-0.6', [3, 4, 5, 6]), ('-0.15', [0, 1]), ('0.8-', [8, 9]), (' 0.3 - 0.3001', [3])],
)
def test_a_part_of_a_video_keeps_its_times(tenth_second_video, span, kept):
    part = part_of(open_frames(tenth_second_video), span)
    assert [frame.stamp_ns for frame in part] == [number * TENTH_NS for number in kept]
    assert [frame.index for frame in part] == kept


@pytest.mark.parametrize('span', ['12-3.5', '3', 'a-b', '5-5', ''])
def test_a_part_that_is_none_is_refused(tenth_second_video, span):
    with pytest.raises(ValueError, match='START-END in seconds, for example'):
        part_of(open_frames(tenth_second_video), span)


def test_old_containers_without_presentation_times_still_count_time(tmp_path):
    path = tmp_path / 'old.avi'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mjpeg', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, 'yuvj420p'
        for _ in range(4):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format='bgr24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    assert [f.stamp_ns for f in open_frames(path)] == [0, 40_000_000, 80_000_000, 120_000_000]


def test_damage_inside_costs_few_pictures(tenth_second_video):
    content = bytearray(tenth_second_video.read_bytes())
    start = content.index(b'mdat') + 4
    end = content.index(b'moov')
    middle = (start + end) // 2
    content[middle : middle + 8] = b'\xff' * 8
    tenth_second_video.write_bytes(content)
    frames = list(open_frames(tenth_second_video))
    assert 1 <= len(frames) <= 10
    assert all(a.stamp_ns < b.stamp_ns for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'the file is empty'),
        (b'these are words, not pictures' * 100, 'not a readable video'),
    ],
)
def test_unreadable_files_are_named(tmp_path, content, message):
    path = tmp_path / 'broken.mp4'
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f'broken.mp4.*{message}'):
        open_frames(path)


def test_a_recording_that_was_cut_short_is_named(tenth_second_video):
    content = tenth_second_video.read_bytes()
    tenth_second_video.write_bytes(content[: content.index(b'moov')])
    with pytest.raises(SourceError, match='cut short'):
        open_frames(tenth_second_video)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / 'sound.wav'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('pcm_s16le', rate=8000, layout='mono')
        samples = np.zeros((1, 800), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format='s16', layout='mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(SourceError, match='no video stream'):
        open_frames(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r'nowhere\.mp4: no such file'):
        open_frames(tmp_path / 'nowhere.mp4')


def test_images_come_in_natural_order(tmp_path):
    for number in (10, 9, 1):
        cv2.imwrite(str(tmp_path / f'shot{number}.png'), np.full((8, 8, 3), number, np.uint8))
    (tmp_path / 'notes.txt').write_text('not an image')
    frames = list(open_frames(tmp_path, rate_hz=20.0))
    assert [frame.image_bgr[0, 0, 0] for frame in frames] == [1, 9, 10]
    assert [frame.stamp_ns for frame in frames] == [0, 50_000_000, 100_000_000]


def test_image_times_from_a_table(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'timestamps.txt').write_text('0.5\n0.75\n2\n')
    stamps_ns = [frame.stamp_ns for frame in open_frames(tmp_path)]
    assert stamps_ns == [500_000_000, 750_000_000, 2_000_000_000]


@pytest.mark.parametrize(
    ('table', 'message'),
    [
        (None, 'images carry no time; give --rate'),
        ('0.1\n', '1 times for 2 images'),
        ('soon\nlater\n', 'write one time in seconds per line'),
    ],
)
def test_images_without_usable_times(tmp_path, table, message):
    for number in range(2):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.zeros((8, 8, 3), np.uint8))
    if table is not None:
        (tmp_path / 'timestamps.txt').write_text(table)
    with pytest.raises(SourceError, match=message):
        open_frames(tmp_path)


def test_bad_images_and_rates_are_named(tmp_path):
    with pytest.raises(SourceError, match='no images in the folder'):
        open_frames(tmp_path)
    (tmp_path / 'a.png').write_bytes(b'nothing')
    with pytest.raises(SourceError, match=r'a\.png: not a readable image'):
        open_frames(tmp_path, rate_hz=30.0)
    with pytest.raises(SourceError, match='above 0 images per second, got 0'):
        open_frames(tmp_path, rate_hz=0.0)


def test_a_missing_webcam_is_named():
    with pytest.raises(SourceError, match='webcam 87 cannot be opened'):
        next(iter(open_frames('87')))
