"""
Write a model as URDF, for robot_state_publisher and RViz.

Links have REP-103 axes (x forward, y left, z up); joints carry the coordinates' names, and a
joint of several coordinates becomes a chain of links. The root is the first segment: where it
stands in the world is for TF to say. URDF knows hinges and straight mimic joints only, so a
curved motion (the knee's slide and twist) becomes the straight line that fits it best over the
coordinate's range; where millimetres count, use the TF frames or the ``.osim`` file.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from biopose_ros.frames import REP103_FROM_OPENSIM
from biopose_ros.records import FloatArray
from biopose_ros.skeleton.description import AxisMotion, Body, Capsule, Coordinate, Joint
from biopose_ros.skeleton.forward_kinematics import pose_segments
from biopose_ros.skeleton.skeleton import Skeleton

EFFORT_NM, VELOCITY_RAD_S = 100.0, 20.0  # URDF demands limits; nothing here depends on them
COLOR_RGBA = '0.89 0.86 0.78 1'
