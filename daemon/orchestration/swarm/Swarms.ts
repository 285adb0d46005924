/**
 * All swarms of this daemon: which ones it is working on right now, and a view of any. Where a swarm stands is
 * in its log alone; here are the fibers that work on it.
 */
import { join } from "node:path";
import {
  Cause,
  Context,
  Effect,
  Exit,
  Fiber,
  FiberMap,
  Layer,
  Option,
  Queue,
  type Scope,
  Semaphore,
  Stream,
} from "effect";
import type { NotFound, StorageError } from "../../../shared/contract/errors.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { StartBreaker } from "../agents/StartBreaker.ts";
import type { OpenProject, ProjectError } from "./Projects.ts";
import { followSwarm, type SwarmLog } from "./SwarmLog.ts";
import { epicBranch, logsFolder, type SwarmRun } from "./SwarmRun.ts";
import { swarmView } from "./swarmView.ts";
import { makeSwarmWatchers, type SwarmFrame, watchSwarm } from "./watchSwarm.ts";
import { workOnSwarm } from "./workOnSwarm.ts";

/** What is in no log: that a swarm is shown another way than before, and what its agents print. */
export type SwarmNews =
  | { readonly kind: "shown"; readonly epic: string }
  | { readonly kind: "printed"; readonly project: string; readonly cell: string; readonly line: string }
  /** The file with the output of the cell's agent has more now. */
  | { readonly kind: "wrote"; readonly epic: string; readonly cell: string };

type Opening = Effect.Effect<OpenProject, ProjectError>;

/** Checks are heavy; two at once fill a small machine. */
const gatesAtOnce = 2;

