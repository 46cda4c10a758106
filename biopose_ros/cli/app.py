"""The command line ``biopose``: one file per command, heavy imports inside the commands."""

from __future__ import annotations

import typer

app = typer.Typer(
    name='biopose',
    help='Joint angles of an OpenSim skeleton from one camera.',
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
evaluate = typer.Typer(help='Measure accuracy; print a table and write JSON.')
benchmark = typer.Typer(help='Measure speed; print a table and write JSON.')
app.add_typer(evaluate, name='evaluate', no_args_is_help=True)
app.add_typer(benchmark, name='benchmark', no_args_is_help=True)


def main() -> None:
    """Run the command line."""
    app()
