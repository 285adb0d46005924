/**
 * The frames of a stream, over as many connections as it takes: one that is lost is taken up after the last frame
 * that arrived whole, by its id, so that each comes exactly once. A daemon that was killed is waited for, or started
 * again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "effect";
import { Sse } from "effect/encoding";
import { DaemonUnreachable, InternalError, StreamReset } from "../contract/errors.ts";
import type { Received, StreamOptions, Target } from "../router/createClient.ts";
import { type Address, asError, readJson, send, textOf, unreachable, wasNotSent } from "./send.ts";

/** Milliseconds between attempts, the last of them again and again, until so much time has passed in vain. */
const pauses = [20, 100, 250, 500];
const patience = 20_000;
const defaultHeartbeat = "15 seconds";

export async function* streamFrames(
  /** The daemon's address; with `lost`, that of the one that is there now. */
  find: (lost?: "call" | "stream") => Promise<Address>,
  target: Target,
  input: unknown,
  options: StreamOptions,
): AsyncGenerator<Received<unknown>> {
  let position = options.lastEventId;
  let hasBegun = false;
  let attempts = 0;
  let lost: "call" | "stream" | undefined;
  let lostAt = 0;
  for (;;) {
    // What it says when there is no daemon, and none to come, is the last word.
    const address = await find(lost);
    try {
      for await (const { event, id, data } of connection(address, target, input, position, options.signal)) {
        hasBegun = true;
        attempts = 0;
        if (event === "reset") {
          if (options.onReset === undefined) throw voided();
          options.onReset();
          position = id;
        }
        position = id ?? position;
        if (data !== undefined) yield { id, data };
      }
      return;
    } catch (cause) {
      if (options.signal?.aborted === true) return;
      if (!(cause instanceof DaemonUnreachable)) throw cause;
      // From a stream without positions nothing may come twice.
      if (target.route.resume === "none" || (hasBegun && position === undefined)) throw cause;
      if (!hasBegun && lost !== "stream" && wasNotSent(cause)) {
        // As with a call, whoever may start a daemon does.
        if (lost === "call") throw cause;
        lost = "call";
        continue;
      }
      lost = "stream";
      if (attempts === 0) lostAt = performance.now();
      else if (performance.now() - lostAt > patience) throw cause;
      const pause = pauses[Math.min(attempts++, pauses.length - 1)];
      const { signal } = options;
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }
}

const voided = () =>
  new StreamReset({
    message:
      "The daemon's store is another than the one that was followed, so that what was received is void. Start anew, without a position.",
  });

interface SseFrame {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** The frames of one connection; a lost one is `DaemonUnreachable`. */
async function* connection(
  address: Address,
  { path, route }: Target,
  input: unknown,
  position: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<SseFrame> {
  const query = new URLSearchParams({ input: JSON.stringify(input) });
  const response = await send(address, "GET", `/api/${path}?${query}`, undefined, {
    ...(position === undefined ? {} : { lastEventId: position }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.statusCode !== 200) throw asError(await readJson(response));
  const ready: Array<Sse.Event> = [];
  const parser = Sse.makeParser(
    (event) => {
      if (event._tag === "Event") ready.push(event);
    },
    { dispatchEmptyNamedEvents: true, maxEventSize: largest },
  );
  const heartbeat = Duration.toMillis(Duration.fromInputUnsafe(route.heartbeat ?? defaultHeartbeat));
  for await (const chunk of textOf(response, 3 * heartbeat)) {
    const tooLarge = parser.feed(chunk);
    for (const { event, id, data } of ready.splice(0)) {
      if (event === "end") return;
      const value: unknown = data === "" ? undefined : JSON.parse(data);
      if (event === "error") throw asError(value);
      yield { event, id, data: value };
    }
    if (tooLarge !== undefined) throw new InternalError({ message: tooLarge.message, reference: "" });
  }
  throw unreachable({ message: "the stream ended early" });
}

/** Characters of a frame; an event of 10 MB is the largest that a request can make. */
const largest = 64 * 1024 * 1024;
