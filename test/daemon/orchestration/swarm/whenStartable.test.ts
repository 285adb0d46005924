/** What a subtask waits for whose program can't be started, and when it is given up. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { StartBreaker } from "../../../../daemon/orchestration/agents/StartBreaker.ts";
import type { SwarmRun } from "../../../../daemon/orchestration/swarm/SwarmRun.ts";
import {
  noteNotStarted,
  noteStarted,
  whenStartable,
} from "../../../../daemon/orchestration/swarm/whenStartable.ts";
import type { SubtaskState } from "../../../../shared/contract/swarmState.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

interface Stage {
  readonly run: SwarmRun;
  readonly subtask: SubtaskState;
  readonly shown: ReadonlyArray<string>;
  readonly install: () => void;
  readonly remove: () => void;
}

const staged = <A, E>(use: (stage: Stage) => Effect.Effect<A, E, StartBreaker>) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const program = join(folder, "agent");
    const shown: Array<string> = [];
    // Of a run no more is looked at.
    const run = {
      project: { root: folder },
      progress: (_: string, line: string) => shown.push(line),
    } as unknown as SwarmRun;
    const subtask = { id: "e.1", agent: `command:${program}` } as SubtaskState;
    const install = () => writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    return yield* use({ run, subtask, shown, install, remove: () => rmSync(program) });
  }).pipe(Effect.provide(StartBreaker.layer), Effect.scoped);

// It is loaded at its first use, and the clock of these tests does not wait for that.
beforeAll(() => import("effect/persistence/CircuitBreaker"));

describe("a subtask's program", () => {
  it.effect("is started at once when it is there", () =>
    staged(({ run, subtask, shown, install }) =>
      Effect.gen(function* () {
        install();
        assert.isUndefined(yield* whenStartable(run, subtask));
        assert.deepStrictEqual(shown, []);
      }),
    ),
  );

  it.effect("is waited for, with a sentence that says what is missing, and may come later", () =>
    staged(({ run, subtask, shown, install }) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(whenStartable(run, subtask));
        yield* TestClock.adjust("5 seconds");
        assert.isUndefined(waiting.pollUnsafe());
        assert.match(
          shown[0] ?? "",
          /^The agent's program \S+ was not found or is not executable\. .* in 2 s\.$/,
        );
        assert.match(shown.at(-1) ?? "", /in 4 s\.$/);
        install();
        yield* TestClock.adjust("1 second");
        assert.isUndefined(yield* Fiber.join(waiting));
      }),
    ),
  );

  it.effect("is given up after about a minute, and looked for again when somebody asks", () =>
    staged(({ run, subtask, install }) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(whenStartable(run, subtask));
        yield* TestClock.adjust("61 seconds");
        assert.isUndefined(waiting.pollUnsafe());
        yield* TestClock.adjust("1 second");
        assert.match((yield* Fiber.join(waiting)) ?? "", /was not found or is not executable\.$/);
        install();
        const again = yield* Effect.forkChild(whenStartable(run, subtask));
        yield* TestClock.adjust("64 seconds");
        assert.isUndefined(yield* Fiber.join(again));
      }),
    ),
  );

  it.effect("that is there and can't be started is waited for after the second time", () =>
    staged(({ run, subtask, shown, install }) =>
      Effect.gen(function* () {
        install();
        const message = "It has the wrong format.";
        assert.isFalse(yield* noteNotStarted(subtask, message));
        assert.isUndefined(yield* whenStartable(run, subtask));
        assert.isFalse(yield* noteNotStarted(subtask, message));
        const waiting = yield* Effect.forkChild(whenStartable(run, subtask));
        yield* TestClock.adjust("1 second");
        assert.deepStrictEqual(shown, ["It has the wrong format. It is tried again in 2 s."]);
        yield* TestClock.adjust("1 second");
        assert.isUndefined(yield* Fiber.join(waiting));
        yield* noteStarted(subtask);
        assert.isFalse(yield* noteNotStarted(subtask, message));
        assert.isUndefined(yield* whenStartable(run, subtask));
      }),
    ),
  );

  it.effect("of the repository's own is neither looked for nor waited for", () =>
    staged(({ run, shown }) =>
      Effect.gen(function* () {
        const subtask = { id: "e.1", agent: "command:./tools/agent.sh" } as SubtaskState;
        assert.isUndefined(yield* whenStartable(run, subtask));
        assert.isTrue(yield* noteNotStarted(subtask, "It does not exist."));
        assert.isUndefined(yield* whenStartable(run, subtask));
        assert.deepStrictEqual(shown, []);
      }),
    ),
  );
});
