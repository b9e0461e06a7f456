"""How the folders here were made, by the release named in each: `python make.py FOLDER`, with that release installed.

They are kept as they are, so that a test sees whether today's code still reads them. The networks are tiny and random.
"""

import shutil
import sys
from pathlib import Path

import torch

import isthmus
from isthmus.cli.main import app
from isthmus.models.load import load_model

MODEL = "mlp:inputs=12,width=7,classes=10"
RECIPE = """model = "mlp:inputs=64,width=4,classes=10"
data = "digits:train[0:64]"
length = "2ep"
batch_size = 32
optimizer = { name = "sgd", learning_rate = 0.1 }

[[network]]
name = "a"

[[network]]
name = "b"
seeds = { order = 1 }
"""


def weights(seed: int) -> dict[str, torch.Tensor]:
    """Random weights of the network."""
    random = torch.Generator().manual_seed(seed)
    shapes = load_model(MODEL).state_dict().items()
    return {key: 0.5 * torch.randn(tensor.shape, generator=random) for key, tensor in shapes}


def main(root: Path) -> None:
    """Make every folder.

    Args:
        root: Where; made anew.
    """
    shutil.rmtree(root, ignore_errors=True)
    random = torch.Generator().manual_seed(9)
    data = torch.randn(16, 12, generator=random), torch.randint(10, (16,), generator=random)
    more = torch.randn(16, 12, generator=random), torch.randint(10, (16,), generator=random)
    a, b, c, _ = networks = [weights(seed) for seed in range(4)]
    asked = ["single", "cumulative:shallow_first", "window:2", "pairs"]
    isthmus.measure(MODEL, a, b, {"train": data, "test": more}, sweep=asked, alphas=3, directions=2, out=root / "run")
    isthmus.measure(MODEL, a, b, data, alphas="auto", baseline="chord", out=root / "run-auto")
    isthmus.measure(MODEL, a, b, data, precision=2.0, out=root / "run-precision")
    isthmus.measure(MODEL, {"a": a, "b": b, "c": c}, None, data, out=root / "collection-pairs")
    for name, seeds in (("a", (3, 0)), ("b", (3, 1))):
        for epoch, seed in enumerate(seeds):
            isthmus.save_weights(networks[seed], root / "trajectories" / name / f"{epoch}ep.safetensors")
    folders = root / "trajectories" / "a", root / "trajectories" / "b"
    isthmus.measure(MODEL, *folders, data, out=root / "collection-steps")
    isthmus.save_study(isthmus.curvature(MODEL, a, b, data), root / "study-curvature")
    isthmus.save_study(isthmus.similarity(MODEL, a, b, data), root / "study-similarity")
    isthmus.save_study(isthmus.subspace_noise(MODEL, *folders, data, num_draws=2), root / "study-subspace")
    (root / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    app(["train", str(root / "recipe.toml"), "--out", str(root / "training")], standalone_mode=False)
    app(["reproduce", "fig3", "--scale", "small", "--out", str(root / "reproduction")], standalone_mode=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
