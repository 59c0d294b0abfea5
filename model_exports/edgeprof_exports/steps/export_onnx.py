"""Step `export_onnx`: the trained network as ONNX in fp32, without the exporter's traces of this machine."""

from pathlib import Path

from edgeprof_exports.steps import digits, network
from edgeprof_exports.steps.tools import tool

OPSET = 18


def run(folder: Path) -> None:
    """Writes the ONNX file into `folder`."""
    torch = network.torch()
    example = torch.from_numpy(digits.load().test_images[:1])
    program = torch.onnx.export(
        network.trained(folder),
        (example,),
        input_names=["image"],
        output_names=["logits"],
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    model = program.model_proto
    graph = model.graph
    # The exporter notes file paths and stack traces: no part of the model, and different on every machine.
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    onnx = tool("onnx")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / digits.ONNX_FP32)
