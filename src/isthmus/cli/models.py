"""`isthmus models`: the networks with a name."""


def models() -> None:
    """List the networks with a name, their options and defaults."""
    from isthmus.models.registry import MODELS

    for entry in MODELS.values():
        defaults = {name: option.default for name, option in entry.options.items()}
        options = ", ".join(f"{name}={'needed' if value is None else value}" for name, value in defaults.items())
        print(f"{entry.name:22}{entry.description}\n{'':22}options: {options}")
    print(
        "\nOptions are written as resnet18_no_norm:width=16 and are read from the checkpoint where they are left out."
    )
    print("Not in a checkpoint, and so always to be written where it was not the default: the heads of vit and gpt.")
    print("Your own network: path/to/file.py:function or package.module:function, which returns the module, or the")
    print('module itself; arguments as in file.py:build(width=16, norm="layer").')
    print(
        "A folder of Hugging Face, or an id: hf:FOLDER, hf:ID, hf:ID@REVISION (the class that its config.json names)."
    )
