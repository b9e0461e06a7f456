"""An error function of the user's; failures of the user's network and loss are wrong input with their line."""

import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import isthmus
from isthmus.errors import InputError

N = 80
INPUTS = torch.randn(N, 4, generator=torch.Generator().manual_seed(0))
TARGETS = torch.randint(3, (N,), generator=torch.Generator().manual_seed(1))


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


def weights(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return net().state_dict()


def not_in_best_two(outputs, targets):
    return ~(outputs.topk(2, dim=1).indices == targets[:, None]).any(dim=1)


def measured(error=not_in_best_two, data=(INPUTS, TARGETS), model=net, **options):
    return isthmus.measure(model, weights(0), weights(1), data, error=error, **options)


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_an_error_of_the_users_stands_in_place_of_the_losses_own(engine):
    result, plain = measured(engine=engine), measured(None, engine=engine)
    model = net().eval()
    model.load_state_dict({key: (weights(0)[key] + weights(1)[key]) / 2 for key in weights(0)})
    expected = not_in_best_two(model(INPUTS).detach(), TARGETS).double().mean()
    assert float(result.error_rate.sel(host="a", moving="all").squeeze()) == pytest.approx(float(expected), abs=1e-12)
    np.testing.assert_array_equal(result.loss, plain.loss)
    assert float(plain.error_rate.sel(host="a", moving="all").squeeze()) > float(expected)


def test_losses_without_classes_may_have_an_error():
    targets = torch.randn(N, 3)
    result = measured(lambda o, t: (o - t).abs().amax(1) > 1, (INPUTS, targets), loss="squared_error")
    assert 0 < float(result.error_a) <= 1


def test_another_error_is_another_measurement(tmp_path):
    measured(out=tmp_path / "run")
    with pytest.raises(InputError, match="the loss"):
        measured(lambda o, t: o.argmax(1) != t, out=tmp_path / "run", resume=True)
    measured(out=tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (lambda o, t: o.argmax(1).float(), r"fractions, in \[0, 1\]"),
        (lambda o, t: (o.argmax(1) != t).float().mean(), r"an error of \d+ numbers"),
        (lambda o, t: (o.argmax(1) != t).numpy(), "ndarray"),
        (lambda o, t: o.missing, r"AttributeError(.|\n)*test_own_errors_and_failures.py, line \d+"),
    ],
)
def test_what_an_error_function_does_wrong_is_said(error, message):
    with pytest.raises(InputError, match=message):
        measured(error)


class Fails(nn.Module):
    """Runs on the first examples that anyone tries and not on a later one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 3)

    def forward(self, inputs):
        if (inputs[:, 0] > 50).any():
            raise KeyError("a value that this network does not know")
        return self.body(inputs)


@pytest.mark.parametrize("engine", ["shared", "direct"])
def test_a_forward_that_fails_at_a_later_example_is_wrong_input_with_its_line(engine):
    torch.manual_seed(0)
    a, b = Fails().state_dict(), Fails().state_dict()
    inputs = INPUTS.clone()
    inputs[70, 0] = 99
    warned = pytest.warns(isthmus.IsthmusWarning, match="single stage") if engine == "shared" else nullcontext()
    failed = pytest.raises(InputError, match=r"KeyError(.|\n)*test_own_errors_and_failures.py, line \d+")
    with warned, failed:
        isthmus.measure(Fails, a, b, (inputs, TARGETS), engine=engine, batch_size=16)


def test_a_loss_that_fails_at_a_later_example_is_wrong_input():
    def loss(outputs, targets):
        if (targets == 7).any():
            raise ZeroDivisionError("seven")
        return functional.mse_loss(outputs[:, 0], targets.float(), reduction="none")

    targets = TARGETS.float()
    targets[75] = 7
    with pytest.raises(InputError, match=r"ZeroDivisionError: seven \(test_own(.|\n)*examples 64 to 79"):
        measured(None, (INPUTS, targets), loss=loss, batch_size=16)


def test_a_forward_that_fails_at_once_exits_with_status_2_and_its_line(tmp_path):
    (tmp_path / "nets.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.body = torch.nn.Linear(4, 3)\n    def forward(self, x):\n        return x.no_such_thing\n"
    )
    for name in "ab":
        torch.save(nn.ModuleDict({"body": nn.Linear(4, 3)}).state_dict(), tmp_path / f"{name}.pt")
    np.savez(tmp_path / "data.npz", inputs=INPUTS.numpy(), targets=TARGETS.numpy())
    command = ["measure", "a.pt", "b.pt", "--model", "nets.py:Net", "--data", "data.npz"]
    code = "from isthmus.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "nets.py, line 7" in done.stderr
    assert "fault of isthmus" not in done.stderr
