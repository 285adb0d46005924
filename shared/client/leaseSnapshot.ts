/**
 * The leases of a project as the daemon last wrote them into a file, for whoever can't reach it: a hook that has to
 * say at once whether a file may be written. It is behind the daemon by a moment, and it is no lock.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Result, Schema } from "effect";
import { matches, parsePattern } from "../contract/pattern.ts";
import type { FileState } from "../contract/writeCheck.ts";

const Str = Schema.String;

export const LeaseSnapshot = Schema.Struct({
  /** As of this event of this store. */
  store: Str,
  seq: Schema.Natural,
  /** ISO 8601. */
  at: Str,
  leases: Schema.Array(
    Schema.Struct({
      lease: Str,
      holder: Str,
      cell: Schema.optionalKey(Str),
      epic: Schema.optionalKey(Str),
      patterns: Schema.Array(Str),
      exclusive: Schema.Boolean,
      expiresAt: Schema.optionalKey(Str),
    }),
  ),
  /** Which agent a session is, so that it knows its own leases. */
  sessions: Schema.Array(Schema.Struct({ harness: Str, session: Str, name: Str })),
});
export type LeaseSnapshot = typeof LeaseSnapshot.Type;
export type SnapshotLease = LeaseSnapshot["leases"][number];

/** Where the snapshot of a project lies in the data folder. */
export const leaseSnapshotFile = (dataFolder: string, project: string): string =>
  join(dataFolder, "projects", project, "leases.json");

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(LeaseSnapshot));

/** Undefined when there is none, or none that this version can read. */
export const readLeaseSnapshot = async (
  dataFolder: string,
  project: string,
): Promise<LeaseSnapshot | undefined> => {
  const text = await readFile(leaseSnapshotFile(dataFolder, project), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return Result.getOrElse(decode(text), () => undefined);
};

export interface SnapshotQuestion {
  /** Relative to the root, with `/` between folders. */
  readonly path: string;
  readonly harness: string;
  readonly session: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** Whose a file is by a snapshot, and the leases on it of others. */
export const stateBySnapshot = (
  snapshot: LeaseSnapshot,
  { path, harness, session, now }: SnapshotQuestion,
): { readonly file: FileState; readonly others: ReadonlyArray<SnapshotLease> } => {
  const own = snapshot.sessions.find((one) => one.harness === harness && one.session === session)?.name;
  const covering = snapshot.leases.filter((lease) => !isOver(lease, now) && covers(lease, path));
  const others = covering.filter(
    (lease) =>
      own === undefined || lease.holder !== own || lease.cell !== undefined || lease.epic !== undefined,
  );
  if (covering.length === 0) return { file: "free", others };
  return { file: others.length < covering.length ? "mine" : "other", others };
};

const isOver = ({ expiresAt }: SnapshotLease, now: number) =>
  expiresAt !== undefined && Date.parse(expiresAt) <= now;

const caseInsensitive = process.platform === "darwin" || process.platform === "win32";

const covers = ({ patterns }: SnapshotLease, path: string): boolean =>
  patterns.some((text) =>
    Result.match(parsePattern(text, { caseInsensitive }), {
      onSuccess: (pattern) => matches(pattern, path),
      // Of a newer version: nobody can say what it covers, so it covers everything.
      onFailure: () => true,
    }),
  );
