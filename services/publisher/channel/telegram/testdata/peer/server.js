// npm telegram-test-api on a free port of 127.0.0.1. It ends with its standard
// input.
const net = require("node:net");
const TelegramServer = require("telegram-test-api");

const probe = net.createServer();
probe.listen(0, "127.0.0.1", () => {
  const port = probe.address().port;
  probe.close(async () => {
    const server = new TelegramServer({ port, host: "127.0.0.1", storeTimeout: 600 });
    await server.start();
    process.stdout.write(JSON.stringify({ event: "listening", port }) + "\n");
  });
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
