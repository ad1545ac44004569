// Follows what happens: the part of a page marked `data-live` is put anew whenever the server says it has changed.
// Nothing else is done here, so that every page works without it.
"use strict";

(() => {
  const live = document.querySelector("[data-live]");
  if (!live || !window.EventSource) return;

  let waiting = null;

  // Whoever types, reads a marked text or has the focus inside is not disturbed; what came meanwhile is shown after.
  const isInUse = () => {
    const focused = document.activeElement;
    const chosen = document.getSelection();
    return (
      (focused && focused !== live && live.contains(focused)) ||
      (chosen && !chosen.isCollapsed && live.contains(chosen.anchorNode))
    );
  };

  const show = () => {
    if (waiting === null || isInUse()) return;
    const open = new Set();
    live.querySelectorAll("details").forEach((one, at) => {
      if (one.open) open.add(at);
    });
    const scrolled = [...live.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    live.innerHTML = waiting;
    waiting = null;
    live.querySelectorAll("details").forEach((one, at) => {
      if (open.has(at)) one.open = true;
    });
    live.querySelectorAll(".scroll").forEach((one, at) => {
      one.scrollLeft = scrolled[at] || 0;
    });
  };

  const events = new EventSource(window.location.href);
  events.onmessage = (event) => {
    waiting = event.data;
    show();
  };
  live.addEventListener("focusout", () => setTimeout(show, 0));
  document.addEventListener("selectionchange", show);
  window.addEventListener("pagehide", () => events.close());
})();
