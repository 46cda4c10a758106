"""The commands of docs/opensim.md, run on the files of a person who stands and bends the arms."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from person_poses import person_pose

from biopose_ros.files.results import RunResults
from biopose_ros.records import Markers
from biopose_ros.skeleton import load_skeleton
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.on_skeleton import with_virtual_markers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'opensim.md'
REFERENCE = ROOT.parent / 'shared' / 'data' / 'reference' / 'LaiUhlrich2022.osim'
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.DOTALL)
RATE_HZ, MASS_KG, IMAGES = 30.0, 64.0, 30
# The person comes into the picture late.
START_S = 1.8


@pytest.fixture(scope='module')
def person(tmp_path_factory):
    skeleton = load_skeleton()
    marked = with_virtual_markers(skeleton)
    elbow = skeleton.coordinate_index('elbow_flex_r')
    folder = tmp_path_factory.mktemp('page') / 'out'
    results = RunResults(folder, skeleton, RATE_HZ, {})
    for image in range(IMAGES):
        coordinates = skeleton.default_coordinates.clone()
        coordinates[elbow] = 0.8 + 0.5 * np.sin(4 * image / RATE_HZ)
        markers_m = marked.marker_positions(coordinates, names=MARKER_NAMES).numpy()
        pose = person_pose(
            coordinates,
            segments=21,
            stddev=np.full(len(coordinates), 0.05),
            markers=Markers(MARKER_NAMES, markers_m, np.ones(len(MARKER_NAMES))),
            mass_kg=MASS_KG,
        )
        results.write(START_S + image / RATE_HZ, [pose])
    results.close()
    return folder / 'person_1'


def test_every_block_runs_and_the_ground_carries_the_weight(person, monkeypatch):
    opensim = pytest.importorskip('opensim')
    if not REFERENCE.exists():
        pytest.skip(f'needs {REFERENCE.name}')
    opensim.Logger.setLevelString('error')
    shutil.copy(REFERENCE, person)
    monkeypatch.chdir(person)
    assert len(BLOCKS) == 5
    *blocks, inverse = BLOCKS
    # The page's tolerances take three times as long.
    blocks.append(inverse.replace('tolerance(0.001)', 'tolerance(0.1)'))
    for block in blocks:
        exec(compile(block, str(PAGE), 'exec'), {})
    found = opensim.TimeSeriesTable('ik.mot').getIndependentColumn()
    assert len(found) == IMAGES
    assert found[0] == pytest.approx(START_S)
    forces = opensim.TimeSeriesTable('inverse_dynamics.sto')
    vertical_n = forces.getDependentColumn('pelvis_ty_force').to_numpy()
    assert vertical_n.mean() == pytest.approx(MASS_KG * 9.80665, rel=0.02)
    muscles = opensim.Model('muscles.osim')
    assert muscles.getTotalMass(muscles.initSystem()) == pytest.approx(MASS_KG)
    columns = opensim.TimeSeriesTable('muscles.mot').getColumnLabels()
    assert {'hip_flexion_r', 'lumbar_extension'} <= set(columns)
    assert set(columns) <= {coordinate.getName() for coordinate in muscles.getCoordinateSet()}
    result = 'static_optimization/muscles_StaticOptimization_force.sto'
    solved = opensim.TimeSeriesTable(result)
    names = [muscle.getName() for muscle in muscles.getMuscles()]
    newtons = np.array([solved.getDependentColumn(name).to_numpy() for name in names])
    assert solved.getNumRows() >= 3
    assert (newtons >= 0).all()
    assert newtons.max() > 1
    carried_n = solved.getDependentColumn('reserve_pelvis_ty').to_numpy()
    assert carried_n.mean() == pytest.approx(MASS_KG * 9.80665, rel=0.02)
    file = opensim.TimeSeriesTable('moco_inverse.sto')
    assert file.getTableMetaDataAsString('success') == 'true'
    activations = [name for name in file.getColumnLabels() if name.endswith('/activation')]
    assert len(activations) == len(names)
    for name in activations:
        share = file.getDependentColumn(name).to_numpy()
        assert ((share >= 0) & (share <= 1)).all(), name
