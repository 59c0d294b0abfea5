// Asks the hub, on each change of the ticked models, whether they fit each device, and writes it beside the device.
(() => {
  const places = [...document.querySelectorAll("[data-fit]")];
  const marks = { fits: "✓", tight: "!", "does not fit": "✕", "cannot tell": "?" };
  const worst = ["does not fit", "cannot tell", "tight", "fits"];
  let asked = 0;
  let known = "";

  const show = (verdicts) => {
    for (const place of places) {
      const own = verdicts.filter((each) => each.device_id === place.dataset.fit);
      own.sort((a, b) => worst.indexOf(a.outcome) - worst.indexOf(b.outcome) || b.peak_mib - a.peak_mib);
      const [first] = own;
      place.textContent = "";
      if (!first) {
        delete place.dataset.outcome;
        continue;
      }
      place.dataset.outcome = first.outcome;
      const text = document.createElement("bdi");
      text.textContent = (own.length > 1 ? `${first.model_name}: ` : "") + first.sentence;
      place.append(`${marks[first.outcome]} ${first.outcome}: `, text);
    }
  };

  const ask = async () => {
    const models = [...document.querySelectorAll("input[name=model]:checked")].slice(0, 50);
    const query = String(new URLSearchParams(models.map((each) => ["model", each.value])));
    if (query === known) return;
    known = query;
    const turn = ++asked;
    if (!query) return show([]);
    try {
      const answer = await fetch(`/api/v1/fit?${query}`);
      const found = answer.ok ? (await answer.json()).verdicts : [];
      if (turn === asked) show(found);
    } catch {
      if (turn === asked) show([]);
    }
  };

  // A button that ticks several boxes makes no change event of theirs; what it does is done when the timer comes.
  for (const kind of ["change", "click"]) document.addEventListener(kind, () => setTimeout(ask));
  ask();
})();
