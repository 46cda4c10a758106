"""The OpenSim skeleton: files, forward kinematics, inverse kinematics."""

from biopose_ros.skeleton.forward_kinematics import SegmentFrames
from biopose_ros.skeleton.skeleton import Skeleton, load_skeleton
from biopose_ros.skeleton.solver import PosePrior, Solution, SolverConfig, solve_pose

__all__ = [
    'PosePrior',
    'SegmentFrames',
    'Skeleton',
    'Solution',
    'SolverConfig',
    'load_skeleton',
    'solve_pose',
]
