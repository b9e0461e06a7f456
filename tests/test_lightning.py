"""The callback for Lightning: training is to the bit what it is without it, and what is logged is what is measured."""

import random
import sys
import warnings
from importlib import import_module, reload
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import isthmus
import isthmus.lightning
from isthmus.lightning import LayerwiseBarriers, barriers_logged

PACKAGES = ("lightning.pytorch", "pytorch_lightning")
needs_lightning = pytest.mark.skipif(find_spec("lightning") is None, reason="needs the extra lightning")
pytestmark = pytest.mark.filterwarnings("default")  # Lightning warns of few workers, few batches and more
INPUTS = torch.randn(48, 6, generator=torch.Generator().manual_seed(1))
TARGETS = (INPUTS.sum(1) > 0).long()
DATA = (INPUTS[:20], TARGETS[:20])


def build() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))


def trained(package, folder, callbacks, epochs=4, logger=False, module=None):
    """A training that draws from all generators: order of examples, dropout, and noise on the inputs."""
    pl = import_module(package)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = build()

        def forward(self, inputs):
            return self.net(inputs)

        def training_step(self, batch, _):
            inputs, targets = batch
            noise = torch.full_like(inputs, random.gauss(0, 0.1) + np.random.normal(0, 0.1))
            return nn.functional.cross_entropy(self(inputs + noise), targets)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)

    pl.seed_everything(3, verbose=False)
    module = Module()
    loader = DataLoader(TensorDataset(INPUTS, TARGETS), batch_size=16, shuffle=True)
    trainer = pl.Trainer(
        max_epochs=epochs, accelerator="cpu", callbacks=callbacks, logger=logger, default_root_dir=folder,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, loader)
    return trainer, module


def state_of(module):
    """All that training goes on with."""
    tensors = {**module.state_dict(), **{f"grad {name}": p.grad for name, p in module.named_parameters()}}
    modes = [part.training for part in module.modules()]
    return tensors, modes, torch.get_rng_state(), random.getstate(), np.random.get_state()


@needs_lightning
@pytest.mark.parametrize("package", PACKAGES)
def test_training_is_to_the_bit_what_it_is_without_measuring(package, tmp_path):
    earlier = build().state_dict()
    callback = LayerwiseBarriers(earlier, DATA, every_n_epochs=2, network="net", alphas=3)
    _, plain = trained(package, tmp_path, [])
    tensors, modes, *generators = state_of(plain)
    _, measured = trained(package, tmp_path, callback)  # not in a list: the trainer knows it as its own
    found, found_modes, *found_generators = state_of(measured)
    assert callback.result is not None
    assert found.keys() == tensors.keys()
    assert [key for key in tensors if not torch.equal(found[key], tensors[key])] == []
    assert found_modes == modes
    assert torch.equal(found_generators[0], generators[0])
    assert found_generators[1] == generators[1]
    assert all(np.array_equal(x, y) for x, y in zip(found_generators[2], generators[2], strict=True))


@needs_lightning
def test_what_is_logged_and_kept_is_the_measurement_of_that_epoch(tmp_path):
    from lightning.pytorch.loggers import CSVLogger

    _, first = trained("lightning.pytorch", tmp_path, [], epochs=1)
    torch.save({"state_dict": first.state_dict(), "epoch": 0}, tmp_path / "early.ckpt")  # as Lightning saves it
    callback = LayerwiseBarriers(
        tmp_path / "early.ckpt", DATA, every_n_epochs=2, network="net", out=tmp_path / "kept", name="early"
    )
    logger = CSVLogger(tmp_path, "logs")
    trainer, last = trained("lightning.pytorch", tmp_path, [callback], logger=logger)
    assert sorted(folder.name for folder in (tmp_path / "kept").iterdir()) == ["epoch-001", "epoch-003"]
    expected = isthmus.measure(build, first.net.state_dict(), last.net.state_dict(), DATA)
    for result in (callback.result, isthmus.load_run(tmp_path / "kept" / "epoch-003")):
        assert result.loss_barrier.equals(expected.loss_barrier)
    barrier = expected.error_barrier
    numbers = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert numbers == pytest.approx(barriers_logged(expected, "early"), rel=1e-6)
    assert numbers["early/error_barrier"] == pytest.approx(float(barrier.sel(moving="all").max()), rel=1e-6)
    layers = barrier.sel(moving=barrier.moving != "all")
    assert numbers["early/largest_layer_error_barrier"] == pytest.approx(float(layers.max()), rel=1e-6)
    rows = (Path(logger.log_dir) / "metrics.csv").read_text().splitlines()
    assert len(rows) == 3
    assert "early/loss_barrier" in rows[0]


