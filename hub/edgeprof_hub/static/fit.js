// Asks the hub, on each change of the ticked models, whether they fit each device, and writes it beside the device.
(() => {
  const places = [...document.querySelectorAll("[data-fit]")];
  const marks = { fits: "✓", tight: "!", "does not fit": "✕", "cannot tell": "?" };
  const worst = ["does not fit", "cannot tell", "tight", "fits"];
  let asked = 0;

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
    const turn = ++asked;
    const models = [...document.querySelectorAll("input[name=model]:checked")].slice(0, 50);
    if (!models.length) return show([]);
    const query = new URLSearchParams(models.map((each) => ["model", each.value]));
    try {
      const answer = await fetch(`/api/v1/fit?${query}`);
      const found = answer.ok ? (await answer.json()).verdicts : [];
      if (turn === asked) show(found);
    } catch {
      if (turn === asked) show([]);
    }
  };

  document.addEventListener("change", (event) => {
    if (event.target.name === "model") ask();
  });
  if (document.querySelector("input[name=model]:checked")) ask();
})();
