"""Several donors: chosen on one set of examples alone, each layer the mean of the networks in it, certified once."""

import json

import merged_networks as normalised
import pytest
import torch
from browsers import SHOTS, chromium
from cases import CASES
from safetensors.torch import load_file, save_file
from test_mergekit_recipe import shares_of

import isthmus
from isthmus.errors import InputError
from isthmus.layers.rules import layer_partition
from isthmus.measures.intervals.paired_mean import paired_mean
from isthmus.pages.merge import merge_page, merge_rows, save_merge_page
from isthmus.pages.merge_words import merge_headline, merge_sentence
from isthmus.runs.folder.store import FolderStore

MLP = CASES[0]
A = MLP.weights(0)
LAYERS = layer_partition("module", MLP.build())


def near_a(seed, share):
    """A network part of the way from a to a stranger."""
    other = MLP.weights(seed)
    return {key: torch.lerp(A[key], other[key], share) for key in A}


def seen_by_a(count, seed):
    """Examples whose classes are those that network a sees, so that leaving it costs."""
    model = MLP.build().eval()
    model.load_state_dict(A)
    inputs, _ = MLP.data(count, seed)
    return inputs, model(inputs).argmax(1)


SELECT, CERTIFY = seen_by_a(150, seed=1), seen_by_a(140, seed=2)
DONORS = {"b": near_a(1, 0.35), "c": near_a(2, 0.15), "d": near_a(3, 0.5)}
NOISE = {key: 1_000 * tensor for key, tensor in MLP.weights(9).items()}
ASKED = {"tolerance": 0.05, "by": "count", "num_random": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for name, weights in {"a": A, **DONORS, "noise": NOISE}.items():
        save_file(weights, folder / f"{name}.safetensors")
    return folder


def soup(folder, donors, out, **changes):
    paths = [folder / f"{name}.safetensors" for name in donors]
    return isthmus.merge(MLP.build, folder / "a.safetensors", paths, SELECT, CERTIFY, out=out, **ASKED | changes)


@pytest.fixture(scope="module")
def merged(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("merged") / "m.safetensors"
    return soup(files, ["b", "noise", "c", "d"], out, mergekit=out.with_name("r.yml")), out


def means(networks, found):
    """The obvious twin: of every layer the mean of the networks that are in it."""
    made = {key: tensor.double() for key, tensor in networks["a"].items()}
    for label, keys in LAYERS.layers.items():
        members = [networks["a"], *(networks[name] for name, layers in found.joined.items() if label in layers)]
        made |= {key: sum(one[key].double() for one in members) / len(members) for key in keys}
    return made


@pytest.mark.parametrize(("dtype", "accuracy"), [(torch.float64, 1e-15), (torch.float32, 3e-7)])
def test_where_all_layers_of_all_fit_the_soup_is_their_plain_mean(dtype, accuracy):
    a, *donors = ({key: tensor.to(dtype) for key, tensor in one.items()} for one in (A, *DONORS.values()))
    found = isthmus.merge(
        MLP.build, a, donors, SELECT, CERTIFY, tolerance=10.0, dtype=str(dtype).removeprefix("torch."), num_random=0
    )
    assert set(found.joined.values()) == {tuple(LAYERS)}
    for key, tensor in found.weights.items():
        mean = sum(one[key].double() for one in (a, *donors)) / 4
        torch.testing.assert_close(tensor.double(), mean, rtol=0, atol=accuracy)
    (plain,) = (one for one in found.contenders if one.name == "plain average")
    assert plain.soup == found.soup


def test_one_donor_in_a_list_gives_the_bytes_of_two_networks(files, tmp_path):
    for out, donor in (("one", files / "b.safetensors"), ("listed", [files / "b.safetensors"])):
        (tmp_path / out).mkdir()
        place = tmp_path / out / "m.safetensors"
        found = isthmus.merge(MLP.build, files / "a.safetensors", donor, SELECT, CERTIFY, out=place, **ASKED)
        save_merge_page(found, place)
        assert found.layers
    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == [
        "m.merge.html", "m.merge.json", "m.safetensors",
    ]  # fmt: skip
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "listed" / path.name).read_bytes()


def test_every_layer_is_the_mean_of_the_networks_in_it_and_the_file_costs_what_the_certificate_says(merged):
    found, out = merged
    networks = {"a": A, **{f"{name}.safetensors": weights for name, weights in DONORS.items()}}
    read = load_file(out)
    for key, tensor in means(networks, found).items():
        torch.testing.assert_close(read[key].double(), tensor, rtol=0, atol=3e-7)
    sizes = [len(layers) for layers in found.joined.values()]
    assert len(set(sizes) - {0}) > 1  # else layers of different numbers of networks were not tried
    of = {one.name: one for one in found.contenders}
    alone = isthmus.measure(MLP.build, A, read, CERTIFY, sweep="full", hosts=("a",))
    assert float(alone.loss_b) == pytest.approx(of["merged"].loss, abs=1e-6)
    assert found.certificate.certified.rise == of["merged"].loss_rise
    assert found.certificate.certified.rise.value == pytest.approx(float(alone.loss_b - alone.loss_a), abs=1e-6)
    for name, weights in DONORS.items():
        own = isthmus.measure(MLP.build, A, weights, CERTIFY, sweep="full", hosts=("a",))
        assert of[f"donor {name}.safetensors"].loss == pytest.approx(float(own.loss_b), abs=1e-6)
    plain = {key: sum(one[key] for one in (A, *DONORS.values(), NOISE)) / 5 for key in A}
    own = isthmus.measure(MLP.build, A, plain, CERTIFY, sweep="full", hosts=("a",))
    assert of["plain average"].loss == pytest.approx(float(own.loss_b), rel=1e-5)
    assert of["plain average"].worth == 1.0
    assert of["one donor alone"].soup[0] == found.selections[0].chosen


def test_the_best_donor_comes_first_and_noise_is_left_out_by_name(merged, files):
    found, out = merged
    losses = {
        name: float(isthmus.measure(MLP.build, A, files / name, SELECT, sweep="full", hosts=("a",)).loss_b)
        for name in found.donors
    }
    assert list(found.donors) == sorted(losses, key=losses.get)
    assert found.left_out == ("noise.safetensors",)
    assert "left out, since no layer fits: noise.safetensors" in merge_sentence(found)
    page, record = merge_page(found, out.name), json.loads(out.with_suffix(".merge.json").read_text())
    assert "left out, since no layer fits: noise.safetensors" in page
    assert record["merged"]["donors"] == {name: list(layers) for name, layers in found.joined.items()}
    assert [donor["name"] for donor in record["donors"]] == list(found.donors)
    assert "b" not in record


def test_the_page_of_a_soup_begins_with_its_cost_and_picture_and_says_what_shares_are_of(merged, tmp_path):
    found, out = merged
    page = save_merge_page(found, tmp_path / out.name)
    assert f'<p class="headline">{merge_headline(found)}</p>' in page.read_text()
    assert "averaged, % of all donors' layers" in page.read_text()
    assert merge_rows(found).columns[2] == "Of all donors' layers"
    with chromium() as browser:
        for width in SHOTS.WIDTHS:
            browser.open(page, width)
            seen = SHOTS.findings(browser)
            assert 0 < seen["first"] <= SHOTS.LOWEST
            assert (seen["cut"], seen["scrolls"], seen["sideways"]) == ([], [], False)


def test_the_tolerance_is_the_hosts_for_the_whole_soup(merged):
    """Not that of what was merged before: on the examples of the choice the last set chosen costs a less than it."""
    found, _ = merged
    networks = {"a": A, **{f"{name}.safetensors": weights for name, weights in DONORS.items()}}
    chosen = tuple(selection.chosen for selection in found.selections)
    joined = {name: found.in_order(layers) for name, layers in zip(found.donors, chosen, strict=True)}
    made = {key: tensor.float() for key, tensor in means(networks, type("", (), {"joined": joined})).items()}
    rows = isthmus.measure(MLP.build, A, made, SELECT, sweep="full", hosts=("a",), alphas=[0.0, 1.0])
    losses = isthmus.examples(rows).loss.sel(host="a", moving="all").to_numpy().astype(float)
    rise = paired_mean(losses[1] - losses[0])
    last = next(s for s in reversed(found.selections) if s.chosen)
    assert last.rises[last.chosen].value == pytest.approx(rise.value, abs=1e-6)
    assert rise.high < ASKED["tolerance"]


def test_the_order_in_which_donors_are_named_changes_no_byte(files, tmp_path):
    made = set()
    for number, names in enumerate((["b", "c", "d"], ["d", "c", "b"])):
        out = tmp_path / f"{number}" / "m.safetensors"
        out.parent.mkdir()
        soup(files, names, out)
        made.add((out.read_bytes(), out.with_suffix(".merge.json").read_bytes()))
    assert len(made) == 1


def test_the_certificates_examples_choose_nothing(files, merged):
    """Others, whose classes are drawn: the same donors, layers and soups are offered, and other ones pass."""
    inputs, targets = CERTIFY
    drawn = torch.randint(10, targets.shape, generator=torch.Generator().manual_seed(0))
    paths = [files / f"{name}.safetensors" for name in ("b", "noise", "c", "d")]
    found = isthmus.merge(MLP.build, files / "a.safetensors", paths, SELECT, (inputs, drawn), **ASKED)
    assert found.donors == merged[0].donors
    assert found.selections == merged[0].selections
    assert found.soups == merged[0].soups
    assert found.certificate != merged[0].certificate


def test_a_stopped_soup_goes_on_and_ends_with_the_same_bytes(files, tmp_path, monkeypatch):
    add, done, most = FolderStore.add, [], [10_000]

    def counted(store, block):
        if len(done) == most[0]:
            raise KeyboardInterrupt
        done.append(block)
        add(store, block)

    monkeypatch.setattr(FolderStore, "add", counted)
    soup(files, ["b", "c"], tmp_path / "whole.safetensors")
    whole = len(done)
    done.clear()
    most[0] = whole - 3  # of the second donor's
    with pytest.raises(KeyboardInterrupt):
        soup(files, ["b", "c"], tmp_path / "m.safetensors")
    most[0] = 10_000
    soup(files, ["b", "c"], tmp_path / "m.safetensors")
    assert len(done) == whole  # what was finished was not done again
    for ending in ("safetensors", "merge.json"):
        assert (tmp_path / f"m.{ending}").read_bytes() == (tmp_path / f"whole.{ending}").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_stopped_soup_of_other_donors_is_not_gone_on_with(files, tmp_path, monkeypatch):
    soup(files, ["b", "d"], tmp_path / "whole.safetensors", num_random=0)
    add, done = FolderStore.add, []

    def counted(store, block):
        if len(done) == 20:
            raise KeyboardInterrupt
        done.append(block)
        add(store, block)

    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "add", counted)
        with pytest.raises(KeyboardInterrupt):
            soup(files, ["b", "c"], tmp_path / "m.safetensors", num_random=0)
    soup(files, ["b", "d"], tmp_path / "m.safetensors", num_random=0)
    assert (tmp_path / "m.merge.json").read_bytes() == (tmp_path / "whole.merge.json").read_bytes()


