/**
 * Answers what is no request: bytes that are not HTTP, a head that is too large, a sender that is too slow. Node's own
 * answer to these has no sentence and no tag.
 */
import type { Duplex } from "node:stream";

type Refusal = readonly [status: string, tag: string, message: string];

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "InvalidInput",
    "The request's address and headers are larger than 16 KB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "TimedOut", "The request took too long to arrive."],
};
const notHttp: Refusal = [
  "400 Bad Request",
  "InvalidInput",
  "The request is not HTTP that can be understood.",
];

/** Milliseconds for a client to read why it is refused. A connection that is closed on unread bytes takes it away. */
const lingerMs = 5000;

/** `answering` says that an answer is on its way over this connection: another would be taken for a part of it. */
export const refuseUnread = (cause: NodeJS.ErrnoException, connection: Duplex, answering: boolean): void => {
  // What it sends after it was refused is no request either.
  if (connection.writableEnded) return;
  if (!connection.writable || answering) {
    connection.destroy(cause);
    return;
  }
  const [status, tag, message] = refusals[cause.code ?? ""] ?? notHttp;
  const body = JSON.stringify({ _tag: tag, message });
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`;
  connection.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`);
  const ending = setTimeout(() => connection.destroy(cause), lingerMs);
  connection.once("close", () => clearTimeout(ending));
};
