/**
 * May this file be written? The whole table, as one pure function: who asks, where the file lies, whose it is. The
 * daemon asks it with what it knows; a hook that does not reach the daemon asks it with the last snapshot of the
 * leases. `docs/security.md` shows the table.
 */
import { Schema } from "effect";

/**
 * A worker's own checkout; the tree of a project of ours, which people and sessions share; `elsewhere`: the checkout
 * of another, or a project that is not the writer's; a repository (or none) that we do not manage.
 */
export const Where = Schema.Literals(["worker-checkout", "shared-tree", "elsewhere", "unmanaged"]);
export type Where = typeof Where.Type;
export const Writer = Schema.Literals(["worker", "session", "person"]);
export type Writer = typeof Writer.Type;
/** Held by nobody, by the writer (perhaps shared with others), or by others only. */
export const FileState = Schema.Literals(["free", "mine", "other"]);
export type FileState = typeof FileState.Type;

export const WriteQuestion = Schema.Struct({
  where: Where,
  who: Writer,
  /** As the daemon knows it now. */
  file: FileState,
  daemon: Schema.Literals(["reachable", "unreachable"]),
  /** As the last snapshot has it, for when the daemon is not reachable; absent when there is none. */
  snapshot: Schema.optionalKey(FileState),
});
export type WriteQuestion = typeof WriteQuestion.Type;

export interface WriteDecision {
  readonly allowed: boolean;
  readonly reason: /** Not ours to judge. */
    | "unmanaged"
    | "held"
    | "reserved"
    /** The person, who is never denied. */
    | "person"
    | "person-warned"
    /** A worker's file that it does not hold; it can ask for it. */
    | "not-asked-for"
    | "held-by-another"
    /** Outside its own checkout or project. */
    | "not-your-tree"
    | "unreachable"
    | "unreachable-free"
    | "unreachable-unknown";
  /** What goes with it: reserve the file (and ask again if somebody is faster), record the write, or log it. */
  readonly also?: "reserve" | "record" | "log";
}

export const decideWrite = ({ where, who, file, daemon, snapshot }: WriteQuestion): WriteDecision => {
  if (where === "unmanaged") return { allowed: true, reason: "unmanaged" };
  if (who === "person") {
    const isOthers = daemon === "reachable" && file === "other";
    return isOthers
      ? { allowed: true, reason: "person-warned", also: "record" }
      : { allowed: true, reason: "person" };
  }
  if (where !== (who === "worker" ? "worker-checkout" : "shared-tree"))
    return { allowed: false, reason: "not-your-tree" };
  if (who === "worker") {
    if (daemon === "unreachable") return { allowed: false, reason: "unreachable" };
    if (file === "mine") return { allowed: true, reason: "held" };
    return { allowed: false, reason: file === "free" ? "not-asked-for" : "held-by-another" };
  }
  if (daemon === "unreachable") {
    if (snapshot === "mine") return { allowed: true, reason: "held" };
    if (snapshot === "other") return { allowed: false, reason: "held-by-another" };
    return {
      allowed: true,
      reason: snapshot === "free" ? "unreachable-free" : "unreachable-unknown",
      also: "log",
    };
  }
  if (file === "other") return { allowed: false, reason: "held-by-another" };
  return file === "mine"
    ? { allowed: true, reason: "held" }
    : { allowed: true, reason: "reserved", also: "reserve" };
};
