/**
 * Whether a change of a document is the person's first edit in a file that another holds. VS Code does not say who
 * made a change, so it is told from what a change by the person has and others have not; when in doubt, no warning:
 * the lens says the same.
 */
export type LockWarningMode = "editor" | "problems" | "off";

export interface EditFacts {
  readonly mode: LockWarningMode;
  readonly scheme: string;
  /** The daemon is there; what it said before it went may be over. */
  readonly live: boolean;
  /** The lease of another on the file. */
  readonly lease: string | undefined;
  /** Leases that were warned of in this file. */
  readonly warned: ReadonlySet<string>;
  /** Some text went or came. */
  readonly hasChange: boolean;
  /** `typing` is whatever VS Code gives no reason for. */
  readonly reason: "typing" | "undo" | "redo";
  /** After the change. A reload, a checkout or a landing leaves the document as the file is. */
  readonly isDirty: boolean;
  /** Its formatter and other savers change it, not the person. */
  readonly isSaving: boolean;
  readonly isActiveEditor: boolean;
  readonly isWindowFocused: boolean;
}

export type LockDecision =
  | { readonly warn: true; readonly lease: string }
  | { readonly warn: false; readonly because: string };

export const decideLockWarning = (facts: EditFacts): LockDecision => {
  const no = (because: string): LockDecision => ({ warn: false, because });
  if (facts.mode === "off") return no("off");
  if (facts.scheme !== "file") return no("foreign scheme");
  if (facts.lease === undefined) return no("not held by another");
  if (!facts.live) return no("daemon down");
  if (facts.warned.has(facts.lease)) return no("warned before");
  if (!facts.hasChange) return no("no change");
  if (facts.reason !== "typing") return no(facts.reason);
  if (!facts.isDirty) return no("not dirty");
  if (facts.isSaving) return no("saving");
  if (!facts.isActiveEditor) return no("not the active editor");
  if (!facts.isWindowFocused) return no("window not focused");
  return { warn: true, lease: facts.lease };
};
