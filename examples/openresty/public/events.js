// SPDX-License-Identifier: MIT
// Adds new events to the list. Without JavaScript the page shows them after a reload.
"use strict";

(() => {
  const feed = document.getElementById("feed");
  const live = document.getElementById("live");
  const none = document.getElementById("none");
  const template = document.getElementById("event");

  const add = (event) => {
    const item = template.content.cloneNode(true);
    const fill = (slot, text) => {
      const element = item.querySelector(`[data-slot="${slot}"]`);
      element.textContent = text;
      return element;
    };
    const moment = new Date(event.at * 1000).toISOString();
    fill("title", event.title);
    fill("lead", event.lead && `Lead ${event.lead}`);
    fill("at", `${moment.slice(11, 19)} UTC`).dateTime = moment;
    fill("data", event.data);
    item.firstElementChild.classList.add("new");
    feed.prepend(item);
  };

  const source = new EventSource(`/events/stream?after=${feed.dataset.last}`);
  source.onopen = () => {
    live.textContent = "New events appear here automatically.";
  };
  source.onmessage = (message) => {
    const events = message.data.split("\n");
    for (const text of events) add(JSON.parse(text));
    none.hidden = true;
    live.textContent = events.length === 1 ? "One new event." : `${events.length} new events.`;
  };
  source.onerror = () => {
    const over = source.readyState === EventSource.CLOSED;
    live.textContent = over ? "Reload the page to see new events." : "The connection broke. Trying again…";
  };
})();
