// Drives `lofty mcp` with the protocol's own client, and prints what it got as one line of JSON.
//   node client.mjs MODULES COMMAND ARGUMENT...
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, command, ...args] = process.argv.slice(2);
const require = createRequire(modules + "/");
const load = (name) => import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + name)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");

const client = new Client({ name: "lofty-spec", version: "1.0.0" });
await client.connect(new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" }));
const { tools } = await client.listTools();
const call = async (name, given) => {
  const result = await client.callTool({ name, arguments: given });
  const text = result.content[0].text;
  return result.isError ? { failed: text } : JSON.parse(text);
};
const found = await call("find_lead", { query: "Alvarez" });
const said = {
  server: client.getServerVersion().name,
  tools: tools.map((tool) => tool.name),
  found: found.items[0].leadId,
  picture: (await call("lead_picture", { leadId: found.items[0].leadId })).lead.firstName,
  refused: (await call("call_operation", { operation: "notes.create", fields: {} })).failed,
};
await client.close();
console.log(JSON.stringify(said));
