"""What two networks of one architecture share, as far as their units may be permuted."""

from dataclasses import dataclass

from isthmus.evaluation.network import Network
from isthmus.evaluation.stages.export import OperatorGraph
from isthmus.merging.permutation.axes import GraphAxes
from isthmus.merging.permutation.groups import Symmetry
from isthmus.weights.state import Kind


@dataclass(frozen=True)
class Architecture:
    """A model and the groups of its units.

    Attributes:
        network: Runs it with any weights.
        graph: Its operators.
        axes: Of its tensors.
        symmetry: The groups.
        kinds: Key -> what kind of entry it is.
        ties: Keys that stand for one tensor.
    """

    network: Network
    graph: OperatorGraph
    axes: GraphAxes
    symmetry: Symmetry
    kinds: dict[str, Kind]
    ties: list[tuple[str, ...]]

    @property
    def parameters(self) -> set[str]:
        """The keys of parameters, of tied ones the first."""
        repeated = {key for keys in self.ties for key in keys[1:]}
        return {key for key, kind in self.kinds.items() if kind is Kind.PARAMETER} - repeated
