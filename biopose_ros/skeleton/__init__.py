"""The skeleton: models, kinematics, inverse kinematics, sizes."""

from biopose_ros.skeleton.initial_pose import initial_pose
from biopose_ros.skeleton.osim_reader import OsimError, read_osim
from biopose_ros.skeleton.osim_scaling import scale_set, scaled_osim, with_default_pose
from biopose_ros.skeleton.scaling import ScalePrior, fit_scales, scale_groups
from biopose_ros.skeleton.skeleton import Skeleton, load_skeleton
from biopose_ros.skeleton.solver import PosePrior, SolverConfig, solve_pose
from biopose_ros.skeleton.urdf import write_urdf

__all__ = [
    'OsimError',
    'PosePrior',
    'ScalePrior',
    'Skeleton',
    'SolverConfig',
    'fit_scales',
    'initial_pose',
    'load_skeleton',
    'read_osim',
    'scale_groups',
    'scale_set',
    'scaled_osim',
    'solve_pose',
    'with_default_pose',
    'write_urdf',
]
