// Runs the script of /docs as a browser does, against a server, and prints the document that it hands to Swagger UI.
// Arguments: the script, and the address of the server.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const [script, address] = process.argv.slice(2);
const reach = globalThis.fetch;
globalThis.fetch = (path, options) => reach(address + path, options);
globalThis.window = globalThis;
globalThis.SwaggerUIBundle = ({ spec }) => console.log(JSON.stringify(spec));
vm.runInThisContext(readFileSync(script, "utf8"), { filename: script });
