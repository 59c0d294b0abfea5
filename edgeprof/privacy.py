"""What keeps the runtimes from telling their makers that they were used."""

NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1"}
"""For the environment of every process that imports a runtime. Without it ONNX Runtime 1.32 makes a device id and a
queue of events for its maker below ~/.cache/Microsoft as soon as it is imported; switching it off later is too late."""
