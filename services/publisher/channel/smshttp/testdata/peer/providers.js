// Plays Brevo and OVH by what they publish of their API: each request must be
// the one that the client made from their description sends (npm
// @getbrevo/brevo, @ovh-api/sms), and its body of the described type, with no
// field the description lacks. What does not fit is refused with 400 and why.
// It ends with its standard input.
"use strict";
const http = require("node:http");
const path = require("node:path");
const { isDeepStrictEqual } = require("node:util");
const ts = require("typescript");
const { BrevoClient } = require("@getbrevo/brevo");
const { proxySms } = require("@ovh-api/sms");

const providers = {
  brevo: {
    status: 201,
    answer: { reference: "ab1cde2fgh3i4jklmno", messageId: 1511882900176220, smsCount: 2, usedCredits: 0.7, remainingCredits: 82.85 },
    types: `import type { Brevo } from "@getbrevo/brevo";
            type Request = Brevo.SendTransacSms; type Answer = Brevo.SendTransacSmsResponse;`,
    async send(got) {
      let theirs;
      const fetch = async (url, init) => {
        theirs = { method: init.method, path: new URL(url).pathname, key: new Headers(init.headers).get("api-key"), body: JSON.parse(init.body) };
        return Response.json(this.answer, { status: this.status });
      };
      const client = new BrevoClient({ apiKey: got.headers["api-key"], baseUrl: "http://provider.example", fetch });
      await client.transactionalSms.sendAsyncTransactionalSms(got.body);
      return theirs;
    },
    ours: (got) => ({ method: got.method, path: got.path, key: got.headers["api-key"], body: got.body }),
  },
  ovh: {
    status: 200,
    answer: { totalCreditsRemoved: 1, invalidReceivers: [], ids: [27814656], validReceivers: ["+33612340000"] },
    types: `import type { Sms, sms } from "@ovh-api/sms";
            type Request = Parameters<ReturnType<Sms["$"]>["jobs"]["$post"]>[0]; type Answer = sms.SmsSendingReport;`,
    async send(got) {
      let theirs;
      const engine = { doRequest: async (method, path, _, body) => ((theirs = { method: method.toUpperCase(), path, body }), this.answer) };
      await proxySms(engine).$(got.path.split("/")[2]).jobs.$post(got.body);
      return theirs;
    },
    ours: (got) => ({ method: got.method, path: got.path, body: got.body }),
  },
};

let program;
const kept = new Map();

// misfits are the compiler's words on what does not fit the provider's types.
function misfits(provider, request, answer) {
  const file = path.join(__dirname, "fits.ts");
  const text = `${provider.types}
    export const request: Request = ${JSON.stringify(request)};
    export const answer: Answer = ${JSON.stringify(answer)};`;
  const options = { strict: true, noEmit: true, types: [], module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    if (name === file) return ts.createSourceFile(name, text, ...rest);
    if (!kept.has(name)) kept.set(name, getSourceFile(name, ...rest));
    return kept.get(name);
  };
  program = ts.createProgram([file], options, host, program);
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, " "));
}

async function judge(name, got) {
  const provider = providers[name];
  const wrong = misfits(provider, got.body, provider.answer);
  const theirs = await provider.send(got);
  const ours = provider.ours(got);
  if (!isDeepStrictEqual(ours, theirs)) wrong.push(`their client sends ${JSON.stringify(theirs)}, not ${JSON.stringify(ours)}`);
  return wrong;
}

const server = http.createServer(async (req, res) => {
  const answer = (status, body) => res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  const [, name, ...rest] = req.url.split("/");
  let body = "";
  for await (const chunk of req.setEncoding("utf8")) body += chunk;
  if (rest.join("/") === "auth/time") return answer(200, Math.floor(Date.now() / 1000));
  try {
    const wrong = await judge(name, { method: req.method, path: "/" + rest.join("/"), headers: req.headers, body: JSON.parse(body) });
    if (wrong.length > 0) return answer(400, { message: wrong.join("; ") });
    answer(providers[name].status, providers[name].answer);
  } catch (e) {
    answer(500, { message: String(e) });
  }
});
server.listen(0, "127.0.0.1", () => process.stdout.write(JSON.stringify({ event: "listening", port: server.address().port }) + "\n"));
process.stdin.on("end", () => process.exit(0)).resume();
