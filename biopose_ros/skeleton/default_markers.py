"""
The default skeleton's markers; sources in :mod:`.default_model`.

Two sets: anatomical landmarks with the names, segments and places of LaiUhlrich2022's motion
capture marker set (and a few of the head), and the 33 BlazePose landmarks (``bp_`` before their
name) at the joint centres and body parts that they stand for.
"""

from __future__ import annotations

from biopose_ros.skeleton.description import ORIGIN, Vector

# The neck joint is the head's origin; the ear holes sit 26 mm in front of it and 77 mm above,
# half a bitragion breadth (ANSUR: 145 mm) to the side. Height over the ear hole: eyes 18 mm,
# nose tip -20, mouth -53, chin -95, top of the head 130.
MIDDLE_MARKERS: tuple[tuple[str, str, Vector], ...] = (
    ('C7', 'torso', (-0.08, 0.42, 0.0)),
    ('head_vertex', 'head', (0.026, 0.207, 0.0)),
    ('chin', 'head', (0.121, -0.018, 0.0)),
    ('bp_nose', 'head', (0.151, 0.057, 0.0)),
)

# Name, segment and place of the right one.
RIGHT_MARKERS: tuple[tuple[str, str, Vector], ...] = (
    ('R_Shoulder', 'torso', (0.0, 0.418, 0.142)),
    ('R_Sternum', 'torso', (0.046, 0.385, 0.025)),
    ('r.ASIS', 'pelvis', (0.028, 0.01, 0.128)),
    ('r.PSIS', 'pelvis', (-0.154, 0.025, 0.05)),
    ('R_HJC', 'femur_r', ORIGIN),
    ('r_knee', 'femur_r', (0.008, -0.404, 0.055)),
    ('r_mknee', 'femur_r', (0.011, -0.401, -0.055)),
    ('r_ankle', 'tibia_r', (-0.01743, -0.38507, 0.04727)),
    ('r_mankle', 'tibia_r', (0.006, -0.38, -0.038)),
    ('r_toe', 'calcn_r', (0.18046, 0.01762, 0.001)),
    ('r_5meta', 'calcn_r', (0.13586, 0.00111, 0.06143)),
    ('r_calc', 'calcn_r', (-0.03216, 0.01491, -0.01117)),
    ('R_elbow_lat', 'humerus_r', (0.01047, -0.27319, 0.04165)),
    ('R_elbow_med', 'humerus_r', (0.00551, -0.27815, -0.04597)),
    ('R_wrist_radius', 'radius_r', (-0.02966, -0.22448, 0.03463)),
    ('R_wrist_ulna', 'radius_r', (-0.0298, -0.22534, -0.01089)),
    ('R_tragion', 'head', (0.026, 0.077, 0.0725)),
    # Canthi and pupils: 63 mm between the pupils, eyes about 75 mm in front of the ear holes.
    ('bp_right_eye_inner', 'head', (0.107, 0.095, 0.017)),
    ('bp_right_eye', 'head', (0.106, 0.095, 0.0315)),
    ('bp_right_eye_outer', 'head', (0.096, 0.095, 0.046)),
    ('bp_right_ear', 'head', (0.022, 0.082, 0.0775)),
    ('bp_mouth_right', 'head', (0.116, 0.024, 0.025)),
    # Joint centres: shoulder, elbow (on its axis, between the epicondyles), wrist.
    ('bp_right_shoulder', 'torso', (0.003155, 0.3715, 0.17)),
    ('bp_right_elbow', 'humerus_r', (0.0149, -0.2861, -0.002)),
    ('bp_right_wrist', 'radius_r', (-0.008797, -0.235841, 0.01361)),
    # Knuckles where the finger meets the palm.
    ('bp_right_pinky', 'hand_r', (-0.003, -0.078, -0.036)),
    ('bp_right_index', 'hand_r', (-0.003, -0.092, 0.026)),
    ('bp_right_thumb', 'hand_r', (0.022, -0.062, 0.044)),
    # Joint centres: hip, knee (on its axis), ankle (between the malleoli).
    ('bp_right_hip', 'pelvis', (-0.056276, -0.07849, 0.07726)),
    ('bp_right_knee', 'femur_r', (-0.0045, -0.4096, -0.00175)),
    ('bp_right_ankle', 'tibia_r', (-0.0057, -0.3825, 0.0046)),
    ('bp_right_heel', 'calcn_r', (-0.03, 0.012, -0.004)),
    ('bp_right_foot_index', 'toes_r', (0.05, 0.003, -0.012)),
)
