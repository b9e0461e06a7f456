"""The text that names examples: what it means, and how nonsense is answered."""

import re
import subprocess
import sys

import pytest

from isthmus.data.images.images import KNOWN_LABELS
from isthmus.data.images.normalizations import known_normalization
from isthmus.data.spec import KNOWN_DATA, NORMALIZATIONS, TEXT_SPLITS, DataSpec, parse_data_spec
from isthmus.errors import InputError, UnknownNameError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("digits", DataSpec("digits", None, None, None, {})),
        ("digits:test", DataSpec("digits", "test", None, None, {})),
        ("cifar10:test[0:512]", DataSpec("cifar10", "test", 0, 512, {})),
        ("cifar10[:512]", DataSpec("cifar10", None, None, 512, {})),
        ("mnist:train[100:]", DataSpec("mnist", "train", 100, None, {})),
        (
            "cifar10:train[0:2000]:normalization=true",
            DataSpec("cifar10", "train", 0, 2000, {"normalization": "true"}),
        ),
        (
            "cifar10:test:mean=0.485/0.456/0.406,std=0.229/0.224/0.225",
            DataSpec("cifar10", "test", None, None, {"mean": "0.485/0.456/0.406", "std": "0.229/0.224/0.225"}),
        ),
        ("cifar10:normalization=none", DataSpec("cifar10", None, None, None, {"normalization": "none"})),
    ],
)
def test_a_known_name_is_taken_apart(text, expected):
    assert parse_data_spec(text) == expected
    assert expected.form == "known"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("own.npz", "own.npz[2:3]", DataSpec("own.npz", None, 2, 3, {})),
        ("set.py", "set.py:validation", DataSpec("set.py:validation", None, None, None, {})),
        ("set.py", "set.py:validation[0:100]", DataSpec("set.py:validation", None, 0, 100, {})),
        ("a.parquet", "a.parquet:label=digit", DataSpec("a.parquet", None, None, None, {"label": "digit"})),
        (
            "a.npz",
            "a.npz[1:2]:mean=0.5/0.4,std=1/1",
            DataSpec("a.npz", None, 1, 2, {"mean": "0.5/0.4", "std": "1/1"}),
        ),
        ("odd:name.npz", "odd:name.npz", DataSpec("odd:name.npz", None, None, None, {})),
        ("odd:name.npz", "odd:name.npz[0:3]", DataSpec("odd:name.npz", None, 0, 3, {})),
        ("odd:a=b.npz", "odd:a=b.npz[0:3]", DataSpec("odd:a=b.npz", None, 0, 3, {})),
        ("odd[0:3].npz", "odd[0:3].npz", DataSpec("odd[0:3].npz", None, None, None, {})),
        ("run:3/set.py", "run:3/set.py:test[1:]", DataSpec("run:3/set.py:test", None, 1, None, {})),
    ],
)
def test_a_file_is_taken_apart_and_may_have_colons_and_brackets_in_its_name(here, file, text, expected):
    (here / file).parent.mkdir(exist_ok=True)
    (here / file).touch()
    assert parse_data_spec(text) == expected


def test_a_folder_may_have_a_colon_and_a_split(here):
    (here / "set:1").mkdir()
    spec = parse_data_spec("set:1:validation[0:4]")
    assert spec == DataSpec("set:1", "validation", 0, 4, {})
    assert spec.form == "table"


def test_a_known_name_wins_over_a_folder_of_that_name(here):
    (here / "cifar10").mkdir()
    (here / "cifar10:test").mkdir()
    assert parse_data_spec("cifar10:test").form == "known"
    assert parse_data_spec("./cifar10:test").form == "table"


