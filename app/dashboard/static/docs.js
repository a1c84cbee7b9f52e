// Swagger UI over our own OpenAPI document. "Try it out" starts with ids for which the operation works as it stands;
// where there is none, the operation says why not.
"use strict";

const SEARCHED = 20; // succeeded jobs that are looked through for one that suits

// By operation: which of the ids that `known` finds it takes, and what to do where there is none.
const TAKES = {
  cancel_job: ["unfinished", "no job is queued, running or paused; submit one, and reload this page"],
  pause_job: ["active", "no job is queued or running; submit one, and reload this page"],
  resume_job: ["paused", "no job is paused; pause one, and reload this page"],
  delete_job: ["ended", "no job has ended yet; wait for one, or cancel it, and reload this page"],
  get_range_test: ["rangeTest", "there is no range test; submit one, and reload this page"],
  get_replay: ["replayed", "trial 0 was never run again; start its replay, and reload this page"],
};
const ANSWERED = ["answered", "no job has succeeded yet; submit one, wait for it, and reload this page"];
const ANY = ["any", "there is no job; submit one, and reload this page"];

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

async function exists(path) {
  return (await fetch(path, { method: "HEAD" })).ok;
}

async function jobs(query) {
  const page = await json(`/v1/jobs?${query}`);
  return page.items.map((job) => job.id);
}

async function newestOf(...states) {
  for (const state of states) {
    const [id] = await jobs(`limit=1&state=${state}`);
    if (id !== undefined) return id;
  }
  return null;
}

async function firstWith(ids, path) {
  for (const id of ids) {
    if (await exists(path(id))) return id;
  }
  return null;
}

// A range test is a job too, which succeeds without a recommendation.
async function known() {
  const [succeeded, newest, active, paused, lost] = await Promise.all([
    jobs(`limit=${SEARCHED}&state=succeeded`),
    jobs(`limit=${SEARCHED}`),
    newestOf("running", "queued"),
    newestOf("paused"),
    newestOf("cancelled", "failed"),
  ]);
  const answered = await firstWith(succeeded, (id) => `/v1/jobs/${id}/recommendation`);
  const rangeTest = await firstWith([...succeeded, ...newest], (id) => `/v1/range-tests/${id}`);
  const isReplayed = answered !== null && (await exists(`/v1/jobs/${answered}/trials/0/replay`));
  return {
    answered,
    rangeTest,
    active,
    paused,
    unfinished: active ?? paused,
    ended: lost ?? succeeded.at(-1) ?? null, // rather one that nothing else here needs
    replayed: isReplayed ? answered : null,
    any: answered ?? newest[0] ?? null,
  };
}

function needs(path, operation) {
  const own = TAKES[operation.operationId];
  if (own !== undefined) return own;
  return path.includes("{number}") || path.includes("/recommendation") ? ANSWERED : ANY;
}

function prefill(document, ids) {
  for (const [path, verbs] of Object.entries(document.paths)) {
    for (const operation of Object.values(verbs)) {
      const parameters = operation.parameters ?? [];
      const named = parameters.find((one) => one.name === "job_id" || one.name === "range_test_id");
      if (named === undefined || named.in !== "path") continue;
      const [wanted, reason] = needs(path, operation);
      if (ids[wanted] !== null) named.example = ids[wanted];
      else operation.description = `**It would fail now:** ${reason}.\n\n${operation.description}`;
    }
  }
}

async function start() {
  const spec = await json("/openapi.json");
  try {
    prefill(spec, await known());
  } catch (error) {
    console.warn("the examples have no ids:", error); // the document is of use without them
  }
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayOperationId: false,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    filter: false,
    tryItOutEnabled: true,
    validatorUrl: null, // it would send our document to another host
    layout: "BaseLayout",
  });
}

start();
