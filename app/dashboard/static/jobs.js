// The list of jobs: asks for it every two seconds while the page is seen. Everything that comes from a job
// enters the page as text, never as markup.
"use strict";

const REFRESH_MS = 2000;
const PAGE = 50;
const FINAL = ["succeeded", "failed", "cancelled"];
const ENDED = ["completed", "pruned", "diverged", "failed"];

const table = document.querySelector("#jobs");
const status = document.querySelector("#status");
const empty = document.querySelector("#empty");
const more = document.querySelector("#more");
let shown = PAGE;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function link(text, path) {
  return element("a", { href: path, textContent: text });
}

function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function number(value) {
  const size = Math.abs(value);
  const long = size !== 0 && (size < 1e-3 || size >= 1e6);
  return long ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

function progressCell(job) {
  const progress = job.progress;
  const percent = Math.round(100 * progress.fraction);
  const bar = element("progress", { max: 1, value: progress.fraction, ariaLabel: `${percent} %` });
  let text = `${percent} %`;
  if (progress.eta_s !== null) text += `, about ${duration(progress.eta_s)} left`;
  return element("td", {}, bar, element("span", { className: "quiet", textContent: text }));
}

function trialsCell(progress) {
  const count = (state) => progress[`trials_${state}`];
  const ended = ENDED.reduce((sum, state) => sum + count(state), 0);
  const parts = [...ENDED, "running"]
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  return element("td", { title: parts.join(", ") }, `${ended} of ${progress.trials_total}`);
}

function linksCell(job) {
  const path = `/v1/jobs/${encodeURIComponent(job.id)}`;
  const links = [link("job", path), link("trials", `${path}/trials?order_by=value`)];
  if (job.state === "succeeded" && job.best !== null) {
    links.push(link("recommendation", `${path}/recommendation`));
  }
  return element("td", { className: "links" }, ...links);
}

function row(job) {
  const state = element("span", { className: `state ${job.state}`, textContent: job.state });
  if (job.reason) state.title = job.reason;
  const submitted = new Date(job.created_at).toLocaleString();
  return element(
    "tr",
    {},
    element(
      "td",
      { className: "name" },
      element("strong", { textContent: job.name }),
      element("code", { textContent: job.id }),
    ),
    element("td", {}, state),
    progressCell(job),
    trialsCell(job.progress),
    element("td", { className: "number" }, job.best === null ? "" : number(job.best.value)),
    element("td", {}, element("time", { dateTime: job.created_at }, submitted)),
    linksCell(job),
  );
}

async function load() {
  const jobs = [];
  let token = null;
  do {
    const query = new URLSearchParams({ limit: Math.min(shown - jobs.length, 500) });
    if (token !== null) query.set("page_token", token);
    const answer = await fetch(`/v1/jobs?${query}`);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    jobs.push(...body.items);
    token = body.next_page_token;
  } while (token !== null && jobs.length < shown);
  return { jobs, token };
}

async function refresh() {
  try {
    const { jobs, token } = await load();
    table.tBodies[0].replaceChildren(...jobs.map(row));
    table.hidden = jobs.length === 0;
    empty.hidden = jobs.length > 0;
    more.hidden = token === null;
    const active = jobs.filter((job) => !FINAL.includes(job.state)).length;
    status.textContent = `${active} active · as of ${new Date().toLocaleTimeString()}`;
    status.classList.remove("trouble");
  } catch (error) {
    status.textContent = `no answer from the server (${error.message}); trying again`;
    status.classList.add("trouble");
  }
}

async function follow() {
  // While text is selected a new table would take the selection away.
  const selecting = String(document.getSelection()) !== "";
  if (document.visibilityState === "visible" && !selecting) await refresh();
  setTimeout(follow, REFRESH_MS);
}

more.addEventListener("click", () => {
  shown += PAGE;
  refresh();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});
follow();
