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
const answers = new Map(); // recommendations by the id of their job, null where it has none; they never change
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
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

function quiet(text) {
  return element("span", { className: "quiet line", textContent: text });
}

function number(value) {
  const size = Math.abs(value);
  const long = size !== 0 && (size < 1e-3 || size >= 1e6);
  return long ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

function progressCell(job) {
  const progress = job.progress;
  const most = FINAL.includes(job.state) ? 100 : 99;
  const percent = Math.min(most, Math.floor(100 * progress.fraction + 1e-9));
  const bar = element("progress", { max: 1, value: progress.fraction, ariaLabel: `${percent} %` });
  let text = `${percent} %`;
  if (job.state === "running" && progress.eta_s !== null) text += `, about ${duration(progress.eta_s)} left`;
  const stage = element("span", { className: "stage", textContent: progress.stage ?? "" });
  return element("td", {}, stage, bar, quiet(text));
}

function trialsCell(progress) {
  const count = (state) => progress[`trials_${state}`];
  const ended = ENDED.reduce((sum, state) => sum + count(state), 0);
  const parts = [...ENDED, "running"]
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} ${state}`);
  return element("td", { title: parts.join(", ") }, `${ended} of ${progress.trials_total}`);
}

// The value of the recommended configuration: its mean on fresh seeds as soon as there is one. The lowest of
// many values of the search is low by luck too.
function resultCell(job, answer) {
  const cell = element("td", { className: "result" });
  const evidence = answer?.evidence;
  if (evidence?.replicates > 0) {
    const { mean, ci95 } = evidence.candidates[0];
    cell.append(mean === null ? "diverged" : number(mean));
    if (ci95 !== null && ci95[0] !== ci95[1]) {
      cell.append(quiet(`95 % interval ${number(ci95[0])} to ${number(ci95[1])}`));
    }
    cell.append(quiet(`${evidence.metric}, ${runs(evidence.replicates)}`));
  } else if (job.best !== null) {
    const isLast = FINAL.includes(job.state) || job.spec?.confirmation === null;
    cell.append(number(job.best.value), quiet(`best of the search${isSame(job) ? "" : " (lucky)"},`));
    cell.append(quiet(isLast ? "not confirmed" : "not confirmed yet"));
  }
  return cell;
}

// Whether every run of a configuration gives the same, so that luck has no part.
function isSame(job) {
  const objective = job.spec?.objective;
  return objective?.kind === "function" && !objective.noise;
}

function runs(replicates) {
  return replicates === 1 ? "every run is the same" : `${replicates} fresh seeds`;
}

// What the job says in a sentence: its answer, or why it ended without one.
function sayings(job, answer) {
  const found = answer?.summary?.slice(0, 1) ?? [];
  const outside = answer?.outside_space;
  if (outside) {
    const mean = `a mean of ${number(outside.mean)}`;
    found.push(`Better outside the search space of the job: ${outside.label}, with ${mean}.`);
  }
  if (found.length === 0 && job.reason && job.reason !== job.state) found.push(job.reason);
  return found;
}

function linksCell(job, answer) {
  const path = `/v1/jobs/${encodeURIComponent(job.id)}`;
  const links = [link("job", path), link("trials", `${path}/trials?order_by=value`)];
  if (answer) {
    links.push(link("recommendation", `${path}/recommendation`));
  }
  return element("td", { className: "links" }, ...links);
}

function rows(job) {
  const answer = answers.get(job.id);
  const said = sayings(job, answer);
  if (said.length === 0) return [row(job, answer)];
  const cell = element("td", { colSpan: table.tHead.rows[0].cells.length });
  cell.append(...said.map((sentence) => element("p", { textContent: sentence })));
  const first = row(job, answer);
  first.className = "leads";
  return [first, element("tr", { className: "saying" }, cell)];
}

function row(job, answer) {
  const state = element("span", { className: `state ${job.state}`, textContent: job.state });
  if (job.reason) state.title = job.reason;
  const submitted = new Date(job.created_at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
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
    resultCell(job, answer),
    element("td", {}, element("time", { dateTime: job.created_at }, submitted)),
    linksCell(job, answer),
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

// Asks for the recommendations that are not known yet, one after the other; whether there were any.
async function loadAnswers(jobs) {
  const asked = jobs.filter((job) => job.state === "succeeded" && !answers.has(job.id));
  for (const job of asked) {
    const answer = await fetch(`/v1/jobs/${encodeURIComponent(job.id)}/recommendation`);
    const none = answer.status === 404 || answer.status === 409; // a range test has none
    if (answer.ok || none) answers.set(job.id, none ? null : await answer.json());
  }
  return asked.length > 0;
}

async function refresh() {
  try {
    const { jobs, token } = await load();
    const show = () => table.tBodies[0].replaceChildren(...jobs.flatMap(rows));
    show();
    table.hidden = jobs.length === 0;
    empty.hidden = jobs.length > 0;
    more.hidden = token === null;
    const active = jobs.filter((job) => !FINAL.includes(job.state)).length;
    status.textContent = `${active} active · as of ${new Date().toLocaleTimeString()}`;
    status.classList.remove("trouble");
    if (await loadAnswers(jobs)) show();
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
