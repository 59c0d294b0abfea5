#!/usr/bin/env bash
# Guess:   genai-prices raises LookupError for a model whose price it does not know, and a total of 0 means that it is free.
# Reality: 179 models are listed without any price, and calc_price answers a total of 0 for them without a word:
#          OpenRouter's ":free" variants, which are free, and paid ones such as cerebras qwen-3-coder-480b, alike.
#          Only the fields of `model_price` tell: all of them are None.
# Version: genai-prices 0.2.3. Source: seen by running, with the data that the package ships.
# Hurt:    who bills by total_price, or picks the cheapest model by it: an unknown price wins every comparison.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check genai-prices==0.2.3 2>/dev/null
cat > "$t/p.py" <<'P'
import sys
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
free = other = 0
for provider in get_snapshot().providers:
    for model in provider.models:
        try:
            found = calc_price(Usage(input_tokens=1_000_000, output_tokens=1_000_000), model.id, provider_id=provider.id)
        except LookupError:
            continue
        fields = [value for name, value in vars(found.model_price).items() if not name.startswith("_")]
        if all(value is None for value in fields):
            assert found.total_price == 0
            free, other = (free + 1, other) if model.id.endswith(":free") else (free, other + 1)
print(f"  listed without a price, total 0: {free} called ':free', {other} others")
for provider, name in (("cerebras", "qwen-3-coder-480b"), ("google", "gemma-3")):
    found = calc_price(Usage(input_tokens=1_000_000, output_tokens=1_000_000), name, provider_id=provider)
    print(f"  {provider} {name}: total {found.total_price}, prices {found.model_price!r}")
try:
    calc_price(Usage(input_tokens=1, output_tokens=1), "no-such-model", provider_id="groq")
except LookupError:
    print("  groq no-such-model: LookupError")
sys.exit(0 if free > 100 and other > 10 else 1)
P
"$t/v/bin/python" "$t/p.py" || { echo CHANGED; exit 1; }
echo "as described"
