// Reads [{secret, headers, body}] from standard input; writes, for each, its type, or the name of the error.
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const told = JSON.parse(readFileSync(0, "utf8")).map(({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(Buffer.from(body, "base64"), headers).type;
  } catch (error) {
    return error.name;
  }
});
process.stdout.write(JSON.stringify(told));
