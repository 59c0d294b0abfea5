// Sliders next to the number fields of a form. Releasing a slider sends the form with the number.
"use strict";
(() => {
  for (const slider of document.querySelectorAll("input.slider")) {
    const field = document.getElementById(slider.dataset.for);
    const low = Number(slider.dataset.low), high = Number(slider.dataset.high), isLog = slider.dataset.log === "yes";
    const toShare = (value) => (isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
    const toValue = (share) => (isLog ? low * (high / low) ** share : low + (high - low) * share);
    slider.hidden = false;
    slider.value = 100 * toShare(Math.min(high, Math.max(low, Number(field.value) || low)));
    slider.addEventListener("input", () => { field.value = Number(toValue(slider.value / 100).toPrecision(isLog ? 2 : 3)); });
    slider.addEventListener("change", () => field.form.requestSubmit());
  }
})();
