// A personal data server of npm @atproto/dev-env. It ends with its standard
// input.
const { TestNetworkNoAppView } = require("@atproto/dev-env");

(async () => {
  const network = await TestNetworkNoAppView.create({ pds: { hostname: "localhost" } });
  process.stdout.write("\n" + JSON.stringify({ event: "listening", port: network.pds.port }) + "\n");
})();
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
