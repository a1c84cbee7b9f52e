// Swagger UI over our own OpenAPI document. "Try it out" starts with ids that exist: those of the newest job.
"use strict";

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

async function newestJob() {
  try {
    const succeeded = await json("/v1/jobs?limit=1&state=succeeded");
    const page = succeeded.items.length > 0 ? succeeded : await json("/v1/jobs?limit=1");
    return page.items.length > 0 ? page.items[0].id : null;
  } catch {
    return null; // the document is of use without a job
  }
}

function prefill(document, jobId) {
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in === "path" && parameter.name === "job_id") parameter.example = jobId;
      }
    }
  }
}

async function start() {
  const [spec, jobId] = await Promise.all([json("/openapi.json"), newestJob()]);
  if (jobId !== null) prefill(spec, jobId);
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