export class Swarms extends Context.Service<
  Swarms,
  {
    /** One decision of the person's on a swarm at a time, so that each sees what the one before it did. */
    readonly inTurn: <A, E, R>(epicId: string, decision: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
    /**
     * Works on a swarm in the background, from when its project is open; when this daemon already does, it looks once
     * more before it stops.
     */
    readonly launch: (project: Opening, epicId: string) => Effect.Effect<void>;
    /** Says why nothing is done for a swarm, until it is launched. */
    readonly setAside: (epicId: string, why: string) => Effect.Effect<void>;
    /**
     * Stops working on it: agents are ended, and what was under way stays resumable. Watchers are told of the end
     * when the scope closes, by when the caller has decided what comes of it.
     */
    readonly halt: (epicId: string) => Effect.Effect<void, never, Scope.Scope>;
    /** Returns when this daemon does not work on it. */
    readonly awaitEnd: (epicId: string) => Effect.Effect<void>;
    readonly view: (project: string, epicId: string) => Effect.Effect<SwarmView, NotFound | StorageError>;
    /**
     * The state as of now, then what happens, until the daemon stops working on the swarm. A watcher that comes back
     * gives the position that it had reached, and is told the events since then.
     */
    readonly watch: (
      project: string,
      epicId: string,
      after?: number,
    ) => Stream.Stream<SwarmFrame, NotFound | StorageError>;
    readonly onNews: (listener: (news: SwarmNews) => void) => Effect.Effect<void, never, Scope.Scope>;
    readonly isLive: (epicId: string) => boolean;
    readonly liveCount: Effect.Effect<number>;
  }
>()("opencode-vibe/orchestration/Swarms") {
  static readonly layer = Layer.effect(
    Swarms,
    Effect.gen(function* () {
      const services = yield* Effect.context<Effect.Services<ReturnType<typeof workOnSwarm>> | EventStore>();
      const store = yield* EventStore;
      const data = yield* DataFolder;
      const fibers = yield* FiberMap.make<string>();
      const wakes = new Map<string, Queue.Queue<void>>();
      const problems = new Map<string, string>();
      const halting = new Set<string>();
      /** Swarms that were launched while they were being worked on, and are looked at again when that ends. */
      const again = new Map<string, Opening>();
      const turns = new Map<string, Semaphore.Semaphore>();
      const landingTurn = yield* Semaphore.make(1);
      const watchers = makeSwarmWatchers();
      /** The logs of those that are worked on, which need not be read to be shown. */
      const logs = new Map<string, SwarmLog>();
      const listeners = new Set<(news: SwarmNews) => void>();
      const tell = (news: SwarmNews) => {
        for (const listener of listeners) listener(news);
      };

      const isLive = (epicId: string) => FiberMap.hasUnsafe(fibers, epicId);
      const viewOf = (log: SwarmLog) =>
        swarmView(
          log.state(),
          log.epicId,
          { live: isLive(log.epicId), problem: problems.get(log.epicId) ?? null },
          log.seq(),
        );

      yield* store.onCommit((events) => {
        for (const event of events) {
          if (!event.stream.startsWith("swarm/")) continue;
          const epicId = event.stream.slice("swarm/".length);
          // A watcher may run at once; it is to find the event folded in by every listener.
          queueMicrotask(() => watchers.committed(epicId));
          // A decision of the person's may let a running swarm go on.
          const wake = wakes.get(epicId);
          if (wake !== undefined) Queue.offerUnsafe(wake, undefined);
        }
      });

      const work = Effect.fnUntraced(function* (opening: Opening, epicId: string, wake: Queue.Queue<void>) {
        const project = yield* opening;
        const log = yield* followSwarm(project.id, epicId);
        yield* Effect.acquireRelease(
          Effect.sync(() => logs.set(epicId, log)),
          () =>
            Effect.sync(() => {
              if (logs.get(epicId) === log) logs.delete(epicId);
            }),
        );
        const { maxWorkers } = log.epic().created;
        const run: SwarmRun = {
          project,
          epicId,
          log,
          branch: epicBranch(epicId),
          folder: join(data.root, "projects", project.id, "work", safeName(epicId)),
          logs: logsFolder(data.root, epicId),
          attempts: yield* Semaphore.make(2 * maxWorkers),
          preparing: yield* Semaphore.make(maxWorkers),
          workers: yield* Semaphore.make(maxWorkers),
          gates: yield* Semaphore.make(gatesAtOnce),
          mergeTurn: yield* Semaphore.make(1),
          landingTurn,
          wake,
          progress: (cell, line) => {
            watchers.printed(epicId, cell, line);
            tell({ kind: "printed", project: project.id, cell, line });
          },
          wrote: (cell) => tell({ kind: "wrote", epic: epicId, cell }),
        };
        yield* workOnSwarm(run);
      }, Effect.scoped);

      const noteProblem = Effect.fnUntraced(function* (epicId: string, cause: Cause.Cause<unknown>) {
        if (Cause.hasInterruptsOnly(cause)) return;
        const error = Cause.squash(cause);
        problems.set(epicId, error instanceof Error ? error.message : String(error));
        yield* Effect.logError("the swarm stopped", cause);
      });

      const launch = Effect.fn("Swarms.launch")(function* (project: Opening, epicId: string) {
        if (isLive(epicId)) {
          again.set(epicId, project);
          return;
        }
        yield* begin(project, epicId);
      });

      const begin = Effect.fnUntraced(function* (project: Opening, epicId: string) {
        problems.delete(epicId);
        const wake = yield* Queue.unbounded<void>();
        wakes.set(epicId, wake);
        const fiber = yield* FiberMap.run(
          fibers,
          epicId,
          work(project, epicId, wake).pipe(
            Effect.onExit((exit) => (Exit.isFailure(exit) ? noteProblem(epicId, exit.cause) : Effect.void)),
            Effect.annotateLogs({ epic: epicId, correlation: epicId }),
            Effect.withSpan("swarm", { attributes: { epic: epicId } }),
            Effect.provideContext(services),
          ),
        );
        tell({ kind: "shown", epic: epicId });
        // Observers run in the order they were added: by now the map has let go of the fiber.
        fiber.addObserver(() => {
          wakes.delete(epicId);
          tell({ kind: "shown", epic: epicId });
          const next = again.get(epicId);
          again.delete(epicId);
          if (next !== undefined && !halting.has(epicId))
            return void Effect.runForkWith(services)(begin(next, epicId));
          if (!halting.has(epicId)) watchers.ended(epicId);
        });
      });

      return Swarms.of({
        inTurn: (epicId, decision) => {
          const turn = turns.get(epicId) ?? Semaphore.makeUnsafe(1);
          turns.set(epicId, turn);
          return turn.withPermit(decision);
        },
        launch,
        setAside: (epicId, why) =>
          Effect.sync(() => {
            problems.set(epicId, why);
            tell({ kind: "shown", epic: epicId });
          }),
        halt: (epicId) =>
          Effect.acquireRelease(
            Effect.suspend(() => {
              halting.add(epicId);
              return FiberMap.remove(fibers, epicId);
            }),
            () =>
              Effect.sync(() => {
                halting.delete(epicId);
                watchers.ended(epicId);
              }),
          ),
        awaitEnd: (epicId) =>
          Effect.gen(function* () {
            for (;;) {
              const fiber = Option.getOrUndefined(FiberMap.getUnsafe(fibers, epicId));
              if (fiber === undefined) return;
              yield* Fiber.await(fiber);
              // It may have been launched anew; its observers have run when the next task does.
              yield* Effect.sleep(0);
            }
          }),
        view: Effect.fn("Swarms.view")(function* (project, epicId) {
          const log = logs.get(epicId);
          if (log?.epic().project === project) return viewOf(log);
          return viewOf(yield* followSwarm(project, epicId).pipe(Effect.provideService(EventStore, store)));
        }, Effect.scoped),
        watch: (project, epicId, after) =>
          watchSwarm({ project, epicId, after, watchers, viewOf, isLive: () => isLive(epicId) }).pipe(
            Stream.provideService(EventStore, store),
          ),
        onNews: (listener) =>
          Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener)),
          ),
        isLive,
        liveCount: FiberMap.size(fibers),
      });
    }),
  ).pipe(Layer.provide(StartBreaker.layer));
}
