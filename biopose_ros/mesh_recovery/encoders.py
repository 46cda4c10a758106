"""
Encoders: pictures of crops to feature maps on several scales.

The default encoders are BlazePose's landmark networks, which the tracker runs anyway. Vision
transformers are for larger machines: they are trained with the decoder, from nothing or from a
user's own state dict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.inference.weights_file import (
    half_precision,
    read_weights,
    with_numbers,
    write_weights,
)
from biopose_ros.mesh_recovery.config import ENCODER_CHANNELS, MeshRecoveryConfig
from biopose_ros.pretrained.network_import import load_torch_network

CROP_PX = 256
FORMAT_VERSION = '1'
_KIND = 'mesh_encoder'
_PATCH_PX = 16
# ImageNet's statistics, as nearly all published vision transformers want them.
_MEAN, _STDDEV = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class VitSize:
    """
    Size of a vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929).

    :param size: features per patch.
    :param depth: layers.
    :param heads: of each.
    """

    size: int
    depth: int
    heads: int


VIT_SIZES: Mapping[str, VitSize] = {
    'vit_tiny': VitSize(64, 2, 2),
    'vit_b': VitSize(768, 12, 12),
    'vit_h': VitSize(1280, 32, 16),
}


class _Attention(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        )
        mixed = F.scaled_dot_product_attention(query, key, value)
        found: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return found


class _Block(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(size, eps=1e-6), nn.LayerNorm(size, eps=1e-6)
        self.attn = _Attention(size, heads)
        self.mlp = nn.ModuleDict(
            {'fc1': nn.Linear(size, 4 * size), 'fc2': nn.Linear(4 * size, size)}
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        widened = F.gelu(self.mlp['fc1'](self.norm2(tokens)))
        moved: Tensor = tokens + self.mlp['fc2'](widened)
        return moved


class VitEncoder(nn.Module):
    """
    A plain vision transformer, and a simple feature pyramid (Li et al. 2022, arXiv 2203.16527).

    Parameters of the transformer are named as in timm, MAE and ViTPose.

    :param name: one of :data:`VIT_SIZES`.
    """

    mean: Tensor
    stddev: Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        size, cells = VIT_SIZES[name].size, CROP_PX // _PATCH_PX
        self.patch_embed = nn.ModuleDict({'proj': nn.Conv2d(3, size, _PATCH_PX, _PATCH_PX)})
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, cells**2, size))
        self.blocks = nn.ModuleList(
            [_Block(size, VIT_SIZES[name].heads) for _ in range(VIT_SIZES[name].depth)]
        )
        self.norm = nn.LayerNorm(size, eps=1e-6)
        self.pyramid = nn.ModuleDict(
            {level: _scale(level, size, count) for level, count in ENCODER_CHANNELS[name].items()}
        )
        self.register_buffer('mean', torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer('stddev', torch.tensor(_STDDEV)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Encode.

        :param images: [batch, 3, 256, 256], red first, 0 to 1.
        :returns: by level, [batch, rows, columns, channels], near unit variance.
        """
        grid = self.patch_embed['proj']((images - self.mean) / self.stddev)
        tokens = grid.flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        coarse = self.norm(tokens).transpose(1, 2).unflatten(-1, grid.shape[-2:])
        scaled = {level: scale(coarse) for level, scale in self.pyramid.items()}
        return {
            level: F.layer_norm(values.permute(0, 2, 3, 1), (values.shape[1],))
            for level, values in scaled.items()
        }

    def load_transformer(self, state: Mapping[str, Tensor]) -> None:
        """
        Take the transformer from a published state dict; the pyramid stays as it is.

        :param state: with names as in timm, MAE or ViTPose, behind a common ``backbone.`` or
            ``encoder.`` where there is one; of any grid of patches of 16 pixels.
        :raises ValueError: naming what is missing or does not fit.
        """
        found = {_plain(name): value for name, value in state.items()}
        own = self.state_dict()
        wanted = [name for name in own if not name.startswith('pyramid.')]
        missing = [name for name in wanted if name not in found]
        if missing:
            raise ValueError(f'the state dict lacks {", ".join(missing[:3])}: not a plain ViT')
        found['pos_embed'] = _resized(found['pos_embed'], self.pos_embed.shape[1])
        wrong = [name for name in wanted if found[name].shape != own[name].shape]
        if wrong:
            name = wrong[0]
            raise ValueError(
                f'{name} of the state dict is {tuple(found[name].shape)}, this encoder needs '
                f'{tuple(own[name].shape)}; choose the size that fits'
            )
        self.load_state_dict({**own, **{name: found[name] for name in wanted}})


