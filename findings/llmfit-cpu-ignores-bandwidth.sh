#!/usr/bin/env bash
# Guess:   an estimate of tokens/s for a CPU follows the memory bandwidth that the hardware profile states: decode reads
#          every weight for each token, and llmfit's documentation names `ddr_bandwidth_gbps` among the figures "that the
#          throughput estimate needs".
# Reality: for a machine without a GPU the estimate is a constant by the model's size and quantization. 5, 17 and 200 GB/s
#          give the same tokens/s to the last digit. With a GPU and unified memory its bandwidth does count. Measured on
#          boards, Llama-3.2-3B Q4_K_M writes 1.5 tokens/s on a Raspberry Pi 4 and 16.5 on an Orion O6.
# Version: llmfit 1.1.17 (PyPI). Source: seen by running.
# Hurt:    who compares boards by it before buying: all Arm boards with as many cores look alike.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check llmfit==1.1.17 2>/dev/null
estimate() { # name, unified, GB/s -> tokens/s
  cat > "$t/$1.json" <<J
{"schema_version": 1, "name": "$1", "hardware": {"total_ram_gb": 8, "unified_memory": $2, "ddr_bandwidth_gbps": $3$4}}
J
  "$t/v/bin/llmfit" --no-dashboard --profile "$t/$1.json" plan meta-llama/Llama-3.2-3B-Instruct --quant Q4_K_M \
    --context 2048 --json 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["current"]["estimated_tps"])'
}
slow=$(estimate slow false 5 ""); pi=$(estimate pi false 17 ""); fast=$(estimate fast false 200 "")
gpu_slow=$(estimate gpu-slow true 50 ', "gpu_memory_bandwidth_gbps": 50, "gpu_compute_tflops_fp16": 4')
gpu_fast=$(estimate gpu-fast true 200 ', "gpu_memory_bandwidth_gbps": 200, "gpu_compute_tflops_fp16": 4')
echo "llmfit 1.1.17, Llama-3.2-3B Q4_K_M: CPU at 5, 17, 200 GB/s: $slow, $pi, $fast tokens/s"
echo "  GPU with unified memory at 50 and 200 GB/s: $gpu_slow, $gpu_fast"
[ "$slow" = "$pi" ] && [ "$pi" = "$fast" ] && [ "$gpu_slow" != "$gpu_fast" ] || { echo CHANGED; exit 1; }
echo "as described"
