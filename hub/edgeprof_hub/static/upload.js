// Sends model files in parts, so that a cut, a reload or a restart of the hub costs one part. Without this script the
// browser sends the same form in one piece.
"use strict";
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const HEAD_BYTES = 32, MAX_FAILURES = 8, MAX_WAIT_S = 15;
  const bar = form.querySelector("progress");
  const line = form.querySelector("[role=status]");
  const problem = document.getElementById("upload-problem");
  const send = form.querySelector("button.main");
  const stop = form.querySelector("button.stop");
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const kept = "The hub keeps what it has for a day: select the same files to go on.";

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

  // An answer of the hub. What it refuses is an error with its code; a connection that broke is one without.
  async function ask(method, path, body, signal) {
    const isJson = body !== undefined && !(body instanceof ArrayBuffer);
    const answer = await fetch(`/api/v1${path}`, {
      method, signal, body: isJson ? JSON.stringify(body) : body,
      headers: { "content-type": isJson ? "application/json" : "application/octet-stream" },
    });
    const text = await answer.text();
    if (answer.ok) return text ? JSON.parse(text) : null;
    let told;
    try { told = JSON.parse(text).error; } catch { told = { message: `The hub answered with status ${answer.status}.` }; }
    throw Object.assign(new Error(told.message), { code: told.code || `http_${answer.status}` });
  }

  // A page that came over plain HTTP has no crypto.subtle.
  async function sha256(buffer) {
    const bytes = crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", buffer)) : plainSha256(new Uint8Array(buffer));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // FIPS 180-4. Its constants are the first bits of the roots of primes.
  function plainSha256(data) {
    const primes = [];
    for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
    const bits = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
    const K = Int32Array.from(primes, (prime) => bits(Math.cbrt(prime)));
    const H = Int32Array.from(primes.slice(0, 8), (prime) => bits(Math.sqrt(prime)));
    const padded = new Uint8Array((((data.length + 8) >> 6) + 1) << 6);
    padded.set(data);
    padded[data.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
    view.setUint32(padded.length - 4, data.length << 3);
    const W = new Int32Array(64);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 16; i++) W[i] = view.getInt32(at + i * 4);
      for (let i = 16; i < 64; i++) {
        const x = W[i - 15], y = W[i - 2];
        W[i] = W[i - 16] + W[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = H;
      for (let i = 0; i < 64; i++) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((value, i) => { H[i] += value; });
    }
    const out = new DataView(new ArrayBuffer(32));
    H.forEach((value, i) => out.setInt32(i * 4, value));
    return new Uint8Array(out.buffer);
  }

  function waited(seconds, signal) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, seconds * 1000);
      signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    });
  }

  // Until the hub has the whole file; its id. A broken connection is tried again, what the hub refuses is not.
  async function sendFile(file, signal, moved) {
    let failures = 0, reached = -1;
    for (;;) {
      try {
        const planned = { name: file.name, size: file.size, key: String(file.lastModified) };
        let state = await ask("POST", "/uploads", planned, signal);
        if (state.offset > reached) failures = 0;
        reached = state.offset;
        moved(reached, true);
        while (state.offset < file.size) {
          const part = await file.slice(state.offset, state.offset + state.part_bytes).arrayBuffer();
          const target = `/uploads/${state.upload_id}?offset=${state.offset}&sha256=${await sha256(part)}`;
          state = await ask("PATCH", target, part, signal);
          reached = state.offset;
          failures = 0;
          moved(reached, false);
        }
        return state.upload_id;
      } catch (error) {
        const isPassing = error instanceof TypeError || ["bad_offset", "bad_part", "http_502", "http_503", "http_504"].includes(error.code);
        if (!isPassing || ++failures >= MAX_FAILURES) throw error instanceof TypeError ? new Error(`Connection to the hub lost. ${kept}`) : error;
        show(`connection lost; trying again (${failures} of ${MAX_FAILURES})`);
        await waited(Math.min(MAX_WAIT_S, 2 ** (failures - 1)), signal);
      }
    }
  }

  async function transfer(files) {
    const abort = new AbortController();
    stop.onclick = () => abort.abort(new Error(`Stopped. ${kept}`));
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const began = performance.now();
    let done = 0, found = 0;
    bar.max = Math.max(1, total);
    const ids = [];
    for (const file of files) {
      let first = -1;
      ids.push(await sendFile(file, abort.signal, (offset, isFound) => {
        if (first < 0) { first = offset; found += offset; }
        bar.value = done + offset;
        const rate = (done + offset - found) / Math.max(1, performance.now() - began) * 1000;
        const resumed = found ? `, ${mib(found)} MiB were there` : "";
        show(`${mib(done + offset)} of ${mib(total)} MiB${isFound ? "" : `, ${mib(rate)} MiB/s`}${resumed}`);
      }));
      done += file.size;
    }
    show("sent; the hub is checking the files");
    stop.hidden = true;
    return ids;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    working(true);
    show("checking with the hub");
    try {
      const files = [...form.elements.file.files];
      await ask("POST", "/models/check", { files: await Promise.all(files.map(headOf)) });
      const ids = await transfer(files);
      const labels = Object.fromEntries(["name", "family", "quantization"].map((name) => [name, form.elements[name].value]));
      const models = await ask("POST", "/models/uploaded", { upload_ids: ids, ...labels, task: form.elements.task.value || null });
      location.assign(`/flash?${new URLSearchParams(models.map((model) => ["model", model.model_id]))}`);
    } catch (error) {
      show(error instanceof TypeError ? `Connection to the hub lost. ${kept}` : error.message, true);
      working(false);
    }
  });
})();
