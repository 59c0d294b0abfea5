// Selecting a group selects its devices. Without this script the hub does so when the form arrives.
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
