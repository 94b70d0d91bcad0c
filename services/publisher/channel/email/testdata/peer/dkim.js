// Verifies the DKIM signatures of the mail on its input with npm mailauth; the
// key records are in the first argument. Prints what each is worth and what it
// covers.
"use strict";
const { dkimVerify } = require("mailauth/lib/dkim/verify");
const keys = JSON.parse(process.argv[2]);

const chunks = [];
process.stdin.on("data", (c) => chunks.push(c)).on("end", async () => {
  const { results } = await dkimVerify(Buffer.concat(chunks), {
    resolver: async (name) => {
      if (keys[name]) return [[keys[name]]];
      throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    },
  });
  console.log(JSON.stringify(results.map((r) => ({
    domain: r.signingDomain, selector: r.selector, algo: r.algo, result: r.status.result, headers: (r.signingHeaders || {}).keys || "",
  }))));
});
