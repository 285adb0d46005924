/** A line of Effect's log when a call or a stream has ended: which, how long it took, and the cause if it failed. */
import { Cause, Clock, Duration, Effect, Exit } from "effect";
import type { Middleware } from "./Middleware.ts";

export const logging: Middleware = ({ path }, next) =>
  Effect.flatMap(Clock.currentTimeMillis, (began) =>
    Effect.onExit(next(), (exit) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const about = { route: path, took: Duration.format(Duration.millis(now - began)) };
        if (Exit.isSuccess(exit)) return Effect.logInfo("answered", about);
        // Whoever asked has gone: nothing failed.
        if (Cause.hasInterruptsOnly(exit.cause)) return Effect.logInfo("given up", about);
        return Effect.logWarning("failed", about, exit.cause);
      }),
    ),
  );
