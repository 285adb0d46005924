/**
 * Keeps a file with each project's leases for those who can't reach the daemon (`shared/client/leaseSnapshot.ts`).
 * It is written soon after a change, many changes at once, and never in the way of one; a file that can't be
 * written is a warning in the log.
 */
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Clock, Effect, Layer, Queue } from "effect";
import { type LeaseSnapshot, leaseSnapshotFile } from "../../../shared/client/leaseSnapshot.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { Reservations } from "../reservations/Reservations.ts";
import { Agents } from "./Agents.ts";

/** Changes within this time are written together. */
const pause = "50 millis";

/** Needs the services to be there before it: what they show is what is written. */
export const leaseSnapshots = Layer.effectDiscard(
  Effect.gen(function* () {
    const data = yield* DataFolder;
    const store = yield* EventStore;
    const reservations = yield* Reservations;
    const agents = yield* Agents;
    const changed = new Set<string>();
    const woken = yield* Queue.sliding<void>(1);
    const mark = (project: string) => {
      changed.add(project);
      Queue.offerUnsafe(woken, undefined);
    };
    yield* reservations.onChange(mark);
    yield* store.onCommit((events) => {
      for (const { project, stream } of events) if (stream.startsWith("agent/")) mark(project);
    });

    const write = Effect.fnUntraced(function* (project: string) {
      const file = leaseSnapshotFile(data.root, project);
      const snapshot: LeaseSnapshot = {
        store: store.storeId,
        seq: yield* store.head,
        at: new Date(yield* Clock.currentTimeMillis).toISOString(),
        leases: reservations
          .list(project)
          .map(({ lease, holder, cell, epic, patterns, exclusive, expiresAt }) => ({
            lease,
            holder,
            patterns,
            exclusive,
            ...(cell !== undefined && { cell }),
            ...(epic !== undefined && { epic }),
            ...(expiresAt !== undefined && { expiresAt }),
          })),
        sessions: agents
          .live(project)
          .flatMap(({ harness, session, name }) =>
            harness === undefined || session === undefined ? [] : [{ harness, session, name }],
          ),
      };
      yield* fileSystem(file, async () => {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(`${file}.new`, JSON.stringify(snapshot), { mode: 0o600 });
        await rename(`${file}.new`, file);
      });
    });
    // A file that is begun is finished, so that no two are written at once.
    const writeChanged = Effect.uninterruptible(
      Effect.suspend(() => {
        const projects = [...changed];
        changed.clear();
        return Effect.forEach(projects, (project) => Effect.ignore(write(project), { log: "Warn" }), {
          discard: true,
        });
      }),
    );
    // What a daemon that was killed left may be behind.
    const folder = join(data.root, "projects");
    for (const project of yield* Effect.promise(() => readdir(folder).catch(() => []))) mark(project);
    // The last changes of a daemon that ends well are in the files.
    yield* Effect.addFinalizer(() => writeChanged);
    yield* Queue.take(woken).pipe(
      Effect.andThen(Effect.sleep(pause)),
      Effect.andThen(writeChanged),
      Effect.forever,
      Effect.forkScoped,
    );
  }),
);
