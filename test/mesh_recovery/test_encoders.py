import pytest
import torch

from biopose_ros.mesh_recovery.config import ENCODER_CHANNELS
from biopose_ros.mesh_recovery.encoders import (
    VIT_SIZES,
    VitEncoder,
    build_encoder,
    load_encoder,
    save_encoder,
)
from biopose_ros.mesh_recovery.mesh_file import MAP_CELLS


@pytest.fixture(scope='module')
def tiny():
    torch.manual_seed(0)
    return VitEncoder('vit_tiny').eval()


@pytest.mark.parametrize('name', ['vit_tiny', 'full'])
def test_maps_have_the_sizes_that_the_decoder_expects(name):
    with torch.inference_mode():
        maps = build_encoder(name)(torch.rand(2, 3, 256, 256))
    for level, cells in MAP_CELLS.items():
        assert maps[level].shape == (2, cells, cells, ENCODER_CHANNELS[name][level])


def test_maps_of_a_transformer_are_normalised(tiny):
    with torch.inference_mode():
        maps = tiny(torch.rand(1, 3, 256, 256))
    for values in maps.values():
        torch.testing.assert_close(
            values.mean(-1), torch.zeros(values.shape[:-1]), atol=1e-4, rtol=0
        )


def test_only_the_last_steps_are_fine_tuned():
    frozen = build_encoder('full')
    assert not any(weight.requires_grad for weight in frozen.parameters())
    some = build_encoder('full', trained_steps=12)
    trained = [weight.requires_grad for weight in some.parameters()]
    assert any(trained)
    assert not all(trained)


def test_a_published_transformer_is_taken_over_whatever_its_grid(tiny):
    state = {f'backbone.{k}': v for k, v in tiny.state_dict().items() if 'pyramid' not in k}
    state['backbone.pos_embed'] = torch.randn(1, 14 * 14 + 1, VIT_SIZES['vit_tiny'].size)
    other = VitEncoder('vit_tiny')
    other.load_transformer(state)
    torch.testing.assert_close(other.blocks[1].attn.qkv.weight, tiny.blocks[1].attn.qkv.weight)
    assert other.pos_embed.shape == tiny.pos_embed.shape


def test_state_dicts_that_do_not_fit_say_why(tiny):
    with pytest.raises(ValueError, match='lacks pos_embed'):
        tiny.load_transformer({'head.weight': torch.zeros(1)})
    state = dict(tiny.state_dict())
    state['norm.weight'] = torch.zeros(768)
    with pytest.raises(ValueError, match=r'norm\.weight of the state dict is \(768,\)'):
        tiny.load_transformer(state)
    state['pos_embed'] = torch.zeros(1, 77, 64)
    with pytest.raises(ValueError, match='pos_embed has 77 places'):
        tiny.load_transformer(state)


def test_an_encoder_comes_back_from_its_file(tiny, tmp_path):
    path = tmp_path / 'tiny.safetensors'
    save_encoder(path, 'vit_tiny', tiny)
    images = torch.rand(1, 3, 256, 256)
    loaded, name, _ = load_encoder(path)
    assert name == 'vit_tiny'
    with torch.inference_mode():
        wanted, found = tiny(images), loaded(images)
    torch.testing.assert_close(found['stride16'], wanted['stride16'], atol=0.05, rtol=0)


def test_unknown_encoders_are_refused():
    with pytest.raises(ValueError, match="unknown encoder 'resnet'; choose one of full, heavy"):
        build_encoder('resnet')
