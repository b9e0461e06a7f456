"""Two folders of Hugging Face merged: a folder again, with its record and a page, and a recipe for its tensors."""

import json

import pytest
import torch
import transformers
from hugging_face_folders import WORDS, gpt2, save_folder, save_tokenizer

import isthmus
from isthmus.pages.merge import save_merge_page


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("folders")
    a, other = gpt2(0), gpt2(1)
    save_tokenizer(save_folder(a, place / "a"))
    mixed = {key: torch.lerp(tensor, other.state_dict()[key], 0.6) for key, tensor in a.state_dict().items()}
    other.load_state_dict(mixed)
    save_tokenizer(save_folder(other, place / "b"))
    return place, a


def texts(model, seed):
    """Windows whose next tokens are those that the model expects most, so that leaving it costs."""
    tokens = torch.randint(len(WORDS), (80, 10), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return tokens, model.eval()(tokens).logits.argmax(2)


def test_a_folder_is_merged_into_a_folder_that_transformers_reads(folders):
    place, a = folders
    out, recipe = place / "merged", place / "recipe.yml"
    found = isthmus.merge(
        f"hf:{place / 'a'}", place / "a", place / "b", texts(a, 1), texts(a, 2), tolerance=0.1, out=out, mergekit=recipe
    )
    assert 0 < len(found.layers) < len(found.worth)
    merged = transformers.AutoModelForCausalLM.from_pretrained(out)
    transformers.AutoTokenizer.from_pretrained(out)
    tokens, targets = texts(a, 2)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(merged.eval()(tokens).logits.flatten(0, 1), targets.flatten())
    (row,) = [one for one in found.contenders if one.name == "merged"]
    assert float(loss) == pytest.approx(row.loss, abs=1e-5)
    assert json.loads((out / "merge.json").read_text())["merged"]["layers"] == list(found.layers)
    assert save_merge_page(found, out) == out / "merge.html"
    assert "from_pretrained" in (out / "merge.html").read_text()
    text = recipe.read_text()
    assert text.startswith("# mergekit-yaml")
    assert f'model: "{place / "a"}"' in text
    assert not list(place.glob(".*"))
