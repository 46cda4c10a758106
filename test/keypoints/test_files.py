import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biopose_ros.keypoints import FORMATS, KeypointError, read_keypoints


def flat(points):
    return np.asarray(points, float).ravel().tolist()


def person(count, x=100.0):
    return [[x + i, 2.0 * i, 0.5] for i in range(count)]


def write_openpose(folder, images):
    """Write files as OpenPose names them, with the parts of them that others ignore."""
    for number, people in images.items():
        content = {
            'version': 1.3,
            'people': [
                {'person_id': [-1], 'pose_keypoints_2d': flat(p), 'face_keypoints_2d': []}
                for p in people
            ],
        }
        (folder / f'walk_{number:012d}_keypoints.json').write_text(json.dumps(content))


def test_openpose_folder(tmp_path):
    write_openpose(tmp_path, {0: [person(25)], 1: [], 12: [person(25), person(25, 500.0)]})
    found = read_keypoints(tmp_path)
    assert found.format_name == 'BODY_25'
    assert found.at(1, 0) is None
    assert found.at(12, 34).keypoints_px.shape == (2, 25, 2)
    assert found.at(12, 34).stamp_ns == 34
    np.testing.assert_allclose(found.at(12, 34).keypoints_px[1, 3], [503.0, 6.0])


@pytest.mark.parametrize(
    ('format_name', 'image_ids'),
    [
        ('COCO-17', [0, 7]),
        ('Halpe-26', ['0.jpg', '7.jpg']),
        ('COCO-17', ['a_0.png', 'a_0007.png']),
    ],
)
def test_results_in_one_file(tmp_path, format_name, image_ids):
    count = len(FORMATS[format_name])
    file = tmp_path / 'alphapose-results.json'
    entries = [
        {'image_id': image_id, 'category_id': 1, 'score': 2.9, 'keypoints': flat(person(count))}
        for image_id in [*image_ids, image_ids[1]]
    ]
    file.write_text(json.dumps(entries))
    found = read_keypoints(file)
    assert found.format_name == format_name
    assert sorted(found.images) == [0, 7]
    assert found.at(7, 0).keypoints_px.shape == (2, count, 2)


@given(
    st.sampled_from(sorted(FORMATS)),
    st.dictionaries(st.integers(0, 10**6), st.integers(1, 4), max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_what_was_written_is_read(tmp_path, format_name, images, seed):
    rng = np.random.default_rng(seed)
    count = len(FORMATS[format_name])
    truth = {
        number: np.concatenate(
            [rng.uniform(-100, 5000, (n, count, 2)), rng.uniform(0.01, 1, (n, count, 1))], axis=-1
        )
        for number, n in images.items()
    }
    file = tmp_path / 'results.json'
    entries = [
        {'image_id': number, 'keypoints': flat(points)}
        for number, persons in truth.items()
        for points in persons
    ]
    file.write_text(json.dumps(entries))
    found = read_keypoints(file)
    assert set(found.images) == set(truth)
    for number, values in truth.items():
        seen = found.at(number, 0)
        np.testing.assert_array_equal(seen.keypoints_px, values[..., :2])
        np.testing.assert_array_equal(seen.confidence, values[..., 2])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(['image_id', 'keypoints', 'people', 'score']), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_explained(tmp_path, content):
    file = tmp_path / 'any.json'
    file.write_text(json.dumps(content))
    try:
        read_keypoints(file)
    except KeypointError as error:
        message = str(error)
    else:
        return
    assert message.startswith(str(file))


ENTRY = {'image_id': 3, 'keypoints': flat(person(17))}


@pytest.mark.parametrize(
    ('content', 'text'),
    [
        ('{', 'not a readable JSON file'),
        ('{"people": []}', 'holds one image of OpenPose; give the folder'),
        ('{"annotations": []}', 'expected a list of persons'),
        ('[3]', 'entry 0: has no list "keypoints"'),
        (json.dumps([ENTRY, {'image_id': 4}]), 'entry 1: has no list "keypoints"'),
        (json.dumps([ENTRY | {'image_id': 'nose.jpg'}]), "entry 0: 'nose.jpg' names no image"),
        (json.dumps([ENTRY | {'image_id': None}]), 'entry 0: None names no image'),
        (json.dumps([ENTRY | {'keypoints': flat(person(18))}]), '54 numbers a person; expected'),
        (json.dumps([ENTRY | {'keypoints': [1.0] * 50}]), '78 (Halpe-26)'),
        (json.dumps([ENTRY | {'keypoints': ['a'] * 51}]), "entry 0: 'a' is no number"),
        (json.dumps([ENTRY | {'keypoints': [10**400] * 51}]), 'is no number'),
        (json.dumps([ENTRY | {'keypoints': [99.0] * 51}]), 'image 3: a confidence is 99'),
        (json.dumps([ENTRY, {'image_id': 1, 'keypoints': [0] * 75}]), '51 and 75 numbers'),
    ],
)
def test_wrong_files_are_explained(tmp_path, content, text):
    file = tmp_path / 'results.json'
    file.write_text(content)
    with pytest.raises(KeypointError) as error:
        read_keypoints(file)
    assert str(error.value).startswith(str(file))
    assert text in str(error.value)


def test_missing_and_empty_places_are_explained(tmp_path):
    with pytest.raises(KeypointError, match='no such file or folder'):
        read_keypoints(tmp_path / 'none.json')
    with pytest.raises(KeypointError, match=r'no file \*_keypoints.json; give the folder'):
        read_keypoints(tmp_path)


def test_numbers_beyond_the_video_are_explained(tmp_path):
    write_openpose(tmp_path, {230: [person(25)]})
    found = read_keypoints(tmp_path)
    found.check_length(None)
    found.check_length(231)
    with pytest.raises(KeypointError, match='of image 230, but there are only 230 images'):
        found.check_length(230)