class BlazePoseEncoder(nn.Module):
    """
    BlazePose's landmark network, as imported, as a module that can be fine-tuned.

    :param name: ``full`` or ``heavy``.
    :param trained_steps: how many of its last steps (layers and sums) learn.
    """

    def __init__(self, name: str, trained_steps: int = 0) -> None:
        super().__init__()
        self.name = name
        self.network = load_torch_network(f'pose_landmark_{name}', MAPS)
        steps = list(self.network.steps)
        for step in steps[: len(steps) - trained_steps]:
            step.requires_grad_(False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Encode; as :class:`VitEncoder`, but the values are not normalised.

        :param images: [batch, 3, 256, 256], red first, 0 to 1.
        """
        maps = self.network(images.contiguous(memory_format=torch.channels_last))
        return {level: values.permute(0, 2, 3, 1) for level, values in maps.items()}


def build_encoder(name: str, trained_steps: int = 0) -> nn.Module:
    """
    Build an encoder by its name in the configuration.

    :param name: of :data:`~biopose_ros.mesh_recovery.config.ENCODER_CHANNELS`.
    :param trained_steps: of a BlazePose network.
    :raises ValueError: for an unknown name.
    """
    MeshRecoveryConfig(encoder=name)
    return VitEncoder(name) if name in VIT_SIZES else BlazePoseEncoder(name, trained_steps)


def save_encoder(path: Path, name: str, encoder: nn.Module) -> None:
    """
    Write an encoder in half precision.

    :param path: ends in ``.safetensors``.
    :param name: of the encoder.
    :param encoder: trained.
    """
    write_weights(
        path, _KIND, FORMAT_VERSION, half_precision(encoder), {'encoder': json.dumps(name)}
    )


def load_encoder(path: Path) -> tuple[nn.Module, str, str]:
    """
    Read an encoder.

    :param path: written by :func:`save_encoder`.
    :returns: the encoder, ready to run, its name, and the SHA-256 of its numbers.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when it is broken.
    """
    arrays, header = read_weights(path, _KIND, FORMAT_VERSION, 'run `biopose train mesh`')
    name = json.loads(header['encoder'])
    encoder = build_encoder(name)
    return with_numbers(encoder, arrays), name, header['sha256']


def _scale(level: str, size: int, channels: int) -> nn.Sequential:
    """Build one level of the pyramid from the transformer's stride of 16."""
    steps: dict[str, list[nn.Module]] = {
        'stride4': [
            nn.ConvTranspose2d(size, size // 2, 2, 2),
            nn.GroupNorm(1, size // 2),
            nn.GELU(),
            nn.ConvTranspose2d(size // 2, size // 4, 2, 2),
            nn.Conv2d(size // 4, channels, 1),
        ],
        'stride8': [
            nn.ConvTranspose2d(size, size // 2, 2, 2),
            nn.Conv2d(size // 2, channels, 1),
        ],
        'stride16': [nn.Conv2d(size, channels, 1)],
        'stride32': [nn.MaxPool2d(2), nn.Conv2d(size, channels, 1)],
        'bottleneck': [nn.AvgPool2d(8), nn.Conv2d(size, channels, 1)],
    }
    return nn.Sequential(*steps[level])


def _plain(name: str) -> str:
    for prefix in ('backbone.', 'encoder.'):
        name = name.removeprefix(prefix)
    return name.replace('last_norm.', 'norm.') if name.startswith('last_norm.') else name


def _resized(places: Tensor, count: int) -> Tensor:
    """Fit a position embedding [1, patches (and a class token), size] to a square grid."""
    patches, cells = places.shape[1], int(count**0.5)
    if patches == count:
        return places
    grids = {rows * columns: (rows, columns) for rows, columns in ((14, 14), (16, 12), (24, 24))}
    if patches - 1 in grids:
        places, patches = places[:, 1:], patches - 1
    if patches not in grids:
        raise ValueError(f'pos_embed has {patches} places: no known grid of patches')
    grid = places.mT.unflatten(-1, grids[patches])
    return F.interpolate(grid, (cells, cells), mode='bicubic').flatten(2).mT
