/** What the tests and the probe extension say to each other. */

/** How a window is reached. */
export interface ProbeAddress {
  readonly port: number;
  readonly token: string;
  /** The extension host's. */
  readonly pid: number;
}

export type ProbeCall =
  /** What the extension under test answers by this name. */
  | { readonly kind: "ask"; readonly name: string; readonly args: ReadonlyArray<unknown> }
  /** A command, with its result. */
  | { readonly kind: "execute"; readonly name: string; readonly args: ReadonlyArray<unknown> }
  /** The source of a function of the editor's API and an argument. */
  | { readonly kind: "run"; readonly source: string; readonly argument: unknown };
