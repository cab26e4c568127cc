"use strict";
(() => {
  const shown = new Intl.DateTimeFormat("en-GB", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    hourCycle: "h23", timeZoneName: "short",
  });
  const written = (moment) => {
    const part = Object.fromEntries(shown.formatToParts(moment).map(({ type, value }) => [type, value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
  };
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not(.ago)")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.getTime())) time.textContent = written(moment);
    }
  };
  localise(document);

  const seconds = Number(document.body.dataset.refreshSeconds);
  if (!seconds) return;
  const main = document.getElementById("main");
  const silence = document.getElementById("silence");
  const MOST_PASSED_OVER = 6;  // what is read or typed may stay so long, and no longer: a page must not show old good news
  let passedOver = 0;
  const typing = () => document.activeElement.matches("input, select, textarea");
  const busy = () => document.hidden || typing() || !document.getSelection().isCollapsed;
  const addressed = (each) => each.id || each.getAttribute("href");
  const focused = () => {
    const active = document.activeElement;
    if (!main.contains(active) || active === main) return () => {};
    const alike = () => [...main.querySelectorAll("a, summary, button, input, select")].filter((each) => addressed(each) === addressed(active));
    const place = alike().indexOf(active);
    return () => (alike()[place] ?? main).focus({ preventScroll: true });
  };
  const filled = () => [...main.querySelectorAll("input[id], select[id]")].map((each) => [each.id, each.value]);
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
    if (busy() && ++passedOver < MOST_PASSED_OVER) return;
    passedOver = 0;
    const wereOpen = open(), wereFilled = filled(), refocus = focused();
    main.replaceChildren(...fresh.getElementById("main").childNodes);
    document.querySelector("footer").replaceWith(fresh.querySelector("footer"));
    silence.replaceChildren(...fresh.getElementById("silence").childNodes);
    for (const id of wereOpen) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, value] of wereFilled) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    localise(document);
    refocus();
  };
  let next = 0;
  const again = () => {
    clearTimeout(next);
    next = setTimeout(look, seconds * 1000);
  };
  const look = async () => {
    clearTimeout(next);
    try {
      await refresh();
    } catch {
      answered(false);
    }
    again();
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();  // a tab that was hidden, or asleep, may be hours old
  });
  again();
})();
