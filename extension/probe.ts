/**
 * What tests may ask the extension: present only when `OCVIBE_TEST` is set. A part of the extension says what it
 * decided by `set`; the test reads it by name through the exports of `activate`. A part that shows a change later
 * than it hears of it says so by `pending`, so that a test waits for what is shown and never sleeps.
 */
export interface Probe {
  readonly set: (name: string, answer: (...args: ReadonlyArray<never>) => unknown) => void;
  readonly ask: (name: string, ...args: ReadonlyArray<unknown>) => Promise<unknown>;
  /** Says whether something that this part heard of is still to be shown. */
  readonly pending: (isPending: () => boolean) => void;
  /** Resolves when nothing is still to be shown. */
  readonly settled: () => Promise<void>;
}

/** Milliseconds between two looks whether all is shown. */
const lookAgain = 5;

export const makeProbe = (): Probe => {
  const answers = new Map<string, (...args: ReadonlyArray<never>) => unknown>();
  const parts: Array<() => boolean> = [];
  return {
    set: (name, answer) => answers.set(name, answer),
    ask: async (name, ...args) => {
      const answer = answers.get(name);
      if (answer === undefined) throw new Error(`nothing answers to ${name}`);
      return await answer(...(args as ReadonlyArray<never>));
    },
    pending: (isPending) => parts.push(isPending),
    settled: async () => {
      while (parts.some((isPending) => isPending())) {
        await new Promise((resolve) => setTimeout(resolve, lookAgain));
      }
    },
  };
};
