"""Step `export_tflite`: the trained network as TFLite in fp32, channels last, by litert-torch."""

from pathlib import Path

from edgeprof_exports.steps import digits, network
from edgeprof_exports.steps.tools import tool


def run(folder: Path) -> None:
    """Writes the TFLite file into `folder`."""
    litert_torch = tool("litert_torch")
    example = network.torch().from_numpy(digits.channels_last(digits.load().test_images[:1]))
    module = litert_torch.to_channel_last_io(network.trained(folder), args=[0])
    litert_torch.convert(module, (example,)).export(str(folder / digits.TFLITE_FP32))
