"""What NeurIK is built of; saved with its weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NeurikConfig:
    """
    Sizes of the network.

    :param node_size: features per body part in the spatial encoder.
    :param frame_size: features per frame.
    :param heads: of the temporal attention; divides ``frame_size``.
    :param layers: of the temporal encoder.
    :param feedforward_size: inside each layer.
    :param window_frames: most frames that a frame looks at, itself included.
    :param window_s: greatest age of a frame that a frame looks at, seconds.
    :param scale_amplitude: size factors lie within 1 +- this.
    :param keypoints: 2D keypoints per frame that may come as further evidence.
    :param feature_size: length of the mesh network's summary of a frame, further evidence.
    :param is_bounded: whether angles are kept within their limits; False only for comparisons.
    """

    node_size: int = 48
    frame_size: int = 192
    heads: int = 6
    layers: int = 3
    feedforward_size: int = 384
    window_frames: int = 32
    window_s: float = 1.2
    scale_amplitude: float = 0.4
    keypoints: int = 33
    feature_size: int = 64
    is_bounded: bool = True

    def __post_init__(self) -> None:
        if self.frame_size % self.heads:
            raise ValueError(
                f'heads must divide frame_size, got {self.heads} and {self.frame_size}'
            )
        if self.window_frames < 1 or self.window_s <= 0:
            raise ValueError(
                'window_frames and window_s must be positive, got '
                f'{self.window_frames} and {self.window_s}'
            )
