// What a user of the generated types writes: submit a job, follow it, read what came out. The first argument is the
// address of a server; prints what it read as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Spec = components["schemas"]["JobSpec"];

const client = createClient<paths>({ baseUrl: process.argv[2] ?? "" });
const spec: Spec = {
  objective: { kind: "function", name: "rosenbrock" },
  search_space: {
    optimizers: [{ kind: "adam", learning_rate: { low: 0.01, high: 0.5, log: true }, beta1: 0.8 }],
    schedules: [{ kind: "cosine" }],
  },
  budget: { trials: 4, steps: 20 },
  confirmation: { top: 2, replicates: 2 },
};

const submitted = await client.POST("/v1/jobs", { body: spec });
if (submitted.error) throw new Error(submitted.error.detail);
let job = submitted.data;
while (job.state !== "succeeded" && job.state !== "failed") {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { data, error } = await client.GET("/v1/jobs/{job_id}", { params: { path: { job_id: job.id } } });
  if (error) throw new Error(error.detail);
  job = data;
}

const path = { job_id: job.id };
const trials = await client.GET("/v1/jobs/{job_id}/trials", { params: { path } });
const answer = await client.GET("/v1/jobs/{job_id}/recommendation", { params: { path } });
const module = await client.GET("/v1/jobs/{job_id}/recommendation/module", {
  params: { path, query: { total_steps: 7, format: "python" } },
  parseAs: "text",
});
if (trials.error || answer.error || module.error) throw new Error("an answer is a problem");

const rates: number[] = [];
for (const trial of trials.data.items) {
  // The kind tells the optimizers apart: only Adam's has a beta1 here.
  if (trial.optimizer.kind === "adam") rates.push(trial.optimizer.learning_rate ?? 0);
}
const schedule = answer.data.schedule;
console.log(
  JSON.stringify({
    state: job.state,
    seed: job.spec.seed,
    rates,
    recommended: answer.data.optimizer.kind,
    warmup: schedule.kind === "cosine" ? schedule.warmup_fraction : null,
    candidates: answer.data.evidence.candidates.map((candidate) => candidate.optimizer.kind),
    module: module.data,
  }),
);
