import typer
from typer.testing import CliRunner

from biopose_ros.cli.options import with_settings
from biopose_ros.settings import PipelineConfig, settings_of

CONFIGS = []
app = typer.Typer()


@app.command()
@with_settings(PipelineConfig, 'config')
def show(name: str, *, config: PipelineConfig):
    CONFIGS.append((name, config))


def run(*arguments):
    CONFIGS.clear()
    return CliRunner().invoke(app, arguments, env={'COLUMNS': '200', 'TERM': 'dumb'})


def test_without_options_the_defaults_hold():
    assert run('walk').exit_code == 0
    assert [('walk', PipelineConfig())] == CONFIGS


def test_options_reach_the_records_that_hold_them():
    done = run('walk', '--height', '1.8', '--network', 'lite', '--refine-iterations', '0')
    assert done.exit_code == 0
    [(_, config)] = CONFIGS
    assert (config.height_m, config.detection.model) == (1.8, 'lite')
    assert config.refinement.iterations == 0


def test_a_value_out_of_range_is_refused_by_name():
    done = run('walk', '--height', '17')
    assert done.exit_code == 1
    assert 'height_m must lie from 0.5 to 2.6' in ' '.join(done.output.split())


def test_help_shows_every_option():
    text = run('--help').output
    for setting in settings_of(PipelineConfig):
        assert setting.option in text
