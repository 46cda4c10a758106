"""
BioPose for ROS 2: joint angles of an OpenSim skeleton from one camera.

Read :mod:`biopose_ros.pipeline` first; it is the spine of the package. What most programs need can
be imported from here, and is loaded when it is first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

# The generated messages live in a second folder of the same name: the build installs
# `biopose_ros.msg` into the environment, while a checkout holds only the sources. Merging the two
# makes `import biopose_ros.msg` work from inside the checkout as well.
__path__ = extend_path(__path__, __name__)

# Before numpy is loaded: the estimator's matrices are small, and threads of BLAS that wait for
# more halve the speed of the networks beside them. What the environment says already stays.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

__version__ = '0.2.0'

if TYPE_CHECKING:
    from biopose_ros.files.camera import guess_camera, read_camera
    from biopose_ros.files.video import open_frames
    from biopose_ros.pipeline import Pipeline
    from biopose_ros.records import Camera, PersonPose, TrackingState
    from biopose_ros.settings import DetectionConfig, PipelineConfig, RefinementConfig

__all__ = [
    'Camera',
    'DetectionConfig',
    'PersonPose',
    'Pipeline',
    'PipelineConfig',
    'RefinementConfig',
    'TrackingState',
    'guess_camera',
    'open_frames',
    'read_camera',
]

_HOMES = {
    'biopose_ros.files.camera': ('guess_camera', 'read_camera'),
    'biopose_ros.files.video': ('open_frames',),
    'biopose_ros.pipeline': ('Pipeline',),
    'biopose_ros.records': ('Camera', 'PersonPose', 'TrackingState'),
    'biopose_ros.settings': ('DetectionConfig', 'PipelineConfig', 'RefinementConfig'),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: torch alone takes a second."""
    if name not in _HOME_OF:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(_HOME_OF[name]), name)
