"""Networks that are built without values for their parameters: for those that only ever run with weights from files."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.utils.weak import WeakIdKeyDictionary


def built_without_values(build: Callable[[], nn.Module]) -> nn.Module:
    """A network whose parameters are on the device `meta`, where they take no memory; buffers have their values.

    Args:
        build: Makes the network.

    Returns:
        It, or the network with values where something else in it is computed from parameters.
    """
    try:
        with _parameters_on_meta():
            model = build()
    except (RuntimeError, NotImplementedError):  # it asked a parameter for its numbers
        return build()
    others = [*model.buffers(), *(value for part in model.modules() for value in vars(part).values())]
    return build() if any(isinstance(value, Tensor) and value.is_meta for value in others) else model


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    made, thread = WeakIdKeyDictionary(), threading.get_ident()

    def on_meta(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> nn.Parameter | None:
        # Parameters of their own kind, such as lazy ones, stay; so does what another thread builds meanwhile.
        if type(parameter) is not nn.Parameter or parameter.is_meta or threading.get_ident() != thread:
            return None
        if parameter not in made:  # one that is tied is registered twice
            made[parameter] = nn.Parameter(parameter.detach().to("meta"), parameter.requires_grad)
        found: nn.Parameter = made[parameter]
        return found

    hook = register_module_parameter_registration_hook(on_meta)  # type: ignore[arg-type]
    try:
        yield
    finally:
        hook.remove()