def test_the_short_source_holds_no_folder(here):
    (here / "deep").mkdir()
    (here / "deep" / "set.py").touch()
    assert parse_data_spec(f"{here}/deep/set.py:test").short_source == "set.py:test"
    assert parse_data_spec(f"{here}/deep:test").short_source == "deep"
    assert parse_data_spec(".").short_source == here.name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cifar1O:test", "expected a data set: one of digits.*Did you mean 'cifar10'"),
        ("", "got no name"),
        (":test", "got no name"),
        ("cifar10:tset", r"a split: one of train, test\n +got 'tset'.*Did you mean 'test'"),
        ("cifar10:", r"a split: one of train, test\n +got ''"),
        ("cifar10:validation", "a split: one of train, test"),
        ("cifar10:test:normalisation=true", "an option: one of normalization.*Did you mean 'normalization'"),
        ("cifar10:test:normalization=ture", "a normalization: one of paper, true, none.*Did you mean 'true'"),
        ("mnist:normalization=paper", "a normalization: one of true, none"),
        ("digits:test:normalization=true", "an option: one of mean, std, client, dirichlet, "),
        ("cifar10:test:mean=0.5", "both mean and std"),
        ("cifar10:test:mean=0.5,std=0.2,normalization=true", "a named normalization, or mean and std"),
        ("cifar10:test:mean=0.5/x,std=0.2", r"numbers separated by '/'\n +got '0.5/x'"),
        ("cifar10:test:mean=0.5,std=0.2/0", r"a std above 0\n +got '0.2/0'"),
        ("cifar10:test:mean=0.5,std=nan", r"numbers separated by '/'\n +got 'nan'"),
        ("cifar10:test:mean=0.4,0.5,0.6,std=0.2", r"channels separated by '/'\n +got '0.5'"),
        ("tiny_shakespeare:mean=0.5,std=0.2", "an option: one of tokenizer, vocabulary, length"),
        ("cifar10:test[0:5", r"a split: one of|a data set"),
        ("cifar10:test[-5:]", r"two whole numbers that are not negative\n +got \[-5:\]"),
        ("cifar10:test[0:10:2]", r"a slice \[start:stop\]"),
        ("cifar10:test[5]", r"a slice \[start:stop\]"),
        ("cifar10:test[٣:٤]", r"a slice \[start:stop\]"),
        ("cifar10:normalization=true,normalization=true", "each option once"),
        ("cifar10:normalization=", "each option once, as option=value"),
        ("absent.npz", "'absent.npz', which is not there.*check the path"),
        ("folder/absent:test[0:3]", "'folder/absent', which is not there"),
        ("absent.py:function", "'absent.py', which is not there"),
        ("there.doc", "'there.doc', a form that is not known"),
        ("absent.doc", "'absent.doc', a form that is not known"),
        ("absent.txt", "'absent.txt', which is not there"),
        ("there.py", r"the name of a function after the file.*write there.py:function"),
        ("there.py:", "the name of a function after the file"),
        ("there.py:function:test", "no split: one file holds one set of examples"),
        ("there.npz:test", "no split: one file holds one set of examples"),
        ("there.npz:labels=x", "an option: one of label, mean, std.*Did you mean 'label'"),
        ("there.npz:mean=0.5", "both mean and std"),
        ("there.parquet:lable=x", "Did you mean 'label'"),
        ("there.py:function:a=b", "an option: one of client, dirichlet, "),
        ("x" * 5000, "a data set: one of"),
    ],
)
def test_nonsense_is_answered_with_what_would_be_right(here, text, message):
    for name in ("there.doc", "there.py", "there.npz", "there.parquet"):
        (here / name).touch()
    with pytest.raises(InputError) as caught:
        parse_data_spec(text)
    assert re.search(message, str(caught.value), flags=re.DOTALL), str(caught.value)


def test_an_unknown_name_is_an_unknown_name_error():
    with pytest.raises(UnknownNameError):
        parse_data_spec("imagenet")


def test_every_known_name_has_its_normalisations_and_every_normalisation_exists():
    assert set(KNOWN_DATA) - set(TEXT_SPLITS) == set(NORMALIZATIONS) == {"digits", "fashion_mnist_small", *KNOWN_LABELS}
    for source, names in NORMALIZATIONS.items():
        for name in names:
            normalization = known_normalization(source, {"normalization": name})
            assert normalization.name == {"none": "scale"}.get(name, name)


def test_an_answer_about_data_never_imports_torch():
    code = (
        "import sys; from isthmus.data.spec import parse_data_spec; parse_data_spec('digits:test[0:5]')\n"
        "assert not {'torch', 'numpy', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
