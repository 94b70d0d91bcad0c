// npm web-push-testing on a free port of 127.0.0.1: it decrypts what it gets and
// checks the VAPID key. It ends with its standard input.
const net = require("node:net");
const { PushApiModel } = require("web-push-testing/src/PushApiModel");
const Server = require("web-push-testing/src/server");

const probe = net.createServer();
probe.listen(0, "127.0.0.1", () => {
  const port = probe.address().port;
  probe.close(() => {
    const service = new Server(new PushApiModel(), port);
    service.setRequestHandlers();
    service._app.listen(port, "127.0.0.1", () => process.stdout.write(JSON.stringify({ event: "listening", port }) + "\n"));
  });
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
