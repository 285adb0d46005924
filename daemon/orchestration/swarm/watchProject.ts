/**
 * What a watcher of a project is told: everything, then what changes. A watcher is a position in the log: what it is
 * told next follows from the events after that, so one that reads slowly costs no memory, and one that comes back
 * goes on where it was. What changes without an event (a lease is renewed, a swarm is worked on) is noted by its id
 * for as long as somebody watches.
 */
import { Clock, Effect, Latch, Option, type Scope, Stream } from "effect";
import type { StorageError } from "../../../shared/contract/errors.ts";
import type { ProjectUpdate } from "../../../shared/contract/projectRoutes.ts";
import type { Agents } from "../../coordination/agents/Agents.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import type { Reservations } from "../../coordination/reservations/Reservations.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Mailbox } from "../../primitives/Mailbox.ts";
import { type LatestLines, latestLines } from "./latestLines.ts";
import { isTouched, nothingTouched, type Touched, touch, touchState } from "./projectTouched.ts";
import { pausedOf, readAllBesideCells, readTouched } from "./readProject.ts";
import { Swarms } from "./Swarms.ts";

/** An update, and the position in the log that a watcher has reached with it. */
export interface ProjectFrame {
  readonly seq?: number;
  /** Without one, the frame only moves the watcher on. */
  readonly update?: ProjectUpdate;
}

/** Of a watcher that is further behind, everything is shorter than what changed. */
const mostEvents = 5000;
/** A frame with more cells than this would keep everybody else waiting while it is made. */
const cellsAtOnce = 1000;
/** Milliseconds between two frames: what is committed meanwhile is told in one. */
const gap = 20;
/** After so many events of other projects a watcher is told its position. */
const tellAfter = 1000;

/** What a watcher is told next. */
type Step =
  | { readonly tell: "everything" }
  | { readonly tell: "cells"; readonly seq: number; readonly rest: ReadonlyArray<string> }
  | { readonly tell: "changes"; readonly sent: number; readonly isBack: boolean };

type Services = EventStore | Hive | Agents | Reservations | Mailbox | Swarms;

