"""A request is made once, without torch; a setting is one field."""

import inspect
import re
import subprocess
import sys

import pytest
import torch
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.cli.options import with_settings
from isthmus.questions.study.settings import CURVATURE, NOISE, SIMILARITY
from isthmus.runs.request.request import ASKED, request_of
from isthmus.runs.request.settings import Settings

NETWORKS = ("mlp:inputs=12,width=7", "a.safetensors", "b.safetensors", "digits:test")


def test_every_setting_is_an_argument_with_words_and_an_option_with_words():
    """Whatever has a field, and nothing more: no setting is named in `measure` or on the command line alone."""
    signature, doc = inspect.signature(isthmus.measure), inspect.getdoc(isthmus.measure)
    shown = re.sub(r"\s+", " ", CliRunner().invoke(app, ["measure", "--help"]).stdout)
    for name, field in ASKED.items():
        default = "single" if name == "sweep" else field.default
        assert signature.parameters[name].default == default, name
        assert re.search(rf"^ *{name}: ", doc, re.MULTILINE), name
        option = re.escape(f"--{name.replace('_', '-')}") + r"( / --no-progress)?( <[^>]*>+| [A-Z]+| \[[^]]*\])? "
        assert re.search(option + re.escape(field.description[:20]), shown), name
    inputs = {"model", "a", "b", "data", "recalibration_data"}
    assert set(signature.parameters) == inputs | set(ASKED)
    assert set(Settings.model_fields) - set(ASKED) == {"alpha_tolerance"}


def test_a_command_has_the_options_that_it_asks_for():
    @with_settings("directions", "hosts", "compile")
    def command(model: str, *, as_json: bool = False, **settings: object) -> None:
        del model, as_json, settings

    found = inspect.signature(command).parameters
    assert list(found) == ["model", "directions", "hosts", "compile", "as_json"]
    assert [found[name].default for name in ("directions", "hosts", "compile")] == [0, "a,b", False]


@pytest.mark.parametrize(
    ("study", "settings", "own"),
    [
        ("curvature", CURVATURE, {"num_probes"}),
        ("similarity", {*SIMILARITY} - {"sweep"}, {"initial_a", "initial_b"}),
        ("subspace_noise", NOISE, {"sigmas", "sigma_unit", "num_draws"}),
    ],
)
def test_a_study_has_its_settings_with_their_words_and_refuses_the_others(study, settings, own):
    function = getattr(isthmus, study)
    assert set(inspect.signature(function).parameters) == {"model", "a", "b", "data", "out", *settings, *own}
    assert all(re.search(rf"^ *{name}: ", inspect.getdoc(function), re.MULTILINE) for name in settings)
    with pytest.raises(isthmus.InputError, match=r"settings of this study: layers, .*\n *got precision=0.1"):
        function(*NETWORKS, precision=0.1)


def test_a_setting_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(isthmus.InputError, match="Did you mean 'directions'"):
        isthmus.measure(*NETWORKS, direction=2)


def test_texts_mean_in_python_what_they_mean_on_the_command_line():
    written = request_of(*NETWORKS, alphas="0,0.5", hosts="b,a", steps="0ep, 20ep", layers="block")
    given = request_of(*NETWORKS, alphas=(0.0, 0.5), hosts=["b", "a"], steps=("0ep", "20ep"), layers="block")
    assert (written.settings, written.steps) == (given.settings, given.steps)
    assert request_of(*NETWORKS, alphas="3").settings.alphas == (0.0, 0.5, 1.0)
    assert request_of(*NETWORKS, alphas="auto:0.1").settings.alpha_tolerance == 0.1


def test_a_loss_in_a_file_is_its_function_under_its_own_name(tmp_path):
    (tmp_path / "own.py").write_text("def losses(outputs, targets):\n    return 1\nother = losses\n")
    request = request_of(*NETWORKS, loss=f"{tmp_path / 'own.py'}:other")
    assert request.loss(None, None) == 1
    assert request.settings.loss == "losses"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alphas": 1}, "expected a count of 2 to 100,000 points, or positions such as 0.5 or 0,0.5,1"),
        ({"alphas": 10**19}, "expected a count of 2 to 100,000 points"),
        ({"alphas": (10**400,)}, "expected different finite numbers, or a count"),
        ({"alphas": (0.5, 0.5)}, "expected different finite numbers, or a count"),
        ({"hosts": "c"}, "expected 'a' or 'b'"),
        ({"steps": "3"}, "expected a step in training"),
        ({"batch_norm": "recalibrate"}, "expected data to recalibrate BatchNorm on"),
        ({"recalibration_data": "digits"}, "recalibration data only with"),
        ({"recalibration_data": "digitz", "batch_norm": "recalibrate"}, "Did you mean 'digits'"),
        ({"loss": "nowhere.py:losses"}, "expected a Python file"),
        ({"resume": "perhaps"}, r"--resume \(resume= in Python\)"),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused_at_the_door_in_our_words(wrong, words):
    with pytest.raises(isthmus.InputError, match=words):
        request_of(*NETWORKS, **wrong)


def test_what_was_given_is_passed_on_as_it_is():
    weights, data = {"weight": torch.zeros(2)}, {"test": (torch.zeros(1), torch.zeros(1))}
    request = request_of(torch.nn.Linear, weights, weights, data)
    assert request.a is weights
    assert request.data is data


def test_a_request_loads_no_torch():
    code = (
        f"import sys\nfrom isthmus.runs.request.request import request_of\nrequest_of(*{NETWORKS!r}, sweep='pairs')\n"
    )
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)
