#!/usr/bin/env bash
# Guess:   genai-prices takes the time of a request, so it gives the price of that day, or says that it has none. A model
#          name that no provider serves is an error.
# Reality: gpt-5-nano has a price for a request of 2020, the same as today's. Where the data hold one price, the time
#          decides nothing. Any suffix is accepted: `gpt-5-nano-xyz` is priced as gpt-5-nano. And `whisper-1`, which its
#          vendor sells by the minute, costs 0.00 for any number of tokens instead of being refused.
# Version: genai-prices 0.2.3. Source: seen by running.
# Hurts:   costs of past runs that look dated and are not; a name with a typo that gets a plausible price; a zero that
#          stands for "not sold by the token".
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check genai-prices==0.2.3 2>/dev/null
cat >"$t/prices.py" <<'P'
from datetime import datetime, timezone

from genai_prices import Usage, calc_price

usage = Usage(input_tokens=1000, output_tokens=1000)


def usd(name, year=2026):
    when = datetime(year, 1, 1, tzinfo=timezone.utc)
    found = calc_price(usage, model_ref=name, provider_id="openai", genai_request_timestamp=when)
    print(f"{name:16} {year}: {found.total_price} USD, priced as {found.model.id}")
    return found.total_price


now = usd("gpt-5-nano")
same = usd("gpt-5-nano", 2020) == now > 0
suffix = usd("gpt-5-nano-xyz") == now
zero = usd("whisper-1") == 0
raise SystemExit(0 if same and suffix and zero else "CHANGED")
P
echo "genai-prices 0.2.3, 1,000 tokens in and 1,000 out"
"$t/v/bin/python" "$t/prices.py"
echo "as described"