/** With `after`, the position of a watcher that comes back, first what changed since. It does not end. */
export const watchProject = (options: {
  readonly project: string;
  readonly root: string;
  readonly after: number | undefined;
}): Stream.Stream<ProjectFrame, StorageError, Services> => {
  const { project, root, after } = options;
  return Stream.unwrap(
    Effect.gen(function* () {
      const store = yield* EventStore;
      const hive = yield* Hive;
      const clock = yield* Clock.Clock;
      const now = () => clock.currentTimeMillisUnsafe();
      const watcher = yield* listen(project);
      const { news, lines } = watcher;
      let isPaused = pausedOf();
      let paused: boolean | undefined;
      let hasQueue = true;
      let toldAt = 0;

      const everything = Effect.gen(function* () {
        const seq = watcher.head();
        watcher.touched = nothingTouched();
        const ids = yield* hive.ids(project);
        const cells = yield* hive.showAll(project, ids.slice(0, cellsAtOnce));
        const others = yield* readAllBesideCells(project);
        isPaused = pausedOf();
        paused = isPaused(others.swarms);
        hasQueue = others.queue.length > 0;
        const about = { project: { id: project, root }, paused };
        return told({ kind: "snapshot", seq, ...about, cells, ...others }, seq, ids.slice(cellsAtOnce));
      });

      const told = (update: ProjectUpdate, seq: number, rest: ReadonlyArray<string>) => {
        // Who loses the connection in the middle of it begins anew.
        const frame: ProjectFrame = { seq: rest.length > 0 ? 0 : seq, update };
        const next: Step =
          rest.length > 0 ? { tell: "cells", seq, rest } : { tell: "changes", sent: seq, isBack: false };
        toldAt = now();
        return [[frame], Option.some(next)] as const;
      };

      const moreCells = Effect.fnUntraced(function* (seq: number, rest: ReadonlyArray<string>) {
        const cells = yield* hive.showAll(project, rest.slice(0, cellsAtOnce));
        return told({ kind: "changes", seq, cells }, seq, rest.slice(cellsAtOnce));
      });

      const untilNews = Effect.fnUntraced(function* (sent: number) {
        for (;;) {
          news.closeUnsafe();
          const wait = watcher.hasNews(sent) ? toldAt + gap - now() : Number.POSITIVE_INFINITY;
          const due = Math.min(wait, (lines.nextAt() ?? Number.POSITIVE_INFINITY) - now());
          if (due <= 0) return;
          if (wait < Number.POSITIVE_INFINITY) yield* Effect.sleep(due);
          else yield* due === Number.POSITIVE_INFINITY ? news.await : Effect.timeoutOption(news.await, due);
        }
      });

      const changes = Effect.fnUntraced(function* (sent: number, isBack: boolean) {
        if (!isBack) yield* untilNews(sent);
        const printed = lines
          .take(now())
          .map(([cell, line]): ProjectFrame => ({ update: { kind: "progress", cell, line } }));
        if (!isBack && !watcher.hasNews(sent)) {
          const next: Step = { tell: "changes", sent, isBack };
          return [printed, Option.some(next)] as const;
        }
        const seq = watcher.head();
        const { touched } = watcher;
        if (isBack || watcher.hasEvents(sent)) {
          if (seq - sent > mostEvents) return yield* everything;
          watcher.touched = nothingTouched();
          let isRedacted = false;
          yield* Stream.runForEach(store.subscribe({ project, after: sent, upTo: seq }), (event) =>
            Effect.sync(() => {
              if (event.type === "event_redacted") isRedacted = true;
              touch(touched, event);
            }),
          );
          // What was taken away is to go from the watcher's memory too, whatever it was. It is still in this daemon's,
          // which ends for that reason: who comes back to the next one has not moved on.
          if (isRedacted) return yield* isBack ? everything : Effect.never;
        } else watcher.touched = nothingTouched();
        const { queue, ...read } = yield* readTouched(project, touched, isBack);
        const pausedNow = isPaused(read.swarms ?? []);
        const changed = {
          ...read,
          ...(queue !== undefined && (isBack || hasQueue || queue.length > 0) && { queue }),
          ...(pausedNow !== paused && { paused: pausedNow }),
        };
        paused = pausedNow;
        hasQueue = queue === undefined ? hasQueue : queue.length > 0;
        toldAt = now();
        const frame: ProjectFrame =
          Object.keys(changed).length > 0 ? { seq, update: { kind: "changes", seq, ...changed } } : { seq };
        const next: Step = { tell: "changes", sent: seq, isBack: false };
        return [[frame, ...printed], Option.some(next)] as const;
      });

      const begin: Step =
        after === undefined ? { tell: "everything" } : { tell: "changes", sent: after, isBack: true };
      return Stream.paginate(begin, (step: Step) => {
        switch (step.tell) {
          case "everything":
            return everything;
          case "cells":
            return moreCells(step.seq, step.rest);
          case "changes":
            return changes(step.sent, step.isBack);
        }
      });
    }),
  );
};

/** Notes what there is to tell a watcher of a project, for as long as it is there. */
const listen = Effect.fnUntraced(function* (
  project: string,
): Effect.fn.Return<Watcher, never, EventStore | Swarms | Scope.Scope> {
  const store = yield* EventStore;
  const swarms = yield* Swarms;
  let head = yield* store.head;
  let last = 0;
  const watcher: Watcher = {
    news: Latch.makeUnsafe(false),
    lines: latestLines(),
    touched: nothingTouched(),
    head: () => head,
    hasEvents: (sent) => last > sent,
    hasNews: (sent) => last > sent || isTouched(watcher.touched) || head - sent >= tellAfter,
  };
  // It may go on at once; it is to find what happened folded in by every listener.
  const wake = () => queueMicrotask(() => watcher.news.openUnsafe());
  yield* store.onCommit((events, state) => {
    const before = last;
    head = events.at(-1)?.seq ?? head;
    for (const event of events) if (event.project === project) last = event.seq;
    for (const change of state) if (change.project === project) touchState(watcher.touched, change);
    if (last > before || isTouched(watcher.touched) || events.some(({ seq }) => seq % tellAfter === 0))
      wake();
  });
  yield* swarms.onNews((what) => {
    // Whose swarm it is turns out when it is to be shown.
    if (what.kind === "shown") watcher.touched.swarms.add(what.epic);
    else if (what.kind !== "printed" || what.project !== project || !watcher.lines.put(what.cell, what.line))
      return;
    wake();
  });
  return watcher;
});

interface Watcher {
  /** Open when there is something new. */
  readonly news: Latch.Latch;
  readonly lines: LatestLines;
  /** What changed without an event. */
  touched: Touched;
  /** The last event that everybody has folded in. */
  readonly head: () => number;
  readonly hasEvents: (sent: number) => boolean;
  readonly hasNews: (sent: number) => boolean;
}
