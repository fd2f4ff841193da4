"""`xlt cluster up|down|status|files`: a cluster on this machine for trying out, and files for real ones.

In: how many nodes, or what a cluster is to be like. Out: an address, or files.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from sweeps.cli.output import SummaryFormat, print_json

app = typer.Typer(help="Try a cluster on this machine; write files for real ones.", no_args_is_help=True)

Format = Annotated[SummaryFormat, typer.Option("--format", help="table or json")]


@app.command("up")
def up(
    local: Annotated[int, typer.Option("--local", min=1, metavar="N", help="Nodes, all on this machine.")],
    cpus_per_node: Annotated[
        int | None, typer.Option(min=1, help="CPUs of each; none given: this machine's cores, shared out.")
    ] = None,
    gpus_per_node: Annotated[int, typer.Option(min=0, help="GPUs of each.")] = 0,
    port: Annotated[int | None, typer.Option(min=1024, max=65535, help="Of the head; none given: a free one.")] = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Start a Ray cluster of several nodes on this machine, for trying out."""
    from sweeps.clusters.local import start_cluster
    from sweeps.clusters.session import num_cores, prepare_ray

    prepare_ray()
    console = Console(stderr=True)
    cpus = cpus_per_node or max(1, num_cores() // local)
    with console.status(f"starting {local} nodes"):
        cluster = start_cluster(local, cpus, gpus_per_node, port)
    if output is SummaryFormat.json:
        print_json({"address": cluster.address, "num_nodes": local, "cpus_per_node": cpus, "folder": cluster.folder})
        return
    Console().print(
        f"{local} nodes with {cpus} CPU each are up at {cluster.address}; logs in {cluster.folder}\n"
        f"{_describe_listeners()}\n"
        "run on it:  xlt sweep run SPACE --out DIR --address auto\n"
        "end it:     xlt cluster down",
        highlight=False,
        soft_wrap=True,
    )


@app.command("down")
def down() -> None:
    """End the cluster that `up` started, and nothing else of Ray."""
    from sweeps.clusters.local import read_cluster, stop_cluster

    cluster = read_cluster()
    if cluster is None:
        Console().print("no cluster is up")
        return
    number = stop_cluster(cluster)
    Console().print(f"ended the cluster at {cluster.address}: {number} processes", highlight=False)


@app.command("status")
def status(output: Format = SummaryFormat.table) -> None:
    """Say whether the cluster that `up` started is alive."""
    from sweeps.clusters.local import count_nodes, read_cluster

    cluster = read_cluster()
    summary: dict[str, Any] = {"address": None, "num_nodes": 0, "num_alive": 0}
    if cluster is not None:
        num_alive = count_nodes(cluster)
        summary = {"address": cluster.address, "num_nodes": cluster.num_nodes, "num_alive": num_alive}
    if output is SummaryFormat.json:
        print_json(summary)
    elif cluster is None:
        Console().print("no cluster is up; xlt cluster up --local 2 starts one")
    elif not summary["num_alive"]:
        Console().print(f"the cluster at {cluster.address} is dead; clear it away: xlt cluster down", highlight=False)
    else:
        Console().print(
            f"{summary['num_alive']} of {cluster.num_nodes} nodes are alive at {cluster.address}", highlight=False
        )


class FileKind(StrEnum):
    """What starts the cluster."""

    ray = "ray"
    kuberay = "kuberay"
    slurm = "slurm"


@app.command("files")
def write_files(
    kind: Annotated[FileKind, typer.Argument(help="ray: `ray up` on a cloud; kuberay: RayJob; slurm: batch script.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the file.")],
    storage: Annotated[str, typer.Option(help="Where the sweep lies: s3://..., gs://..., or a folder on all nodes.")],
    space: Annotated[str, typer.Option(help="To be run: a ready-made one, or a YAML file on the nodes.")] = "xnli",
    name: Annotated[str, typer.Option(help="Of the cluster or job.")] = "xlt",
    nodes: Annotated[int, typer.Option(min=1, help="Nodes that run trials.")] = 2,
    cpus: Annotated[int, typer.Option(min=1, help="CPUs of each.")] = 8,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs of each.")] = 1,
    memory: Annotated[int, typer.Option(min=1, help="GiB of each (kuberay).")] = 32,
    image: Annotated[str | None, typer.Option(help="Container with xlt-sweeps in it (ray, kuberay).")] = None,
    region: Annotated[str, typer.Option(help="Of AWS (ray).")] = "us-west-2",
    instance: Annotated[str | None, typer.Option(help="Instance type of AWS (ray).")] = None,
    time: Annotated[str, typer.Option(help="Limit of the job (slurm).")] = "24:00:00",
) -> None:
    """Write the file that starts a cluster for a sweep; it says what all nodes must share."""
    from sweeps.clusters.files import FILE_NAMES, ClusterSettings, write_cluster_file
    from xlt_core.errors import XltError

    settings = ClusterSettings(
        kind=kind.value,
        storage=storage,
        space=space,
        name=name,
        num_nodes=nodes,
        cpus=cpus,
        gpus=gpus,
        memory_gib=memory,
        image=image,
        region=region,
        instance=instance,
        time=time,
    )
    path = out / FILE_NAMES[settings.kind]
    text = write_cluster_file(settings)
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise XltError(f"{path} cannot be written: {error.strerror}; give another folder as --out") from error
    Console().print(f"{path}: its first lines say what all nodes must share", highlight=False, soft_wrap=True)


def _describe_listeners() -> str:
    """Say who can reach the cluster: Ray's servers listen on every interface, whatever address they are given."""
    if os.environ.get("RAY_AUTH_MODE") == "token":
        return "its servers listen on all interfaces of this machine, and answer only those who have your Ray token"
    return "its servers listen on all interfaces of this machine, and ANYONE who reaches them can run code here"
