"""Code of receivers, in four languages: verifies signatures, and answers the challenge.

Each needs nothing beside its language.

Standard Webhooks: the signature is HMAC-SHA256 of `id.timestamp.body`, by the bytes behind `whsec_`.
"""

from collections.abc import Mapping

_PYTHON = """\
import base64, hashlib, hmac, json, time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "whsec_…"  # keep it out of your code


def verified(headers, body: bytes) -> dict:
    sent_at = int(headers["webhook-timestamp"])
    if abs(time.time() - sent_at) > 300:
        raise ValueError("too old, or from the future")
    signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any(hmac.compare_digest(wanted, one) for one in headers["webhook-signature"].split(" ")):
        raise ValueError("the signature is wrong")
    return json.loads(body)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = verified(self.headers, body)
        except (ValueError, TypeError):
            return self.answer(401, {})
        if event["type"] == "endpoint.verify":
            return self.answer(200, {"challenge": event["data"]["challenge"]})
        # Keep the event, once for each webhook-id; then answer within seconds.
        self.answer(200, {})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8000), Receiver).serve_forever()
"""

_JAVASCRIPT = """\
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = "whsec_…"; // keep it out of your code

function verified(headers, body) {
  const sentAt = Number(headers["webhook-timestamp"]);
  if (!(Math.abs(Date.now() / 1000 - sentAt) <= 300)) throw new Error("too old, or from the future");
  const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
  const before = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`);
  const wanted = Buffer.from("v1," + createHmac("sha256", key).update(before).update(body).digest("base64"));
  const isOurs = (one) => one.length === wanted.length && timingSafeEqual(Buffer.from(one), wanted);
  const signatures = String(headers["webhook-signature"]).split(" ");
  if (!signatures.some(isOurs)) throw new Error("the signature is wrong");
  return JSON.parse(body);
}

function answer(response, status, document) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
}

createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    let event;
    try {
      event = verified(request.headers, Buffer.concat(parts));
    } catch {
      return answer(response, 401, {});
    }
    if (event.type === "endpoint.verify") return answer(response, 200, { challenge: event.data.challenge });
    // Keep the event, once for each webhook-id; then answer within seconds.
    answer(response, 200, {});
  });
}).listen(8000, "127.0.0.1");
"""

_GO = """\
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const secret = "whsec_…" // keep it out of your code

type event struct {
	Type string `json:"type"`
	Data struct {
		Challenge string `json:"challenge"`
	} `json:"data"`
}

func verified(headers http.Header, body []byte) (found event, err error) {
	sentAt, err := strconv.ParseInt(headers.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sentAt, 0)).Abs() > 5*time.Minute {
		return found, errors.New("too old, or from the future")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return found, err
	}
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(headers.Get("webhook-id") + "." + headers.Get("webhook-timestamp") + "."))
	sum.Write(body)
	wanted := "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	for _, one := range strings.Split(headers.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(one), []byte(wanted)) {
			return found, json.Unmarshal(body, &found)
		}
	}
	return found, errors.New("the signature is wrong")
}

func receive(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	found, err := verified(request.Header, body)
	if err != nil {
		http.Error(answer, "{}", http.StatusUnauthorized)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	if found.Type == "endpoint.verify" {
		json.NewEncoder(answer).Encode(map[string]string{"challenge": found.Data.Challenge})
		return
	}
	// Keep the event, once for each webhook-id; then answer within seconds.
	answer.Write([]byte("{}"))
}

func main() {
	http.ListenAndServe("127.0.0.1:8000", http.HandlerFunc(receive))
}
"""

_PHP = """\
<?php
const SECRET = 'whsec_…'; // keep it out of your code

function verified(string $body): array
{
    $sentAt = (int) ($_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? 0);
    if (abs(time() - $sentAt) > 300) {
        throw new Exception('too old, or from the future');
    }
    $key = base64_decode(substr(SECRET, strlen('whsec_')));
    $signed = "{$_SERVER['HTTP_WEBHOOK_ID']}.{$_SERVER['HTTP_WEBHOOK_TIMESTAMP']}.$body";
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $one) {
        if (hash_equals($wanted, $one)) {
            return json_decode($body, true, flags: JSON_THROW_ON_ERROR);
        }
    }
    throw new Exception('the signature is wrong');
}

header('Content-Type: application/json');
try {
    $event = verified(file_get_contents('php://input'));
} catch (Exception) {
    http_response_code(401);
    exit('{}');
}
if ($event['type'] === 'endpoint.verify') {
    exit(json_encode(['challenge' => $event['data']['challenge']]));
}
// Keep the event, once for each webhook-id; then answer within seconds.
echo '{}';
"""

VERIFICATION_CODE: Mapping[str, str] = {
    "Python": _PYTHON,
    "JavaScript": _JAVASCRIPT,
    "Go": _GO,
    "PHP": _PHP,
}
"""By the name of the language: a receiver that answers at port 8000, or in PHP a script for any server."""
