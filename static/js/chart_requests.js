// Asking for figures: a few at once, the rest waits.
(() => {
  "use strict";
  const MAX_REQUESTS = 4;
  const TIMEOUT_MS = 30_000;

  let running = 0;
  const waiting = [];
  const pump = () => {
    while (running < MAX_REQUESTS && waiting.length) {
      const job = waiting.shift();
      if (job.signal.aborted) continue;
      running += 1;
      job.start().finally(() => { running -= 1; pump(); });
    }
  };
  const ask = (url, signal) => new Promise((resolve, reject) => {
    const start = async () => {
      try {
        const response = await fetch(url, {
          headers: { Accept: "application/json" },
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        });
        if (!response.ok) throw new Error(`The server answered ${response.status}.`);
        resolve({ ...await response.json(), etag: response.headers.get("ETag") });
      } catch (problem) {
        reject(problem);
      }
    };
    waiting.push({ start, signal });
    pump();
  });

  window.chartRequests = Object.freeze({ ask });
})();
