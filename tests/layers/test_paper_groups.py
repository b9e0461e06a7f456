from isthmus.layers.paper_groups import paper_groups, resnet18_layers
from isthmus.models.load import load_model


def test_the_paper_groups_are_layers_of_the_network_and_complete_each_other():
    layers = resnet18_layers()
    model = load_model("resnet18_no_norm:width=2")
    keys = {key.rpartition(".")[0] for key in model.state_dict()}
    assert len(layers) == 21
    assert set(layers) == keys
    groups = paper_groups(layers)
    a, b, c, d = (set(group) for group in groups.values())
    assert len(a) == 8
    assert (a | c, a & c) == (set(layers), set())
    assert d == set(layers) - {"fc"}
    assert len(b) == 10
    assert all(layer.split(".")[0] in {"layer2", "layer3"} for layer in b)
