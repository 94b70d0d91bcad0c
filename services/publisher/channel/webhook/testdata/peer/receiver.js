// Receives web hooks: the signature is checked by npm standardwebhooks, the
// event read by npm cloudevents. One JSON line an event on standard output. It
// ends with its standard input.
const http = require("node:http");
const { HTTP } = require("cloudevents");
const { Webhook } = require("standardwebhooks");

const say = (o) => process.stdout.write(JSON.stringify(o) + "\n");
const secret = process.argv[2];

const server = http.createServer((req, res) => {
  let body = "";
  req.setEncoding("utf8");
  req.on("data", (d) => (body += d));
  req.on("end", () => {
    try {
      new Webhook(secret).verify(body, req.headers);
    } catch (e) {
      say({ event: "refused", error: e.message });
      res.writeHead(401).end();
      return;
    }
    try {
      const event = HTTP.toEvent({ headers: req.headers, body });
      event.validate();
      say({ event: "received", id: event.id, type: event.type, source: event.source, subject: event.subject, time: event.time, data: event.data, webhookId: req.headers["webhook-id"] });
      res.writeHead(204).end();
    } catch (e) {
      say({ event: "invalid", error: e.message });
      res.writeHead(400).end();
    }
  });
});
server.listen(0, "127.0.0.1", () => say({ event: "listening", port: server.address().port }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
