import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from biopose_ros.training.motion.recordings import (
    MotionFileError,
    read_recordings,
    recording_files,
)


def test_clips_are_cut_out_of_the_file(small_recording, save):
    wave, bend = read_recordings(save(small_recording))
    assert (wave.name, bend.name) == ('small/wave', 'small/bend')
    assert (len(wave.rotvec), len(bend.rotvec)) == (8, 4)
    assert wave.fps == 30.0


def test_forward_kinematics_follows_the_stated_formula(small_recording, save):
    clip = next(read_recordings(save(small_recording)))
    rotations, positions = clip.forward_kinematics()
    frame = 5
    turn = [Rotation.from_rotvec(vector) for vector in clip.rotvec[frame]]
    for joint in range(len(clip.parents)):
        chain, point = [joint], np.zeros(3)
        while clip.parents[chain[-1]] >= 0:
            chain.append(clip.parents[chain[-1]])
        for link in chain[:-1]:
            above = turn[clip.parents[link]]
            point = above.apply(clip.offsets_m[link] + point)
        np.testing.assert_allclose(positions[frame, joint], clip.translation_m[frame] + point)
        expected = Rotation.identity()
        for link in reversed(chain):
            expected = expected * turn[link]
        np.testing.assert_allclose(rotations[frame, joint], expected.as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('rotvec', np.zeros((12, 9, 3), np.float32), r"field 'rotvec' .* joints = 13"),
        ('trans', np.zeros((12, 2), np.float32), r"field 'trans' .* last axis = 3"),
        ('frame_ok', np.ones(11, bool), r"field 'frame_ok' .* frames = 12"),
        ('frame_ok', np.ones(12), r"field 'frame_ok' has type float64"),
        ('fps', np.float32(0), r"field 'fps' must be positive"),
        ('clip_length', np.array([8, 5], np.int32), r"'clip_length' leave the 12 frames"),
        ('clip_skeleton', np.array([0, 1], np.int16), r"'clip_skeleton' names a skeleton"),
        ('parents', np.full(13, -1, np.int16), r"field 'parents' is not a tree"),
        ('trans', np.full((12, 3), np.nan, np.float32), r"field 'trans' holds values .* finite"),
    ],
)
def test_wrong_fields_are_named(small_recording, save, field, value, message):
    path = save({**small_recording, field: value})
    with pytest.raises(MotionFileError, match=f'small.npz: .*{message}'):
        read_recordings(path)


def test_missing_field_is_named(small_recording, save):
    del small_recording['offsets']
    with pytest.raises(MotionFileError, match=r"small.npz: field 'offsets' is missing"):
        read_recordings(save(small_recording))


def test_broken_and_absent_files(tmp_path):
    broken = tmp_path / 'broken.npz'
    broken.write_bytes(b'PK\x03\x04 not really')
    with pytest.raises(MotionFileError, match=r'broken.npz: not a readable .npz file'):
        read_recordings(broken)
    with pytest.raises(MotionFileError, match=r'no recorded motion .* pass its folder'):
        recording_files(tmp_path / 'nowhere')


def test_every_shared_file_reads(motion_folder):
    files = recording_files(motion_folder)
    assert len(files) == 10
    assert sum(len(clip.rotvec) for file in files for clip in read_recordings(file)) == 97772
