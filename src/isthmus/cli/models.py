"""`isthmus models`: the networks with a name."""


def models() -> None:
    """List the networks with a name, their options and defaults."""
    from isthmus.models.registry import MODELS

    for entry in MODELS.values():
        options = ", ".join(f"{name}={option.default or 'needed'}" for name, option in entry.options.items())
        print(f"{entry.name:22}{entry.description}\n{'':22}options: {options}")
    print(
        "\nOptions are written as resnet18_no_norm:width=16 and are read from the checkpoint where they are left out."
    )
    print("Your own network: path/to/file.py:function, a function without arguments that returns the module.")
