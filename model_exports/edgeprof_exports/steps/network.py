"""The network: three convolutions on 8 × 8 images, 58,314 parameters, 1.8 million multiplications."""

from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from edgeprof_exports.steps.digits import WEIGHTS, Images
from edgeprof_exports.steps.tools import tool

DESCRIPTION = "conv 32 - conv 64 - pool - conv 64 - pool - linear 10, 3 x 3 kernels, ReLU"


class Network(Protocol):
    """What the steps use of a torch module."""

    def __call__(self, images: object) -> object: ...
    def parameters(self) -> object: ...
    def state_dict(self) -> dict[str, object]: ...
    def load_state_dict(self, state: dict[str, object]) -> object: ...
    def eval(self) -> object: ...


def torch() -> ModuleType:
    """Torch on one thread with deterministic kernels: the same sums in the same order."""
    module = tool("torch")
    module.set_num_threads(1)
    module.use_deterministic_algorithms(True)
    return module


def untrained() -> Network:
    """The network with weights drawn from torch's current seed."""
    nn = torch().nn
    return cast(
        Network,
        nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 2 * 2, 10),
        ),
    )


def save(network: Network, folder: Path) -> None:
    """Keeps the weights as plain arrays."""
    np.savez(folder / WEIGHTS, allow_pickle=False, **_arrays(network))


def _arrays(network: Network) -> dict[str, NDArray[np.float32]]:
    return {name: np.asarray(value, dtype=np.float32) for name, value in network.state_dict().items()}


def trained(folder: Path) -> Network:
    """The network with the weights that `train` left in `folder`."""
    network = untrained()
    with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
        network.load_state_dict({name: torch().from_numpy(arrays[name]) for name in arrays.files})
    network.eval()
    return network


def predict(network: Network, images: Images) -> NDArray[np.float32]:
    """The network's ten scores for each image."""
    with torch().no_grad():
        return np.asarray(network(torch().from_numpy(images)))
