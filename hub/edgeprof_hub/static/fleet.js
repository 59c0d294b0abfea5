// The box in the head of the fleet's table ticks every device of the page; without scripts it is hidden.
"use strict";
(() => {
  const part = document.getElementById("live");
  const boxes = () => [...part.querySelectorAll('td input[name="device"]')];

  function show() {
    const head = document.getElementById("select-page");
    if (head) head.hidden = false;
  }

  part.addEventListener("change", (event) => {
    const head = document.getElementById("select-page");
    if (event.target === head) for (const box of boxes()) box.checked = head.checked;
    else if (event.target.name === "device") {
      const ticked = boxes().filter((box) => box.checked).length;
      head.checked = ticked === boxes().length;
      head.indeterminate = ticked > 0 && !head.checked;
    }
  });
  part.addEventListener("htmx:afterSwap", show);
  show();
})();
