/**
 * Whose a file is, answered at once and from memory. The patterns of a lease are read when the lease comes, never
 * when a file is looked up; of a change only what changed is read.
 */
import { Result } from "effect";
import { type PathElement, parsePattern, pathElements } from "../../shared/contract/pattern.ts";
import { anyRun } from "../../shared/contract/patternSegment.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { patternTree } from "./patternTree.ts";

export interface LeaseLookup {
  /** Takes these leases in place of those before; answers which paths look otherwise now. */
  readonly update: (leases: ReadonlyMap<string, LeaseView>) => Touched;
  /** The paths that some of the leases cover, for when what is said of these leases is another. */
  readonly coveredBy: (leases: ReadonlySet<string>) => Touched;
  /** The leases on a file, the oldest first. The path is relative to the root, with `/`. */
  readonly ofFile: (path: string) => ReadonlyArray<LeaseView>;
  /** The leases that cover whatever may ever lie in a folder; the root is the empty path. */
  readonly ofFolder: (path: string) => ReadonlyArray<LeaseView>;
}

/** Whether a path, a file's or a folder's, is among those that changed; `undefined` when none did. */
export type Touched = ((path: string) => boolean) | undefined;

interface Compiled {
  readonly files: ReadonlyArray<ReadonlyArray<PathElement>>;
  readonly folders: ReadonlyArray<ReadonlyArray<PathElement>>;
}

/** As the daemon reads patterns: it runs where this runs. */
export const platformFoldsCase = process.platform === "darwin" || process.platform === "win32";

/** From so many leases on, every path counts as touched: to look closer would cost more than it saves. */
const many = 500;

export const leaseLookup = (caseInsensitive = platformFoldsCase): LeaseLookup => {
  const files = patternTree<string>();
  const folders = patternTree<string>();
  const compiled = new Map<string, Compiled>();
  let leases: ReadonlyMap<string, LeaseView> = new Map();

  const add = (lease: LeaseView): Compiled => {
    const read = compile(lease, caseInsensitive);
    compiled.set(lease.lease, read);
    for (const elements of read.files) files.add(elements, lease.lease);
    for (const elements of read.folders) folders.add(elements, lease.lease);
    return read;
  };

  const remove = (lease: string) => {
    const read = compiled.get(lease);
    compiled.delete(lease);
    for (const elements of read?.files ?? []) files.remove(elements, lease);
    for (const elements of read?.folders ?? []) folders.remove(elements, lease);
  };

  const elementsOf = (path: string) => (path === "" ? [] : pathElements(path, caseInsensitive));

  const covers = (read: ReadonlyArray<Compiled>): Touched => {
    if (read.length === 0) return undefined;
    if (read.length > many) return () => true;
    const touched = patternTree<true>();
    for (const one of read)
      for (const elements of [...one.files, ...one.folders]) touched.add(elements, true);
    return (path) => {
      const elements = elementsOf(path);
      return elements !== undefined && touched.find(elements).size > 0;
    };
  };

  const update = (next: ReadonlyMap<string, LeaseView>): Touched => {
    const before = leases;
    leases = next;
    if (next === before) return undefined;
    const changed: Array<Compiled> = [];
    const push = (read: Compiled | undefined) => read !== undefined && changed.push(read);
    for (const id of before.keys()) {
      if (next.has(id)) continue;
      push(compiled.get(id));
      remove(id);
    }
    for (const [id, lease] of next) {
      const old = before.get(id);
      if (old === lease) continue;
      push(compiled.get(id));
      // A lease that was renewed is another with the same patterns.
      if (old !== undefined && isSame(old.patterns, lease.patterns)) continue;
      if (old !== undefined) remove(id);
      push(add(lease));
    }
    return covers(changed);
  };

  const named = (ids: ReadonlySet<string>): ReadonlyArray<LeaseView> =>
    ids.size === 0 ? [] : [...ids].flatMap((id) => leases.get(id) ?? []).sort((a, b) => a.token - b.token);

  return {
    update,
    coveredBy: (ids) => covers([...ids].flatMap((id) => compiled.get(id) ?? [])),
    ofFile: (path) => {
      const elements = pathElements(path, caseInsensitive);
      return elements === undefined ? [] : named(files.find(elements));
    },
    ofFolder: (path) => {
      const elements = elementsOf(path);
      return elements === undefined ? [] : named(folders.find(elements));
    },
  };
};

const isSame = (left: ReadonlyArray<string>, right: ReadonlyArray<string>) =>
  left.length === right.length && left.every((text, at) => text === right[at]);

const compile = ({ patterns }: LeaseView, caseInsensitive: boolean): Compiled => {
  const files = patterns.flatMap((text) => {
    // One that a newer daemon understands and this does not covers nothing here; the daemon decides in any case.
    const pattern = Result.getOrUndefined(parsePattern(text, { caseInsensitive }));
    return pattern?.alternatives ?? [];
  });
  // Both `a/` and `a/**` are all that lies below `a`; the second is not `a` itself, so a name stands before its end.
  const folders = files
    .filter((elements) => elements.at(-1) === "**")
    .map((elements) => (isAny(elements.at(-2)) ? [...elements.slice(0, -2), "**" as const] : elements));
  return { files, folders };
};

const isAny = (element: PathElement | undefined): boolean =>
  element !== undefined && element !== "**" && element.tokens.length === 1 && element.tokens[0] === anyRun;
