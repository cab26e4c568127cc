"use strict";
(() => {
  const shown = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hourCycle: "h23", timeZoneName: "short",
  });
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not(.ago)")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.getTime())) time.textContent = shown.format(moment);
    }
  };
  localise(document);

  const seconds = Number(document.body.dataset.refreshSeconds);
  if (!seconds) return;
  const main = document.getElementById("main");
  const silence = document.getElementById("silence");
  const busy = () => document.hidden || main.contains(document.activeElement) && document.activeElement !== main
    || !document.getSelection().isCollapsed;
  const open = () => [...main.querySelectorAll("details[open][id]")].map((each) => each.id);
  const answered = (yes) => {
    silence.hidden = yes;
    document.body.classList.toggle("unanswered", !yes);
  };
  const refresh = async () => {
    const response = await fetch(location.href, {
      cache: "no-store", headers: { accept: "text/html" }, signal: AbortSignal.timeout(seconds * 1000),
    });
    if (response.status === 401 || response.status >= 500) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    answered(true);
    if (busy()) return;
    const wereOpen = open();
    main.replaceChildren(...fresh.getElementById("main").childNodes);
    document.querySelector("footer").replaceWith(fresh.querySelector("footer"));
    silence.replaceChildren(...fresh.getElementById("silence").childNodes);
    for (const id of wereOpen) document.getElementById(id)?.setAttribute("open", "");
    localise(document);
  };
  const again = () => setTimeout(async () => {
    try {
      await refresh();
    } catch {
      answered(false);
    }
    again();
  }, seconds * 1000);
  again();
})();
