// Helps to choose among many models and devices: filter, select all shown, families and groups, a count of jobs.
// Without this script the lists are whole, and the hub resolves families and groups when the form arrives.
"use strict";
(() => {
  const lists = [...document.querySelectorAll(".choice")];
  const boxes = (list) => [...list.querySelectorAll("input[name=model], input[name=device]")];
  const isShown = (box) => !box.closest(".option").hidden;

  function filter(list, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of list.querySelectorAll(".option")) {
      const family = option.closest(".family")?.querySelector(".group")?.textContent ?? "";
      const own = `${option.textContent} ${family}`.toLowerCase();
      option.hidden = !words.every((word) => own.includes(word));
    }
    count();
  }

  function count() {
    for (const list of lists) {
      const all = boxes(list);
      const shown = all.filter(isShown).length;
      const chosen = all.filter((box) => box.checked).length;
      list.querySelector(".tools [role=status]").textContent =
        `${chosen} of ${all.length} selected${shown < all.length ? `, ${shown} shown` : ""}`;
    }
    const chosen = (name) => document.querySelectorAll(`input[name=${name}]:checked`).length;
    const models = chosen("model"), devices = chosen("device");
    document.getElementById("chosen-jobs").textContent =
      models && devices ? `${models} model${models > 1 ? "s" : ""} on ${devices} device${devices > 1 ? "s" : ""}` : "";
  }

  // A family or a group selects what it holds, and follows when all of it is selected by hand.
  function spread(group) {
    for (const id of group.dataset.ids.split(" ")) {
      const box = document.querySelector(`input[name=${group.dataset.of}][value="${CSS.escape(id)}"]`);
      if (box && isShown(box)) box.checked = group.checked;
    }
  }

  function follow() {
    for (const group of document.querySelectorAll("input[data-ids]")) {
      const held = group.dataset.ids.split(" ").map((id) => document.querySelector(`input[name=${group.dataset.of}][value="${CSS.escape(id)}"]`));
      const known = held.filter(Boolean);
      const chosen = known.filter((box) => box.checked).length;
      group.checked = known.length > 0 && chosen === known.length;
      group.indeterminate = chosen > 0 && chosen < known.length;
    }
    count();
  }

  for (const list of lists) {
    const tools = list.querySelector(".tools");
    tools.hidden = boxes(list).length < 2;
    const search = tools.querySelector("input");
    search.addEventListener("input", () => filter(list, search.value));
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        for (const box of boxes(list)) if (isShown(box)) box.checked = button.dataset.do === "all";
        follow();
      });
    }
    list.addEventListener("change", (event) => {
      if (event.target.dataset.ids) spread(event.target);
      follow();
    });
  }
  follow();
})();
