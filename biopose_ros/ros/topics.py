"""Names of topics that several parts know; nothing here imports ROS."""

# What a recorder takes: results, and what is needed to read them; pictures only where asked for by
# name. Relative to the node's namespace unless absolute; `*` stands for a person's id.
RESULT_TOPICS = (
    'joint_angles',
    'body_points',
    'subject_model',
    'tracked_persons',
    'persons/*/joint_states',
    'persons/*/robot_description',
    'markers',
    'camera_info',
    '/tf',
    '/tf_static',
    '/diagnostics',
)


# Every node publishes there.
SHARED_TOPICS = ('/tf', '/tf_static', '/diagnostics')
GROUND_FRAME = 'biopose_ground'


def id_prefix(given: str, namespace: str) -> str:
    """
    Choose the prefix of person ids and frames, so that two nodes never share a frame.

    :param given: by the user; '' takes the namespace.
    :param namespace: of the node, for example ``/left``.
    """
    parts = [part for part in namespace.split('/') if part]
    return given or ''.join(f'{part}_' for part in parts)


def person_topic(person_id: str, name: str) -> str:
    """Name a topic of one person."""
    return f'persons/{person_id}/{name}'
