// A ticked group shows which devices it means. Without it the hub does the same when the form arrives.
"use strict";
(() => {
  for (const group of document.querySelectorAll("input[name=group]")) {
    group.addEventListener("change", () => {
      for (const id of group.dataset.devices.split(" ")) {
        const device = document.querySelector(`input[name=device][value="${CSS.escape(id)}"]`);
        if (device) device.checked = group.checked;
      }
    });
  }
})();
