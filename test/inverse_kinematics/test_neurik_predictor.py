"""Streaming: equal to whole clips, continuous, and defined for every kind of bad input."""

import numpy as np
import pytest
import torch

from biopose_ros.body import load_body
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.inverse_kinematics.config import NeurikConfig
from biopose_ros.inverse_kinematics.neurik import Evidence, Neurik
from biopose_ros.inverse_kinematics.neurik_file import FORMAT_VERSION, load_neurik, save_neurik
from biopose_ros.inverse_kinematics.predictor import NeurikPredictor, PersonFrame
from biopose_ros.keypoints.landmarks import landmark_index
from biopose_ros.records import Markers
from biopose_ros.skeleton import load_skeleton
from biopose_ros.training.labels.marker_body import MarkerBody
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

SMALL = NeurikConfig(
    node_size=8, frame_size=24, heads=3, layers=2, feedforward_size=24, window_frames=8
)
MARKERS = len(MARKER_NAMES)
PERIOD_NS = 33_333_333
ONES = np.ones(MARKERS)


@pytest.fixture(scope='module', autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('BIOPOSE_CACHE', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    torch.manual_seed(1)
    model = Neurik(SMALL, load_skeleton())
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    path = tmp_path_factory.mktemp('weights') / 'small.safetensors'
    save_neurik(path, model, load_skeleton())
    return path


@pytest.fixture
def predictor(weights):
    return NeurikPredictor(weights, 'cpu')


@pytest.fixture(scope='module')
def shipped():
    return NeurikPredictor(None, 'cpu')


@pytest.fixture(scope='module')
def marker_body():
    body = load_body()
    return MarkerBody(body, load_markers(body.topology))


def frame(positions_m, stamp_ns, person='anna', confidence=ONES, names=MARKER_NAMES):
    return PersonFrame(person, int(stamp_ns), Markers(tuple(names), positions_m, confidence))


def random_positions(frames, seed=0):
    generator = np.random.default_rng(seed)
    start = [-3.0, 0.0, 0.5] + generator.normal(size=(MARKERS, 3))
    return start + 0.05 * generator.normal(size=(frames, MARKERS, 3)).cumsum(0)


def run(predictor, positions_m, first_ns=1, period_ns=PERIOD_NS, person='anna'):
    return [
        predictor.update([frame(row, first_ns + i * period_ns, person)])[0]
        for i, row in enumerate(positions_m)
    ]


def test_streaming_equals_the_whole_clip(weights, predictor):
    positions_m = random_positions(20)
    positions_m[7, 5:30] = np.nan  # the legs
    positions_m[11] = np.nan  # everything
    seen = np.isfinite(positions_m).all(-1)
    generator = np.random.default_rng(5)
    keypoints_m = [-3.0, 0.0, 0.5] + 0.4 * generator.normal(size=(20, 33, 3))
    confidence = generator.uniform(size=(20, 33)).clip(min=0.3)
    confidence[13, 20:30] = 0.0
    features = generator.normal(size=(20, SMALL.feature_size))
    features[:4] = np.nan
    model, _ = load_neurik(weights)
    evidence = Evidence(
        torch.from_numpy(np.nan_to_num(positions_m)).float()[None],
        torch.from_numpy(seen).float()[None],
        torch.arange(20)[None] * (PERIOD_NS * 1e-9),
        torch.from_numpy(keypoints_m).float()[None],
        torch.from_numpy(confidence).float()[None],
        torch.from_numpy(np.nan_to_num(features)).float()[None],
        torch.from_numpy(np.isfinite(features).all(-1)).float()[None],
    )
    with torch.no_grad():
        whole = model(evidence)
    live = [
        predictor.update(
            [
                PersonFrame(
                    'anna',
                    1 + i * PERIOD_NS,
                    Markers(MARKER_NAMES, positions_m[i], ONES),
                    keypoints_m[i],
                    confidence[i],
                    features[i],
                )
            ]
        )[0]
        for i in range(20)
    ]
    found = np.stack([solution.coordinates[6:] for solution in live])
    np.testing.assert_allclose(found, whole.angles_rad[0].numpy(), atol=1e-4)
    stddev = np.stack([solution.stddev for solution in live])
    expected = whole.log_stddev[0, :, : stddev.shape[1]].exp().numpy()
    np.testing.assert_allclose(stddev, expected, rtol=1e-3)


def test_persons_together_equal_persons_alone(weights):
    together, alone = NeurikPredictor(weights, 'cpu'), NeurikPredictor(weights, 'cpu')
    people = {name: random_positions(4, seed) for seed, name in enumerate(('anna', 'ben', 'cem'))}
    single = {name: run(alone, positions, person=name) for name, positions in people.items()}
    for i in range(4):
        rows = [frame(p[i], 1 + i * PERIOD_NS, name) for name, p in people.items()]
        for name, solution in zip(people, together.update(rows), strict=True):
            np.testing.assert_allclose(
                solution.coordinates, single[name][i].coordinates, atol=1e-4
            )
    assert together.update([]) == []


def test_nothing_seen_is_unknown_then_uncertain_not_wrong(predictor):
    nothing = np.full((MARKERS, 3), np.nan)
    first = predictor.update([frame(nothing, 1)])[0]
    for values in vars(first).values():
        assert np.isnan(values).all()
    seen = predictor.update([frame(random_positions(1)[0], 1 + PERIOD_NS)])[0]
    assert np.isfinite(seen.coordinates).all()
    after = predictor.update([frame(nothing, 1 + 2 * PERIOD_NS)])[0]
    assert np.isfinite(after.coordinates).all()
    assert (after.stddev > 0).all()


def test_keypoints_of_the_hips_alone_are_an_estimate(predictor):
    nothing = Markers(MARKER_NAMES, np.full((MARKERS, 3), np.nan), ONES)
    keypoints_m = np.full((33, 3), np.nan)
    keypoints_m[landmark_index('left_hip')] = [-3.0, 0.1, -0.1]
    unknown = predictor.update([PersonFrame('anna', 1, nothing, keypoints_m, np.ones(33))])[0]
    assert np.isnan(unknown.coordinates).all()
    keypoints_m[landmark_index('right_hip')] = [-3.0, 0.1, 0.1]
    seen = predictor.update([PersonFrame('anna', PERIOD_NS, nothing, keypoints_m, np.ones(33))])[0]
    pelvis_m = seen.coordinates[
        [predictor.skeleton.coordinate_index(f'pelvis_t{c}') for c in 'xyz']
    ]
    assert np.linalg.norm(pelvis_m - [-3.0, 0.1, 0.0]) < 0.6


def test_a_gap_of_two_seconds_or_a_clock_that_jumps_back_starts_afresh(weights):
    positions_m = random_positions(6)
    fresh = NeurikPredictor(weights, 'cpu').update([frame(positions_m[5], 1)])[0]
    for stamp_ns in (4 * PERIOD_NS + 2_000_000_000, 1, 4 * PERIOD_NS + 1):
        predictor = NeurikPredictor(weights, 'cpu')
        run(predictor, positions_m[:5])
        found = predictor.update([frame(positions_m[5], stamp_ns)])[0]
        np.testing.assert_allclose(found.coordinates, fresh.coordinates, atol=1e-5)


def test_forgotten_persons_start_afresh(weights, predictor):
    positions_m = random_positions(3)
    fresh = run(NeurikPredictor(weights, 'cpu'), positions_m[2:])[0]
    run(predictor, positions_m[:2])
    predictor.forget('anna')
    predictor.forget('nobody')
    found = predictor.update([frame(positions_m[2], 3 * PERIOD_NS)])[0]
    np.testing.assert_allclose(found.coordinates, fresh.coordinates, atol=1e-5)


def test_a_changing_frame_rate_keeps_within_limits(predictor):
    stamps_ns = np.cumsum([1, *[100_000_000] * 4, *[16_666_667] * 12, *[40_000_000] * 4])
    skeleton = predictor.skeleton
    lower, upper = skeleton.lower_limits[6:].numpy(), skeleton.upper_limits[6:].numpy()
    for row, stamp_ns in zip(random_positions(len(stamps_ns)), stamps_ns, strict=True):
        angles = predictor.update([frame(row, stamp_ns)])[0].coordinates[6:]
        assert (angles >= lower - 1e-6).all()
        assert (angles <= upper + 1e-6).all()


def test_order_and_further_markers_do_not_matter(weights):
    positions_m = random_positions(1)[0]
    expected = NeurikPredictor(weights, 'cpu').update([frame(positions_m, 1)])[0]
    names = (*MARKER_NAMES[::-1], 'somewhere_else')
    more_m = np.concatenate([positions_m[::-1], np.ones((1, 3))])
    found = NeurikPredictor(weights, 'cpu').update(
        [frame(more_m, 1, confidence=np.ones(MARKERS + 1), names=names)]
    )[0]
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-5)


def test_markers_that_cannot_show_the_pelvis_are_refused(predictor):
    with pytest.raises(ValueError, match=r'cannot show how the pelvis is turned: of r\.ASIS'):
        predictor.update([frame(np.zeros((2, 3)), 1, names=('C7', 'r_knee'), confidence=ONES[:2])])


def test_shapes_that_do_not_fit_are_refused(predictor):
    with pytest.raises(ValueError, match=r'anna: expected positions \[95, 3\]'):
        predictor.update([frame(np.zeros((3, 3)), 1)])
    person = PersonFrame(
        'ben', 1, Markers(MARKER_NAMES, np.zeros((MARKERS, 3)), ONES), np.zeros((4, 3)), np.ones(4)
    )
    with pytest.raises(ValueError, match=r'ben: expected keypoints \[33, 3\], got \[4, 3\]'):
        predictor.update([person])
    person = PersonFrame('cem', 1, person.markers, features=np.zeros(3))
    with pytest.raises(ValueError, match=r'cem: expected features \[64\], got \[3\]'):
        predictor.update([person])


def test_weights_for_other_markers_are_refused(weights, tmp_path):
    from biopose_ros.inference.weights_file import read_weights, write_weights

    arrays, header = read_weights(weights, 'neurik', FORMAT_VERSION, '')
    path = tmp_path / 'other.safetensors'
    texts = {k: v for k, v in header.items() if not k.startswith(('format', 'sha'))}
    write_weights(path, 'neurik', FORMAT_VERSION, arrays, {**texts, 'markers': 'C7 T4'})
    with pytest.raises(ValueError, match='made for other markers'):
        load_neurik(path)
    write_weights(path, 'neurik', '1', arrays, texts)
    with pytest.raises(ValueError, match=r'other\.safetensors.*version.*biopose train neurik'):
        load_neurik(path)


def poses(**joints):
    """Rotation vectors [frames, 24, 3] from [frames, 3] per joint."""
    frames = len(next(iter(joints.values())))
    pose = np.zeros((frames, len(JOINT_NAMES), 3), np.float32)
    for name, values in joints.items():
        pose[:, JOINT_NAMES.index(name)] = values
    return pose


def along(axis, *angles_deg, frames=60):
    """Rotation vectors that go from angle to angle about one axis."""
    steps = np.linspace(0, len(angles_deg) - 1, frames)
    values = np.radians(np.interp(steps, np.arange(len(angles_deg)), angles_deg))
    return values[:, None] * np.array(axis)


def solve(shipped, marker_body, pose, person):
    table = [marker_body.table.names.index(name) for name in MARKER_NAMES]
    betas = torch.zeros(marker_body.body.num_components)
    positions_m = marker_body.positions_m(torch.from_numpy(pose), betas).numpy()[:, table]
    positions_m = positions_m + [-3.5, 0.0, 0.0]
    found = run(shipped, positions_m.astype(float), person=person)
    return np.stack([solution.coordinates for solution in found])


def test_two_whole_turns_are_continuous(shipped, marker_body):
    pose = poses(pelvis=along((0, 1, 0), 0, 720, frames=180))
    pose[:, JOINT_NAMES.index('left_shoulder'), 2] = -1.2
    pose[:, JOINT_NAMES.index('right_shoulder'), 2] = 1.2
    found = np.degrees(solve(shipped, marker_body, pose, 'turning'))
    angles = np.delete(found, [3, 4, 5], axis=1)
    assert np.abs(np.diff(angles, axis=0)).max() < 12  # the turn itself makes 4 per frame
    column = shipped.skeleton.coordinate_index('pelvis_rotation')
    assert found[-1, column] - found[0, column] == pytest.approx(720, abs=8)


MOTIONS = {
    'crouching': {
        'left_hip': along((-1, 0, 0), 0, 100),
        'right_hip': along((-1, 0, 0), 0, 100),
        'left_knee': along((1, 0, 0), 0, 120),
        'right_knee': along((1, 0, 0), 0, 120),
    },
    'lying down': {'pelvis': along((-1, 0, 0), 0, 90)},
    'raising both arms': {
        'left_shoulder': along((0, 0, 1), -70, 85),
        'right_shoulder': along((0, 0, -1), -70, 85),
    },
}


@pytest.mark.parametrize('name', MOTIONS)
def test_large_motions_are_continuous(shipped, marker_body, name):
    found = np.degrees(solve(shipped, marker_body, poses(**MOTIONS[name]), name))
    angles = np.delete(found, [3, 4, 5], axis=1)
    assert np.abs(np.diff(angles, axis=0)).max() < 15
