"""Who may import whom: ROS stays in ``ros/``, stages are siblings, imports never go round."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'biopose_ros'
ROS = {'rclpy', 'launch', 'launch_ros', 'ament_index_python', 'cv_bridge', 'tf2_ros', 'tf2_msgs'}
ROOMS_OFFLINE = ('training', 'evaluation', 'reports', 'viewer', 'batch')
OFFLINE = {f'biopose_ros.{room}' for room in ROOMS_OFFLINE}
# The command line starts every part, and evaluation measures the live node as well.
ABOVE = ('ros', 'cli', 'evaluation')
JOINTS = ('pipeline.py', 'methods.py')
STAGES = ('detection', 'mesh_recovery', 'refinement', 'inverse_kinematics')
MAX_ROOT_MODULES = 8


def imported(path):
    """Full names of all modules that a file imports, in functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def modules_outside(*folders):
    left_out = [PACKAGE / folder for folder in folders]
    for path in sorted(PACKAGE.rglob('*.py')):
        if not any(folder in path.parents for folder in left_out):
            yield path


def module_name(path):
    return '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')


def import_graph():
    """For each of our modules, those of ours that it imports, in functions and for types too."""
    paths = {module_name(path): path for path in PACKAGE.rglob('*.py')}

    def module_of(name):
        return name if name in paths else name.rpartition('.')[0]

    return {
        module: {module_of(name) for name in imported(path)} & paths.keys() - {module}
        for module, path in paths.items()
    }


def is_ros(name):
    return name.split('.')[0] in ROS or name.split('.')[0].endswith('_msgs')


def test_only_the_ros_layer_imports_ros():
    offenders = [
        f'{path.relative_to(ROOT)} imports {name}'
        for path in modules_outside(*ABOVE)
        for name in imported(path)
        if is_ros(name)
    ]
    assert not offenders


def test_nothing_below_imports_the_ros_layer():
    offenders = [
        f'{path.relative_to(ROOT)} imports {name}'
        for path in modules_outside(*ABOVE)
        for name in imported(path)
        if name.split('.')[:2] == ['biopose_ros', 'ros']
    ]
    assert not offenders


def test_runtime_imports_neither_training_nor_evaluation_nor_reports():
    offenders = [
        f'{path.relative_to(ROOT)} imports {name}'
        for path in modules_outside(*ROOMS_OFFLINE, 'cli')
        for name in imported(path)
        if '.'.join(name.split('.')[:2]) in OFFLINE
    ]
    assert not offenders


def test_only_pipeline_and_methods_join_the_stages():
    """Stages do not import each other, and all other rooms of the runtime import no stage."""
    offenders = [
        f'{path.relative_to(ROOT)} imports {name}'
        for path in modules_outside(*ROOMS_OFFLINE, 'cli')
        if path.relative_to(PACKAGE).name not in JOINTS
        for name in imported(path)
        for stage in STAGES
        if name.startswith(f'biopose_ros.{stage}.') and PACKAGE / stage not in path.parents
    ]
    assert not offenders


def test_imports_never_go_round():
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as error:
        pytest.fail(' imports '.join(error.args[1]))


def test_root_holds_few_modules():
    modules = sorted(path.name for path in PACKAGE.glob('*.py'))
    assert len(modules) <= MAX_ROOT_MODULES, modules


@pytest.mark.parametrize('module', ['biopose_ros.pipeline', 'biopose_ros.cli.app'])
def test_importing_loads_no_ros_and_no_training(module):
    code = f'import sys, {module}; print(*sys.modules)'
    loaded = subprocess.check_output([sys.executable, '-c', code], cwd=ROOT, text=True).split()
    assert not [name for name in loaded if is_ros(name) or name in OFFLINE]


def test_command_line_starts_without_heavy_libraries():
    code = 'import sys, biopose_ros.cli.app; print(*sys.modules)'
    loaded = subprocess.check_output([sys.executable, '-c', code], cwd=ROOT, text=True).split()
    assert not {'torch', 'onnxruntime', 'cv2', 'scipy', 'matplotlib'} & set(loaded)
