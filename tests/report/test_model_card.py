"""The section of a model card: its numbers are the result's, names are no markup, the rest of a card stays."""

import json
import re

import pytest
from cases import CASES
from typer.testing import CliRunner

import isthmus
from isthmus.cli.main import app
from isthmus.errors import InputError
from isthmus.report.barriers.model_card import BEGIN, END, card_section, save_in_card

MLP = CASES[0]
HOSTILE = (
    '"\nlicense: mit\n---\n# mine', "<script>alert(1)</script>", "[link](javascript:alert(1))", "| a | b |", "`code`",
    "*bold*_it_", "www.x.org http://x.org", f"{END}", "\x1b[31m", "&lt;b&gt;", "$x$ ~y~ @z #1",
)  # fmt: skip


def rows(section):
    return [re.split(r" ?\| ?", line)[1:-1] for line in section.splitlines() if line.startswith("| ")]


def test_every_number_of_the_table_is_the_results_own(measurement):
    result = measurement(3)
    (titles, dashes, *found) = rows(card_section(result))
    assert titles == [
        "layer", "into", "loss rise (nats)", "loss barrier (nats)", "error rise (pp)", "error barrier (pp)"
    ]  # fmt: skip
    assert set(dashes[2:]) == {"---:"}
    assert [row[:2] for row in found] == [
        [name, host] for name in ("full network", "`conv1`", "`layer1.0.conv1`", "`fc`") for host in "ab"
    ]
    variables = ("loss_rise", "loss_barrier", "error_rise", "error_barrier")
    for (name, host, *numbers), moving in zip(found, [m for m in result.moving.values for _ in "ab"], strict=True):
        for text, variable in zip(numbers, variables, strict=True):
            factor = 100 if variable.startswith("error") else 1
            shown = re.fullmatch(r"(\S+?)[†‡]* \((\S+) to (\S+)\)", text).groups()
            for end, number in zip(("", "_low", "_high"), shown, strict=True):
                true = factor * float(result[f"{variable}{end}"].sel(host=host, moving=moving))
                decimals = len(number.partition(".")[2])
                assert float(number.replace("−", "-")) == pytest.approx(true, abs=0.51 * 10**-decimals), (
                    name,
                    variable,
                )


def test_alphas_splits_and_marks_are_said(measurement):
    section = card_section(measurement(3, [0.0, 0.5, 1.0], splits=["train", "test"]))
    assert "### train" in section
    assert "### test" in section
    assert "alpha 0, 0.5, 1," in section
    assert " at 0.5 (" in section
    alone = card_section(measurement(3, errors=False))
    assert "error" not in alone


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_a_file_is_no_markup(measurement, name, tmp_path):
    result = measurement([name, "fc"], splits=[name, "test"])
    result["loss_rise"].loc[{"moving": name}] = 9.0  # the headline names it
    result.attrs |= dict.fromkeys(("model", "name_a", "name_b", "data_name", "loss", "layer_rule"), name)
    section = card_section(result)
    assert section.startswith(BEGIN)
    assert section.endswith(f"{END}\n")
    inside = section.removeprefix(BEGIN).removesuffix(f"{END}\n")
    assert not set(inside) & set("<>[]\x1b")
    outside_code = re.sub(r"`[^`]*`", "", inside.replace("*Layer-wise linear mode connectivity*", ""))
    assert not re.search(r"(?<!\\)[`*_~$@&]|(?<!\\)(?<!#)#(?![# ])|http:|www\.", outside_code)
    assert all(len(row) == 6 for row in rows(section))
    assert inside.count("\n## ") + inside.count("\n# ") == 1  # the section's own title
    card = save_in_card(section, tmp_path / "README.md")
    save_in_card(section, card)
    assert card.read_text(encoding="utf-8") == section  # its end is found again


def test_the_rest_of_a_card_stays_and_an_earlier_section_is_replaced(measurement, tmp_path):
    card = tmp_path / "README.md"
    card.write_bytes("---\r\nlicense: mit\r\n---\r\n# Mine é\r\n".encode())
    first, second = (card_section(measurement(3, seed=seed)) for seed in (0, 1))
    save_in_card(first, card)
    with card.open("ab") as file:
        file.write(b"\n## After it\n")
    save_in_card(second, card)
    text = card.read_bytes().decode()
    assert text == f"---\r\nlicense: mit\r\n---\r\n# Mine é\n\n{second}\n## After it\n"
    assert first != second


@pytest.mark.parametrize("text", [f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}{END}{BEGIN}{END}", b"\xff\xfe"])
def test_a_card_that_cannot_be_understood_is_refused_and_stays(text, tmp_path):
    card = tmp_path / "README.md"
    card.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = card.read_bytes()
    with pytest.raises(InputError):
        save_in_card(f"{BEGIN}\n{END}\n", card)
    assert card.read_bytes() == before


def test_the_command_and_the_accessor_make_the_same_section(tmp_path):
    result = isthmus.measure(MLP.build, MLP.weights(0), MLP.weights(1), MLP.data(20), out=tmp_path / "run")
    card = tmp_path / "model" / "README.md"
    done = CliRunner().invoke(app, ["report", str(tmp_path / "run"), "--model-card", str(card)])
    assert done.exit_code == 0, done.output
    assert f"model card: {card}" in done.output
    assert card.read_text(encoding="utf-8") == result.isthmus.model_card(tmp_path / "again.md")
    assert (tmp_path / "again.md").read_bytes() == card.read_bytes()


def test_what_has_no_one_table_is_refused_before_a_report_is_made(tmp_path):
    networks = {name: MLP.weights(seed) for seed, name in enumerate("xyz")}
    isthmus.measure(MLP.build, networks, None, MLP.data(20), sweep="full", out=tmp_path / "many")
    members = sorted((tmp_path / "many" / "members").iterdir())[:2]
    other = tmp_path / "study"
    other.mkdir()
    (other / "study.json").write_text(json.dumps({}))
    for folders in ([tmp_path / "many"], members, [other]):
        arguments = [str(folder) for folder in folders]
        done = CliRunner().invoke(
            app, ["report", *arguments, "--out", str(tmp_path / "out"), "--model-card", str(tmp_path / "card.md")]
        )
        assert done.exit_code == 2, done.output
        assert "two networks" in done.output
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "card.md").exists()