@needs_lightning
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "body"}, "a part of the module: net"),
        ({"data": (INPUTS[:5], TARGETS[:4])}, "4"),
        ({"against": {"0.weight": torch.zeros(3, 3)}}, "0.weight"),
        ({"against": "nowhere.ckpt"}, "nowhere.ckpt"),
        ({"alpha": 0.5}, "a setting"),
        ({"sweep": "singel"}, "single"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(options, words, tmp_path):
    options = {"against": build().state_dict(), "data": DATA, "network": "net", **options}
    with pytest.raises(isthmus.InputError, match=words):
        trained("lightning.pytorch", tmp_path, [LayerwiseBarriers(**options), NoStep()])


class NoStep:
    """Stands for a callback; Lightning asks it for everything by name."""

    state_key = "NoStep"

    def on_train_batch_start(self, *_):
        pytest.fail("trained before it was refused")

    def __getattr__(self, name):
        return lambda *_, **__: {} if name.startswith("state_") else None


@needs_lightning
def test_a_folder_of_an_earlier_training_is_refused(tmp_path):
    (tmp_path / "kept" / "epoch-002").mkdir(parents=True)
    callback = LayerwiseBarriers(build().state_dict(), DATA, network="net", out=tmp_path / "kept")
    with pytest.raises(isthmus.InputError, match="epoch-002"):
        trained("lightning.pytorch", tmp_path, [callback])


@needs_lightning
def test_training_goes_on_where_an_epoch_cannot_be_measured(tmp_path):
    torch.save(build().state_dict(), tmp_path / "early.pt")
    callback = LayerwiseBarriers(tmp_path / "early.pt", DATA, network="net")
    measured = LayerwiseBarriers.on_train_start

    def gone(*arguments):
        measured(callback, *arguments)
        (tmp_path / "early.pt").unlink()

    callback.on_train_start = gone
    with pytest.warns(isthmus.IsthmusWarning, match="Epoch 1 is not measured"):
        trainer, _ = trained("lightning.pytorch", tmp_path, [callback], epochs=2)
    assert trainer.current_epoch == 2


@needs_lightning
def test_a_network_in_pieces_is_refused(tmp_path):
    from lightning.pytorch.strategies import FSDPStrategy

    trainer, module = trained("lightning.pytorch", tmp_path, [], epochs=1)
    callback = LayerwiseBarriers(build().state_dict(), DATA, network="net")
    trainer._accelerator_connector.strategy = FSDPStrategy()
    with pytest.raises(isthmus.InputError, match="FSDPStrategy"):
        callback.on_train_start(trainer, module)


def test_a_barrier_that_is_none_is_logged_as_none(measurement):
    result = measurement(3)
    result["loss_barrier"].loc[{"host": "b", "moving": "fc"}] = np.nan
    logged = barriers_logged(result)
    assert np.isnan(logged["isthmus/largest_layer_loss_barrier"])
    assert logged["isthmus/loss_barrier"] == float(result.loss_barrier.sel(moving="all").max())


def test_splits_are_logged_apart_and_the_full_network_may_be_alone(measurement):
    result = measurement(3, splits=["train", "test"])
    alone = result.isel(moving=[0])
    assert set(barriers_logged(alone)) == {
        f"isthmus/{split}/{kind}_barrier" for split in ("train", "test") for kind in ("loss", "error")
    }
    assert len(barriers_logged(result)) == 8


def test_without_lightning_the_module_loads_and_the_callback_names_the_extra(monkeypatch):
    with monkeypatch.context() as patch:
        for package in ("lightning", *PACKAGES):
            patch.setitem(sys.modules, package, None)
        bare = reload(isthmus.lightning)
        with pytest.raises(ValueError, match=r"isthmus\[lightning\]"):
            bare.LayerwiseBarriers({}, DATA)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reload(isthmus.lightning)


@needs_lightning
def test_a_count_below_one_is_refused():
    with pytest.raises(isthmus.InputError, match="every_n_epochs"):
        LayerwiseBarriers({}, DATA, every_n_epochs=0)
