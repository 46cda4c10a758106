"""A motion carried over to others' models, checked by OpenSim's own inverse kinematics."""

from pathlib import Path

import numpy as np
import pytest
import torch

from biopose_ros.files.mot import read_mot
from biopose_ros.files.own_model import OWN_MODEL, OWN_MOTION, load_own_model, write_own_model
from biopose_ros.files.resampling import Motion
from biopose_ros.files.results import RunResults
from biopose_ros.files.trc import TrcWriter
from biopose_ros.skeleton import OsimError, load_skeleton, scaled_osim
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers

DATA = Path(__file__).resolve().parents[3] / 'shared' / 'data'
LAI = DATA / 'reference' / 'LaiUhlrich2022.osim'
# Five lumbar vertebrae that move, a neck that turns about the waist, locked wrists.
SPINE = DATA / 'real' / 'pose2sim_blender' / 'Pose2Sim_model.osim'
OLD = Path(__file__).parents[1] / 'skeleton' / 'version_3.osim'
SCALE, COUNT, RATE_HZ = 1.06, 8, 10.0
ALIKE = (
    *('pelvis_tilt', 'pelvis_list', 'pelvis_rotation'),
    *('hip_flexion_r', 'hip_adduction_r', 'hip_rotation_r', 'knee_angle_r', 'ankle_angle_r'),
    *('lumbar_extension', 'lumbar_bending', 'lumbar_rotation', 'arm_flex_r', 'elbow_flex_r'),
)


@pytest.fixture(scope='module')
def person(tmp_path_factory):
    """The default skeleton in somebody's size, with its markers."""
    folder = tmp_path_factory.mktemp('person')
    default = load_skeleton()
    scales = np.full((len(default.segment_names), 3), SCALE)
    markers = with_virtual_markers(default).description.markers
    grown = [type(m)(m.name, m.body, tuple(float(x) * SCALE for x in m.offset_m)) for m in markers]
    (folder / 'model.osim').write_text(scaled_osim(default, scales, 70.0, grown))
    return load_skeleton(folder / 'model.osim')


@pytest.fixture(scope='module')
def motion(person):
    """All joints move, well within their limits."""
    lower, upper = person.lower_limits.numpy(), person.upper_limits.numpy()
    rest, phase = person.default_coordinates.numpy(), np.arange(len(lower))
    times_s = np.arange(COUNT) / RATE_HZ
    reach = np.minimum(0.3, (upper - lower) / 5)
    swing = (1 + np.sin(2 * np.pi * times_s[:, None] + phase)) / 2
    coordinates = np.clip(rest + reach * swing, lower, upper)
    return Motion(times_s, coordinates, np.zeros_like(coordinates))


def needs(path):
    if not path.exists():
        pytest.skip(f'needs {path.name}')
    return path


@pytest.mark.parametrize(('path', 'residual_m', 'off_deg'), [(LAI, 0.003, 1), (SPINE, 0.015, 3)])
def test_opensims_inverse_kinematics_on_the_carried_markers_gives_the_motion(
    path, residual_m, off_deg, person, motion, tmp_path
):
    opensim = pytest.importorskip('opensim')
    opensim.Logger.setLevelString('error')
    found_m = write_own_model(tmp_path, load_own_model(needs(path)), person, motion)
    assert found_m < residual_m
    with TrcWriter(tmp_path / 'markers.trc', person.marker_names, RATE_HZ) as trc:
        markers_m = person.marker_positions(torch.from_numpy(motion.coordinates)).numpy()
        for time_s, row_m in zip(motion.times_s, markers_m, strict=True):
            trc.write(time_s, row_m)
    model = opensim.Model(str(tmp_path / OWN_MODEL))
    assert model.getTotalMass(model.initSystem()) == pytest.approx(70.0)
    tool = opensim.InverseKinematicsTool()
    tool.setModel(model)
    tool.setMarkerDataFileName(str(tmp_path / 'markers.trc'))
    tool.setOutputMotionFileName(str(tmp_path / 'ik.mot'))
    tool.set_report_errors(False)
    tool.run()
    _, theirs = read_mot(tmp_path / 'ik.mot')
    _, ours = read_mot(tmp_path / OWN_MOTION)
    for name in [each for each in ALIKE if each in ours]:
        found_deg = np.degrees(np.abs(theirs[name] - ours[name]))
        assert found_deg.mean() < off_deg, name  # OpenSim stops early


def test_coordinates_that_mean_the_same_keep_their_values(person, motion, tmp_path):
    write_own_model(tmp_path, load_own_model(needs(LAI)), person, motion)
    _, own = read_mot(tmp_path / OWN_MOTION)
    for name in ALIKE:
        expected = motion.coordinates[:, person.coordinate_index(name)]
        assert np.degrees(np.abs(own[name] - expected)).max() < 1.5, name


def test_a_model_that_lacks_a_leg_or_is_too_old_says_what_to_do(person, tmp_path):
    with pytest.raises(
        OsimError, match=r'version 30000; OpenSim 4 writes it anew: opensim\.Model'
    ):
        load_own_model(OLD)
    renamed = Path(person.source).read_text().replace('tibia_l', 'shank_left')
    (tmp_path / 'renamed.osim').write_text(renamed)
    with pytest.raises(OsimError, match=r'bodies tibia_l are missing.*and has pelvis'):
        load_own_model(tmp_path / 'renamed.osim')
    with pytest.raises(OsimError, match='tibia_l'):  # before anything is worked on
        RunResults(tmp_path / 'out', person, RATE_HZ, {}, osim=tmp_path / 'renamed.osim')
    assert not (tmp_path / 'out').exists()
