/**
 * Asked before a file is written. The table is `decideWrite`; here is found out what it asks: where the file lies,
 * who writes, and whose it is. In the shared tree a free file is reserved for a session by the check itself, since
 * two sessions may ask at the same moment.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Clock, Effect, Result } from "effect";
import {
  InvalidInput,
  type LeaseConflict,
  type LeaseConflictEntry,
  NotAllowed,
  NotFound,
} from "../../../shared/contract/errors.ts";
import { literalAlternative, renderAlternative } from "../../../shared/contract/patternParse.ts";
import type { WriteVerdict } from "../../../shared/contract/reservationRoutes.ts";
import { decideWrite, type FileState, type Where, type Writer } from "../../../shared/contract/writeCheck.ts";
import { writeMessage } from "../../../shared/contract/writeMessage.ts";
import { type AgentIdentity, Agents } from "../../coordination/agents/Agents.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { type Lease, Reservations } from "../../coordination/reservations/Reservations.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import { type Located, locateFile, realPath } from "../locateFile.ts";
import { originOf } from "./request.ts";

/** How long the check reserves a file for, anew with each write. */
const reservedSeconds = 600;

interface Request {
  readonly input: {
    readonly project: string;
    readonly path: string;
    readonly harness?: string;
    readonly session?: string;
  };
  readonly context: Caller;
}

export const writeCheck = Effect.fn("writeCheck")(function* ({ input, context }: Request) {
  const located = yield* locateFile(input.project, input.path);
  if (located.where === "unmanaged") return silent;
  const writer = yield* writerOf(input, context, located);
  const where = yield* whereIs(located, writer);
  const project = located.project ?? "";
  const { path } = located;
  const reservations = yield* Reservations;
  const covering = where === "elsewhere" ? [] : reservations.check(project, path);
  const others = covering.filter((lease) => !isOwn(writer, lease));
  const state: FileState =
    covering.length === 0 ? "free" : others.length < covering.length ? "mine" : "other";
  // Its own by an earlier check: the same request again moves its end on.
  const renews = covering.some((lease) => isOwn(writer, lease) && lease.reason === byCheck);
  const asks = where === "shared-tree" && writer.who === "session" && (state !== "mine" || renews);
  const asked = asks ? yield* reserve(project, path, writer, context) : undefined;
  const granted = asked !== undefined && Result.isSuccess(asked) ? asked.success : undefined;
  const refused = asked !== undefined && Result.isFailure(asked) ? asked.failure : undefined;
  const file: FileState = asked === undefined || state === "mine" ? state : granted ? "free" : "other";
  const decision = decideWrite({ where, who: writer.who, file, daemon: "reachable" });
  if (decision.also === "record") yield* record(project, path, others, context);
  const conflicts =
    file === "other" ? (refused?.conflicts ?? others.map((lease) => entryOf(path, lease))) : [];
  const verdict: WriteVerdict = {
    allowed: decision.allowed,
    message: writeMessage(decision, {
      path: input.path,
      conflicts,
      now: yield* Clock.currentTimeMillis,
      ...(refused !== undefined && { ahead: placeOf(reservations, project, writer, path) ?? refused.ahead }),
      ...(writer.checkout !== undefined && { checkout: writer.checkout }),
    }),
    conflicts,
    ...(granted?.expiresAt !== undefined && { reservedUntil: granted.expiresAt }),
  };
  return verdict;
});

const silent: WriteVerdict = { allowed: true, message: "", conflicts: [] };

const byCheck = "written by the session";

interface Asking {
  readonly who: Writer;
  /** As leases name it: a worker's are its cell's. */
  readonly holder: string;
  readonly project: string | undefined;
  readonly cell?: string;
  /** A worker's own. */
  readonly checkout?: string;
}

/** Who writes. Only the launcher speaks for somebody else, and only for a session that is registered. */
const writerOf = Effect.fnUntraced(function* (
  { harness, session }: Request["input"],
  caller: Caller,
  located: Exclude<Located, { readonly where: "unmanaged" }>,
) {
  const agents = yield* Agents;
  if (caller.kind === "person") {
    if (harness === undefined && session === undefined) return thePerson;
    return yield* new InvalidInput({
      message:
        "The person asks as the person: leave out harness and session, which are the launcher's to give.",
    });
  }
  if (caller.kind === "agent") {
    const own = agents.get(caller.project, caller.name);
    // It ended while this call was on its way.
    if (own === undefined) return yield* notRegistered(caller.name);
    if ((harness ?? own.harness) === own.harness && (session ?? own.session) === own.session)
      return yield* asAgent(own);
    return yield* new NotAllowed({
      message: `${caller.name} can ask for itself only, and it is not the session ${harness ?? ""} ${session ?? ""}.`,
    });
  }
  if (harness === undefined || session === undefined) {
    return yield* new InvalidInput({ message: "Say for which session you ask: give harness and session." });
  }
  const own = agents.ofSession(located.project ?? "", harness, session);
  if (own !== undefined) return yield* asAgent(own);
  // A checkout of ours is no place for any session, known or not.
  if (located.where === "data") return { who: "session", holder: "", project: undefined } satisfies Asking;
  return yield* notRegistered(`The session ${session} of ${harness}`);
});

