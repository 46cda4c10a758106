"""What MQ-HMR's decoder is built of; saved with its weights."""

from __future__ import annotations

from dataclasses import dataclass

# Channels of the encoders' maps.
ENCODER_CHANNELS = {
    'full': {'stride4': 48, 'stride8': 48, 'stride16': 48, 'stride32': 288, 'bottleneck': 288},
    'heavy': {'stride4': 48, 'stride8': 96, 'stride16': 192, 'stride32': 288, 'bottleneck': 288},
    'vit_tiny': {'stride4': 16, 'stride8': 32, 'stride16': 64, 'stride32': 64, 'bottleneck': 64},
    'vit_b': {'stride4': 48, 'stride8': 96, 'stride16': 192, 'stride32': 288, 'bottleneck': 288},
    'vit_h': {'stride4': 48, 'stride8': 96, 'stride16': 192, 'stride32': 288, 'bottleneck': 288},
}
ATTENTIONS = ('deformable', 'dense', 'none')


@dataclass(frozen=True)
class MeshRecoveryConfig:
    """
    Sizes of the decoder, and what it looks at.

    :param encoder: whose maps it takes: ``full``, ``heavy``, or a vision transformer of
        :mod:`~biopose_ros.mesh_recovery.encoders`.
    :param levels: maps that the queries look into.
    :param attention: how: ``deformable`` samples a few points, ``dense`` looks at every cell,
        ``none`` at landmarks and the bottleneck alone.
    :param joint_queries: one query per joint; else one query for the whole body.
    :param extra_queries: further queries; the first of them gathers shape and camera.
    :param size: features per query.
    :param memory_size: most channels of a map that queries look into; coarse maps, which have
        more, are projected.
    :param heads: of every attention; divides ``size``.
    :param points: samples per head and level.
    :param layers: of the decoder.
    :param feedforward_size: inside each layer.
    :param components: shape components that are estimated.
    :param feature_size: of the summary that NeurIK takes.
    """

    encoder: str = 'heavy'
    levels: tuple[str, ...] = ('stride4', 'stride8', 'stride16', 'stride32')
    attention: str = 'deformable'
    joint_queries: bool = True
    extra_queries: int = 4
    size: int = 192
    memory_size: int = 48
    heads: int = 4
    points: int = 2
    layers: int = 3
    feedforward_size: int = 384
    components: int = 10
    feature_size: int = 64

    def __post_init__(self) -> None:
        if self.encoder not in ENCODER_CHANNELS:
            raise ValueError(
                f'unknown encoder {self.encoder!r}; choose one of {", ".join(ENCODER_CHANNELS)}'
            )
        unknown = set(self.levels) - ENCODER_CHANNELS[self.encoder].keys()
        if unknown or not self.levels:
            known = ', '.join(ENCODER_CHANNELS[self.encoder])
            raise ValueError(f'levels must be some of {known}, got {self.levels}')
        if self.attention not in ATTENTIONS:
            raise ValueError(
                f'attention must be one of {", ".join(ATTENTIONS)}, got {self.attention!r}'
            )
        if self.size % self.heads:
            raise ValueError(f'heads must divide size, got {self.heads} and {self.size}')
        if self.extra_queries < 1:
            raise ValueError(f'extra_queries must be at least 1, got {self.extra_queries}')

    @property
    def channels(self) -> dict[str, int]:
        """Channels of the encoder's maps by level."""
        return ENCODER_CHANNELS[self.encoder]
