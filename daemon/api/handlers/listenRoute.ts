/** `daemon.listen`: holds a port of 127.0.0.1 open while its stream is, and makes it known when asked to. */
import { createHash } from "node:crypto";
import { Effect, Stream } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { PROTOCOL } from "../../../shared/contract/protocol.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import { version } from "../../../shared/contract/version.ts";
import type { Handler } from "../../../shared/router/implement.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import type { Caller } from "../authenticate.ts";
import { LocalPort } from "../LocalPort.ts";

export const listenHandler: Handler<
  Contract["daemon"]["listen"],
  Caller,
  AnyError,
  LocalPort | DataFolder
> = ({ input }) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { cloneId } = yield* DataFolder;
      const port = yield* (yield* LocalPort).open(input.port);
      const url = `http://127.0.0.1:${port}`;
      if (input.announce !== true) return Stream.concat(Stream.succeed({ data: { url } }), Stream.never);
      // Everybody on the network reads it: the clone's id itself is in the markers of our processes.
      const clone = createHash("sha256").update(cloneId).digest("hex").slice(0, 8);
      const name = `opencode-vibe-${clone}`;
      const txt = { version, role: "vibe-daemon", protocol: String(PROTOCOL), clone };
      const { announce } = yield* Effect.promise(() => import("../../platform/announce.ts"));
      yield* announce({ name, port, txt });
      return Stream.concat(Stream.succeed({ data: { url, name } }), Stream.never);
    }),
  );
