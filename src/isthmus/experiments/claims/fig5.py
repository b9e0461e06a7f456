"""Figure 5: noise in the training subspace, in its null space, and along the averaging direction."""

from functools import partial

import xarray as xr

from isthmus.experiments.evidence.criterion import Found
from isthmus.experiments.evidence.evidence import Evidence
from isthmus.experiments.evidence.located import smallest
from isthmus.experiments.evidence.noise import differences, half_way_rows, share_above_zero
from isthmus.experiments.reproduction.bench import Bench
from isthmus.experiments.reproduction.scale import Scale
from isthmus.questions.noise.picture import subspace_panels
from isthmus.questions.noise.reading import noise_sentence
from isthmus.questions.noise.study import subspace_noise
from isthmus.report.picture import Picture
from isthmus.results.rows import labels, moving_groups
from isthmus.sweeps.group import FULL_NETWORK

DATA = {Scale.SMOKE: "digits:test[0:60]", Scale.SMALL: "mnist:train[0:10000]", Scale.PAPER: "mnist:train"}
DRAWS = {Scale.SMOKE: 2, Scale.SMALL: 5, Scale.PAPER: 10}
# 0.5 is half-way to the other network, which the criteria speak of, and 1 the other network itself.
SIGMAS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)


def run(bench: Bench) -> Evidence:
    """Leave the networks of every pair along directions of four kinds, all layers together and each alone.

    Args:
        bench: To work on.

    Returns:
        What was seen for each criterion, and a picture of the curves for each pair.
    """
    networks, data, draws = bench.train_networks(), DATA[bench.scale], DRAWS[bench.scale]
    bench.settings |= {
        "measured on": f"`{data}`",
        "noise": f"sigma {', '.join(f'{s:g}' for s in SIGMAS)} of the distance in the moving layers; {draws} draws",
    }
    studies = {}
    for a, b in networks.pairs:
        ends = (networks.trajectory(a), networks.trajectory(b))
        study = partial(subspace_noise, networks.model, *ends, data, sigmas=SIGMAS, num_draws=draws)
        studies[f"{a}-{b}"] = bench.study(f"noise_{a}-{b}", study)
    first = next(iter(studies.values()))
    pictures = [
        Picture(f"noise_{pair}", f"Noise around pair {pair}", partial(subspace_panels, study), noise_sentence(study))
        for pair, study in studies.items()
    ]
    groups = labels(first, "moving")
    ranks = ", ".join(f"{name} {int(first['rank'].sel(moving=name))}" for name in groups)
    obtained = [f"Pair {pair}: {picture.sentence}" for pair, picture in zip(studies, pictures, strict=True)]
    obtained.append(
        f"Dimension of the training subspace, of {int(first['num_snapshots'])} snapshots: {ranks}. Rises of the loss "
        "over the host half way to the other network:"
    )
    return Evidence({"": noise_found(studies)}, obtained, pictures, len(networks.pairs), half_way_rows(studies, groups))


def noise_found(studies: dict[str, xr.Dataset]) -> Found:
    """By how much other noise raises the loss more than null-space noise: of the full network, of single layers.

    Args:
        studies: By pair.

    Returns:
        "full_averaging", "full_training": the least of all pairs and hosts; "layers_averaging", "layers_training": the
        share of single layers.
    """
    layers = moving_groups(next(iter(studies.values())))
    kinds = ("averaging", "training")
    full = {f"full_{kind}": smallest(differences(studies, [FULL_NETWORK], kind, "null")) for kind in kinds}
    single = {kind: [one.estimate for one in differences(studies, layers, kind, "null")] for kind in kinds}
    return full | {f"layers_{kind}": share_above_zero(found) for kind, found in single.items()}