const thePerson: Asking = { who: "person", holder: "person", project: undefined };

const notRegistered = (who: string) =>
  new NotFound({
    message: `${who} is not registered in this project. Register the session with agents.register, and ask again.`,
  });

const asAgent = Effect.fnUntraced(function* ({ kind, name, project, epic, cell, attempt }: AgentIdentity) {
  if (kind === "session") {
    const asking: Asking = { who: "session", holder: name, project };
    return asking;
  }
  const { root } = yield* DataFolder;
  const asking: Asking = {
    who: "worker",
    holder: cell ?? name,
    project,
    ...(cell !== undefined && { cell }),
    checkout: join(
      root,
      "projects",
      project,
      "work",
      safeName(epic ?? ""),
      safeName(cell ?? ""),
      String(attempt),
    ),
  };
  return asking;
});

const whereIs = Effect.fnUntraced(function* (
  located: Exclude<Located, { readonly where: "unmanaged" }>,
  writer: Asking,
) {
  const isOwnProject = writer.who === "person" || located.project === writer.project;
  if (located.where === "tree") return isOwnProject ? "shared-tree" : "elsewhere";
  const isOwn = writer.checkout !== undefined && located.root === (yield* realPath(writer.checkout));
  const where: Where = isOwn ? "worker-checkout" : "elsewhere";
  return where;
});

const isOwn = ({ who, holder, cell }: Asking, lease: Lease): boolean =>
  who === "worker"
    ? cell !== undefined && lease.cell === cell
    : lease.holder === holder && lease.cell === undefined && lease.epic === undefined;

/** The lease, or who stands in the way. */
const reserve = Effect.fnUntraced(function* (project: string, path: string, writer: Asking, caller: Caller) {
  const literal = yield* Effect.fromResult(literalAlternative(path)).pipe(
    Effect.mapError(
      (why) => new InvalidInput({ message: `${JSON.stringify(path)} can't be reserved: it ${why}.` }),
    ),
  );
  const reservations = yield* Reservations;
  const agents = yield* Agents;
  // The launcher speaks for the session here, whose lease it is.
  const actor = caller.kind === "launcher" ? (`agent:${writer.holder}` as const) : caller.actor;
  return yield* reservations
    .reserve(
      { project, actor },
      {
        holder: writer.holder,
        patterns: [renderAlternative(literal, false)],
        ttlSeconds: reservedSeconds,
        reason: byCheck,
        isThere: () => agents.isLive(project, writer.holder),
      },
    )
    .pipe(
      Effect.map((lease): Result.Result<Lease, LeaseConflict> => Result.succeed(lease)),
      Effect.catchTag("LeaseConflict", (conflict) => Effect.succeed(Result.fail(conflict))),
    );
});

/** How many are before it, when it waits for the file already. */
const placeOf = (
  reservations: Reservations["Service"],
  project: string,
  { holder }: Asking,
  path: string,
): number | undefined =>
  reservations
    .queue(project)
    .find((place) => place.holder === holder && place.cell === undefined && place.patterns.includes(path))
    ?.ahead;

/** Once for each lease and path: the event's id says so. */
const record = Effect.fnUntraced(function* (
  project: string,
  path: string,
  leases: ReadonlyArray<Lease>,
  caller: Caller,
) {
  const store = yield* EventStore;
  const events = leases.map(({ lease, holder }) => ({
    id: eventId(lease, holder, path),
    stream: "lease",
    type: "reserved_file_written" as const,
    data: { path, by: caller.actor, holder, lease },
  }));
  // The person is not held up by a log that can't be written.
  yield* Effect.ignore(store.append(originOf(project, caller), events), { log: "Warn" });
});

/** The same for the same lease, holder and path, in the form of a UUID (version 8: a number of our own making). */
const eventId = (...parts: ReadonlyArray<string>): string => {
  const hex = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const entryOf = (path: string, lease: Lease): LeaseConflictEntry => ({
  requested: path,
  held: lease.patterns.join(" "),
  holder: lease.holder,
  ...(lease.cell !== undefined && { cell: lease.cell }),
  ...(lease.epic !== undefined && { epic: lease.epic }),
  ...(lease.expiresAt !== undefined && { expiresAt: lease.expiresAt }),
});
