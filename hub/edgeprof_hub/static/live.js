// Keeps the live part of a page fresh: the hub's event stream notifies, htmx fetches, at most once a second.
"use strict";
(() => {
  const part = document.getElementById("live");
  const lamp = document.getElementById("live-state");
  const PAUSE_MS = 1000;
  let source = null;
  let timer = 0;
  let scroll = 0;

  function refreshSoon() {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      // A refresh must not discard a half-typed search, selected runs, or an open cell or menu.
      const types = document.activeElement?.type === "text" && part.contains(document.activeElement);
      const isOpen = part.querySelector(".more[open], .menu[name][open]");
      if (types || isOpen || part.querySelector("td input:checked")) return refreshSoon();
      htmx.trigger(part, "hub-changed");
    }, PAUSE_MS);
  }

  function listen() {
    if (source || document.hidden) return;
    source = new EventSource(part.dataset.events);
    source.onopen = () => { lamp.textContent = "live"; refreshSoon(); };
    source.onerror = () => { lamp.textContent = "disconnected, retrying"; };
    source.addEventListener("changed", refreshSoon);
  }

  function rest() {
    if (source) source.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", listen);

  // The matrix keeps its place when it is replaced.
  const box = () => part.querySelector(".matrix-box, .table-box");
  part.addEventListener("htmx:beforeSwap", () => { scroll = box() ? box().scrollLeft : 0; });
  part.addEventListener("htmx:afterSwap", () => { if (box()) box().scrollLeft = scroll; });
})();