def test_the_recipe_gives_each_network_of_a_layer_one_share(merged):
    found, out = merged
    text = out.with_name("r.yml").read_text()
    assert "noise" not in text
    given = [line for line in text.splitlines() if "- model:" in line]
    assert len(given) == 1 + sum(bool(layers) for layers in found.joined.values())
    joined = [layers for layers in found.joined.values() if layers]
    for key, shares in shares_of(text, list(A)).items():
        members = [True, *(key.rpartition(".")[0] in layers for layers in joined)]
        assert shares == tuple(member / sum(members) for member in members)


def test_statistics_of_a_soup_are_measured_anew_and_are_those_of_the_network_that_was_certified():
    anew = {"batch_norm": "recalibrate", "recalibration_data": normalised.seen_by_a(160, seed=4)}
    stored = [
        normalised.A,
        normalised.B,
        {k: torch.lerp(normalised.A[k], t, 0.5) if t.is_floating_point() else t for k, t in normalised.B.items()},
    ]
    a, b, c = (isthmus.average(one, one, model=normalised.build, **anew).weights for one in stored)
    select, certify = normalised.seen_by_a(150, 1, a), normalised.seen_by_a(140, 2, a)
    found = isthmus.merge(normalised.build, a, [b, c], select, certify, num_random=0, **normalised.COSTS, **anew)
    assert all(found.joined.values())
    of = {one.name: one for one in found.contenders}
    alone = isthmus.measure(normalised.build, a, found.weights, certify, sweep="full", hosts=("a",))
    assert of["merged"].loss == pytest.approx(float(alone.loss_b), abs=1e-6)
    own = isthmus.measure(normalised.build, a, b, certify, sweep="full", hosts=("a",))
    assert of["donor b"].loss == pytest.approx(float(own.loss_b), abs=1e-6)
    plain = {key: (a[key] + b[key] + c[key]) / 3 if a[key].is_floating_point() else a[key] for key in a}
    plain = isthmus.average(plain, plain, model=normalised.build, **anew).weights
    own = isthmus.measure(normalised.build, a, plain, certify, sweep="full", hosts=("a",))
    assert of["plain average"].loss == pytest.approx(float(own.loss_b), abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"alpha": 0.3}, "--alpha"), ({"alphas": "0.3,0.5"}, "--alphas"), ({"mergekit": "r.yml"}, "on disk")],
)
def test_what_means_of_several_networks_do_not_have_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        isthmus.merge(MLP.build, A, list(DONORS.values()), SELECT, CERTIFY, **ASKED | change)


def test_no_donor_is_refused():
    with pytest.raises(InputError, match="an empty list"):
        isthmus.merge(MLP.build, A, [], SELECT, CERTIFY)
