// npm oidc-provider at 127.0.0.1, with the people of the tests.
// Who comes to sign in is named by the test, ?as=ana, or gives up, ?cancel. It
// ends with its standard input.
import http from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [at, back] = process.argv.slice(2);
const people = JSON.parse(process.argv[4]);
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const client = (id, more) => ({
  client_id: id,
  client_secret: "le secret du crieur",
  redirect_uris: [back + "/console/signin/oidc"],
  post_logout_redirect_uris: [back + "/console/signin"],
  ...more,
});

const server = http.createServer();
server.listen(Number(at), "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [client("json"), client("jwt", { userinfo_signed_response_alg: "RS256", token_endpoint_auth_method: "client_secret_post" })],
    jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: "peer" }] },
    cookies: { keys: ["of the tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], acr: null, amr: null },
    acrValues: ["eidas1", "eidas2"],
    features: { claimsParameter: { enabled: true }, devInteractions: { enabled: false }, jwtUserinfo: { enabled: true } },
    pkce: { required: () => true, methods: ["S256"] },
    ttl: { AccessToken: 60, AuthorizationCode: 30, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => people[id] && { accountId: id, claims: (use) => ({ sub: (use === "userinfo" && people[id].userinfo) || id, ...people[id].claims }) },
    loadExistingGrant: async (ctx) => {
      const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid email");
      grant.addOIDCClaims(["acr", "amr"]);
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on("request", async (req, res) => {
    const url = new URL(req.url, "http://127.0.0.1");
    if (!url.pathname.startsWith("/interaction/")) return answer(req, res);
    const as = url.searchParams.get("as");
    const { acr, amr } = people[as] ?? {};
    await provider.interactionFinished(req, res, as ? { login: { accountId: as, acr, amr } } : { error: "access_denied" });
  });
  process.stdout.write(JSON.stringify({ event: "listening", port }) + "\n");
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
