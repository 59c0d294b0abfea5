// Sends model files with progress and a way to stop; without it, the same form is sent by the browser itself.
"use strict";
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const HEAD_BYTES = 32;
  const bar = form.querySelector("progress");
  const line = form.querySelector("[role=status]");
  const problem = document.getElementById("upload-problem");
  const send = form.querySelector("button.main");
  const stop = form.querySelector("button.stop");
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);

  function show(text, isBad) {
    line.textContent = isBad ? "" : text;
    problem.textContent = isBad ? text : "";
    problem.hidden = !isBad;
  }

  function working(is) {
    send.disabled = is;
    stop.hidden = bar.hidden = !is;
  }

  async function headOf(file) {
    const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
    return { name: file.name, size: file.size, head_base64: btoa(String.fromCharCode(...bytes)) };
  }

  // The hub looks at sizes and first bytes before anything large is sent.
  async function check(files) {
    const body = JSON.stringify({ files: await Promise.all(files.map(headOf)) });
    const answer = await fetch("/api/v1/models/check", { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
  }

  function transfer() {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const began = performance.now();
      request.open("POST", form.action);
      request.responseType = "document";
      request.upload.onprogress = (event) => {
        bar.max = event.total;
        bar.value = event.loaded;
        const rate = event.loaded / Math.max(1, performance.now() - began) * 1000;
        show(event.loaded < event.total ? `${mib(event.loaded)} of ${mib(event.total)} MiB, ${mib(rate)} MiB/s` : "sent; the hub is checking the files");
      };
      request.onload = () => {
        if (request.status < 400) return resolve(request.responseURL);
        const alert = request.response && request.response.querySelector("[role=alert]");
        reject(new Error(alert ? alert.textContent : `The hub answered with status ${request.status}.`));
      };
      request.onerror = () => reject(new Error("Connection to the hub lost. Nothing was stored; send it again."));
      request.onabort = () => reject(new Error("Stopped. Nothing was stored."));
      stop.onclick = () => request.abort();
      request.send(new FormData(form));
    });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    working(true);
    show("checking with the hub");
    try {
      await check([...form.elements.file.files]);
      location.assign(await transfer());
    } catch (error) {
      show(error.message, true);
      working(false);
    }
  });
})();
