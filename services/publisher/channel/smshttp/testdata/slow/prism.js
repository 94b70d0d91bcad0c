// Stoplight Prism plays a provider from its OpenAPI description: it refuses
// what the description does not allow, and answers its examples. It ends with
// its standard input.
"use strict";
const { spawn } = require("child_process");
const net = require("net");
const path = require("path");

const description = path.join("node_modules", process.argv[2]);
const probe = net.createServer().listen(0, "127.0.0.1", () => {
  const { port } = probe.address();
  probe.close(() => {
    const cli = path.join("node_modules", "@stoplight", "prism-cli", "dist", "index.js");
    const prism = spawn(process.execPath, [cli, "mock", "--errors", "--host", "127.0.0.1", "--port", String(port), description]);
    let said = "";
    const hear = (chunk) => {
      const before = said;
      said += chunk;
      if (!before.includes("is listening") && said.includes("is listening")) {
        process.stdout.write(JSON.stringify({ event: "listening", port }) + "\n");
      }
    };
    prism.stdout.on("data", hear);
    prism.stderr.on("data", hear);
    prism.on("exit", (code) => process.exit(code || 0));
    process.stdin.on("end", () => prism.kill()).resume();
  });
});
