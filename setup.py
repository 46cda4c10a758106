"""
The pip way to install: ``pyproject.toml`` holds the metadata, this file builds the messages.

The same ``CMakeLists.txt`` as in a ROS 2 workspace is built against the ROS 2 wheels and installed
into a stage. What it left there goes into the wheel as data files, so that pip puts libraries,
message definitions, headers and generated Python below ``sys.prefix``, as the ROS 2 wheels do with
theirs, and takes them away on uninstall. Where there are no such wheels, the package is installed
without ROS.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / 'build' / 'pip'
STAGE = BUILD / 'stage'
HAS_ROS_WHEELS = platform.system() == 'Linux' and platform.machine() == 'x86_64'
# The wheel may travel, so its executables look for the Python of the environment they lie in.
LAUNCHER_PYTHON = '$(dirname "$0")/../../bin/python3'


class MessageDistribution(Distribution):
    """A distribution with compiled messages where the ROS 2 wheels exist."""

    def has_ext_modules(self) -> bool:
        """Tell that the wheel belongs to one platform and Python."""
        return HAS_ROS_WHEELS

    def has_data(self) -> bool:
        """Tell that there are data files; the editable install asks for them by this name."""
        return self.has_data_files()


class BuildPython(build_py):
    """Copy our modules into an empty folder: deleted ones must not come back."""

    def run(self) -> None:
        """Clear the folder, then copy."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildMessages(build_ext):
    """Build the messages with CMake."""

    def run(self) -> None:
        """
        Build, install into the stage, and hand the stage's files to the wheel.

        One build at a time: the Makefile's begins while pip still downloads, and pip's uses it.
        """
        import fcntl  # there are no messages to build where it is missing

        BUILD.parent.mkdir(exist_ok=True)
        with BUILD.with_suffix('.lock').open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            build_messages(ros_prefix())
        folders = defaultdict(list)
        for path in staged_files():
            folders[str(path.parent.relative_to(STAGE))].append(str(path.relative_to(ROOT)))
        self.distribution.data_files.extend(folders.items())


def ros_prefix() -> Path:
    """
    Find the environment that holds the ROS 2 wheels: ours, or the build environment of pip.

    :returns: the folder above ``share/ament_cmake``.
    :raises SystemExit: when the wheels are not installed.
    """
    spec = importlib.util.find_spec('ament_package')
    if spec is not None and spec.origin is not None:
        for parent in Path(spec.origin).parents:
            if (parent / 'share' / 'ament_cmake').is_dir():
                return parent
    raise SystemExit(
        'the ROS 2 wheels that build the messages are missing: run '
        '"pip install -r requirements-build.txt", or pip without --no-build-isolation'
    )


def build_messages(prefix: Path) -> None:
    """
    Run CMake, using again what an earlier run against the same wheels has built.

    :param prefix: the environment of the ROS 2 wheels.
    :raises SystemExit: when CMake is missing.
    :raises subprocess.CalledProcessError: when CMake fails; its output says why.
    """
    if shutil.which('cmake') is None:
        raise SystemExit('cmake is missing: run "apt install cmake g++" or "pip install cmake"')
    marker = BUILD / 'built_against'
    identity = f'{prefix}\n{sys.executable}\n{ROOT}\n'
    if not marker.exists() or marker.read_text() != identity:
        shutil.rmtree(BUILD, ignore_errors=True)
    shutil.rmtree(STAGE, ignore_errors=True)
    # A sourced ROS 2 must not leak in: its messages are of another release.
    environment = {
        **os.environ,
        'AMENT_PREFIX_PATH': str(prefix),
        'CMAKE_PREFIX_PATH': str(prefix),
    }
    for command in (
        [
            *('-S', str(ROOT), '-B', str(BUILD)),
            f'-DCMAKE_INSTALL_PREFIX={STAGE}',
            '-DCMAKE_BUILD_TYPE=Release',
            f'-DPython3_EXECUTABLE={sys.executable}',
            f'-DLAUNCHER_PYTHON={LAUNCHER_PYTHON}',
        ],
        ['--build', str(BUILD), '--parallel', str(os.cpu_count() or 1)],
        ['--install', str(BUILD)],
    ):
        subprocess.run(['cmake', *command], check=True, env=environment)
    marker.write_text(identity)


def staged_files() -> Iterator[Path]:
    """
    List what the wheel takes from the stage.

    Left out are our own modules and the ``biopose`` script, which setuptools installs itself, the
    generator's metadata (ours would be there twice), byte code and C sources.
    """
    for path in sorted(STAGE.rglob('*')):
        parts = path.relative_to(STAGE).parts
        module = parts[parts.index('site-packages') + 1 :] if 'site-packages' in parts else ()
        left_out = (
            path.is_dir()
            or parts[0] == 'bin'
            or path.suffix in ('.c', '.pyc')
            or any(part.endswith('.egg-info') for part in parts)
            or (module and ROOT.joinpath(*module).exists())
        )
        if not left_out:
            yield path


setup(
    distclass=MessageDistribution,
    cmdclass={'build_py': BuildPython, 'build_ext': BuildMessages},
    data_files=[],
)
