"""Facts that stand in two files agree."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import biopose_ros

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def project():
    tomllib = pytest.importorskip('tomllib', reason='Python 3.10 cannot read TOML')
    return tomllib.loads((ROOT / 'pyproject.toml').read_text())


@pytest.fixture(scope='module')
def manifest():
    package = pytest.importorskip('catkin_pkg.package')
    return package.parse_package(ROOT / 'package.xml')


def requirements(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if not line.startswith('#')]


def test_build_requirements_are_the_same_in_both_lists(project):
    assert project['build-system']['requires'] == requirements('requirements-build.txt')


def test_version_and_licence_are_the_same_everywhere(manifest, project):
    assert manifest.version == biopose_ros.__version__
    assert manifest.licenses == [project['project']['license']]
    assert f'## {manifest.version}' in (ROOT / 'CHANGELOG.md').read_text()


def test_manifest_is_valid(manifest):
    warnings = []
    manifest.validate(warnings=warnings)
    assert not warnings


# Needed by one setting each, which says so where it is missing; not in every distribution, and
# rosdep installs nothing at all where it misses one key.
OPTIONAL = {'hri_msgs'}


def test_every_import_is_a_declared_dependency(manifest, project):
    declared = {depend.name for depend in (*manifest.build_depends, *manifest.exec_depends)}
    extras = project['project']['optional-dependencies'].values()
    lines = [*requirements('requirements.txt'), *(line for extra in extras for line in extra)]
    declared |= {normal(re.split(r'[^\w.-]', line)[0]) for line in lines}
    distributions = importlib.metadata.packages_distributions()
    offenders = {
        f'{path.relative_to(ROOT)} imports {name}'
        for path in (*(ROOT / 'biopose_ros').rglob('*.py'), *(ROOT / 'launch').glob('*.py'))
        for name in imported(path) - OPTIONAL
        if not declared & {name, f'{name}_py', *map(normal, distributions.get(name, ()))}
    }
    assert not offenders


def normal(distribution):
    return re.sub(r'[-_.]+', '-', distribution).lower()


def imported(path):
    """Top-level names, other than the standard library's and ours, that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split('.')[0])
    return names - sys.stdlib_module_names - {'biopose_ros'}


def test_missing_system_tools_end_in_one_line_that_says_what_to_install(tmp_path):
    ran = subprocess.run(
        ['/bin/sh', ROOT / '.ci' / 'system-tools'],
        env={'PATH': str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert 'sudo apt install python3 python3-venv python3-dev git cmake g++' in line


def test_present_system_tools_give_the_python_to_use():
    output = subprocess.check_output(
        [ROOT / '.ci' / 'system-tools'], env={'PATH': '/usr/bin:/bin', 'PYTHON': sys.executable}
    )
    assert output.decode().strip() == sys.executable
