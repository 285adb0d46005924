/** Raw requests to a daemon's socket, right and wrong ones, many at once over connections that are kept. */
import { Agent, request } from "node:http";
import { connect } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly ms: number;
}

/** Longer than this is a hang. */
export const patience = 30_000;
/** A stream is read for this long at most: what it sends later is not what is looked at here. */
const streamMs = 120;

export const makeAsk = (socketPath: string, lanes: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  /** Fails when no answer comes in time, or the connection breaks. */
  const ask = ({ method, path, headers, body }: Asked) =>
    new Promise<Answered>((resolve, reject) => {
      const begun = performance.now();
      let text = "";
      const outgoing = request({
        socketPath,
        agent,
        method,
        path,
        headers: { host: "localhost", "content-length": Buffer.byteLength(body ?? ""), ...headers },
      });
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${patience / 1000} s`));
        outgoing.destroy();
      }, patience);
      outgoing.on("error", (cause) => {
        clearTimeout(timer);
        reject(cause);
      });
      outgoing.on("response", (response) => {
        const type = String(response.headers["content-type"] ?? "");
        const done = () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, type, text, ms: performance.now() - begun });
        };
        const stream = type.startsWith("text/event-stream");
        if (stream) {
          setTimeout(() => {
            done();
            outgoing.destroy();
          }, streamMs);
        }
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("error", () => stream || reject(new Error("the answer broke off")));
        response.on("end", done);
      });
      outgoing.end(body);
    });
  return { ask, end: () => agent.destroy() };
};

/** Bytes as they are: what a client's library would not send. Answers what came back until the other side closed. */
export const sendBytes = (socketPath: string, bytes: Buffer | string) =>
  new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(socketPath, () => socket.end(bytes));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`the connection stood open for ${patience / 1000} s after the client had closed its side`),
      );
    }, patience);
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    // A reset is an answer to garbage as well.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
