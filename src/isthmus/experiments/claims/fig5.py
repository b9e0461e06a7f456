"""Figure 5: noise in the training subspace, in its null space, and along the averaging direction."""

from typing import TYPE_CHECKING

from isthmus.experiments.reproduction.claim import Claim
from isthmus.experiments.reproduction.criterion import Criterion, at_least, smallest
from isthmus.experiments.reproduction.evidence import Evidence
from isthmus.experiments.reproduction.scale import Scale
from isthmus.report.picture import Picture

if TYPE_CHECKING:
    import xarray as xr

    from isthmus.experiments.reproduction.bench import Bench

DATA = {Scale.SMOKE: "digits:test[0:60]", Scale.SMALL: "mnist:train[0:10000]", Scale.PAPER: "mnist:train"}
DRAWS = {Scale.SMOKE: 2, Scale.SMALL: 5, Scale.PAPER: 10}
SIGMAS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)
MOST = 0.75
"""Share of the single layers, pairs and hosts for which a statement on single layers has to hold."""


def run(bench: "Bench") -> Evidence:
    """Leave the networks of every pair along directions of four kinds, all layers together and each alone.

    Args:
        bench: To work on.

    Returns:
        The criteria with the figures seen, and a picture of the curves for each pair.
    """
    from isthmus.experiments.reproduction.noise import kept_study, noise_rows
    from isthmus.report.barrier_table import labels
    from isthmus.report.noise_reading import noise_sentence
    from isthmus.report.subspace_panels import subspace_panels
    from isthmus.runs.subspace import subspace_noise

    networks, data, draws = bench.networks(), DATA[bench.scale], DRAWS[bench.scale]
    bench.settings |= {
        "measured on": f"`{data}`",
        "noise": f"sigma {', '.join(f'{s:g}' for s in SIGMAS)} of the distance in the moving layers; {draws} draws",
    }
    studies = {}
    for a, b in networks.pairs:
        out = bench.folder / "runs" / f"noise_{a}-{b}"
        study = kept_study(out, data, SIGMAS, draws)
        bench.say(f"noise around {a} and {b} {'is measured' if study is not None else ''}".strip())
        if study is None:
            with bench.counted():
                study = subspace_noise(
                    networks.model, networks.trajectory(a), networks.trajectory(b), data, sigmas=SIGMAS,
                    num_draws=draws, out=out, data_root=bench.data_root,
                )  # fmt: skip
        studies[f"{a}-{b}"] = study
    first = next(iter(studies.values()))
    pictures = [
        Picture(f"noise_{pair}", f"Noise around pair {pair}", subspace_panels(study), noise_sentence(study))
        for pair, study in studies.items()
    ]
    groups = labels(first, "moving")
    ranks = ", ".join(f"{name} {int(first['rank'].sel(moving=name))}" for name in groups)
    obtained = [f"Pair {pair}: {picture.sentence}" for pair, picture in zip(studies, pictures, strict=True)]
    obtained.append(
        f"Dimension of the training subspace, of {int(first['num_snapshots'])} snapshots: {ranks}. Rises of the loss "
        "over the host half way to the other network:"
    )
    return Evidence(noise_criteria(studies), obtained, pictures, len(networks.pairs), noise_rows(studies, groups))


def noise_criteria(studies: "dict[str, xr.Dataset]") -> list[Criterion]:
    """Null-space noise raises the loss least: of the full network everywhere, of single layers mostly.

    Args:
        studies: By pair.

    Returns:
        Two criteria on the full network and two on single layers.
    """
    from isthmus.experiments.reproduction.noise import FULL, differences, share_above_zero
    from isthmus.report.barrier_table import labels

    layers = [label for label in labels(next(iter(studies.values())), "moving") if label != FULL]
    kinds = {"averaging": "the averaging direction", "training": "noise in the training subspace"}
    return [
        *(
            at_least(
                f"full network, half way: the loss under {words} above that under null-space noise, the least of all "
                "pairs and hosts", smallest(differences(studies, [FULL], kind, "null")), 0, "nats",
            )
            for kind, words in kinds.items()
        ),
        *(
            at_least(
                f"single layers, half way: the share that {words} hurts more than null-space noise",
                share_above_zero(differences(studies, layers, kind, "null")), MOST,
            )
            for kind, words in kinds.items()
        ),
    ]  # fmt: skip


CLAIM = Claim(
    name="fig5",
    title="noise in the training subspace hurts, noise in its null space does not",
    figure="Figure 5",
    says=(
        "Around two fully connected networks on MNIST the loss is robust to noise outside of the subspace that their "
        "training moved in, and not to noise of the same length within it; the averaging direction lies in that "
        "subspace and is special. It is measured for the whole network and for single layers, with a snapshot of both "
        "trainings at every epoch. The paper's figures are not known to us, and which directions it orders how for "
        "single layers is our reading."
    ),
    expected=(
        "Half way to the other network the loss rises more along the averaging direction, and more under noise in the "
        "training subspace, than under noise of the same length in the null space: for the full network in every pair "
        "and host, for three quarters of the single layers."
    ),
    paper_settings={
        "network": "fully connected, 3 hidden layers; width not known",
        "trained on": "MNIST, 60,000 images",
        "length": "a snapshot at every epoch; their number is not known",
        "noise": "of size sigma in the training subspace, in its null space, and along the averaging direction",
    },
    times={Scale.SMOKE: "10 s", Scale.SMALL: "4 min on two cores", Scale.PAPER: "not run"},
    departures={
        Scale.SMOKE: ("Everything: a tiny network on digits, a few epochs.",),
        Scale.SMALL: (
            "Width, learning rate, mini-batch and the number of epochs are our own choice: the paper's are not known.",
            "Sigma counts in units of the distance of the two networks in the layers that move, so that all kinds of "
            "directions, and single layers, are compared at the same length.",
            "Both networks are left, with isotropic noise beside the other kinds and intervals over examples.",
        ),
        Scale.PAPER: (
            "Width, learning rate, mini-batch and the number of epochs are our own choice: the paper's are not known.",
            "Sigma counts in units of the distance of the two networks in the layers that move.",
        ),
    },
    run=run,
)
