/**
 * What tests may ask the extension: present only when `OCVIBE_TEST` is set. A part of the extension says what it
 * decided by `set`; the test reads it by name through the exports of `activate`.
 */
export interface Probe {
  readonly set: (name: string, answer: (...args: ReadonlyArray<never>) => unknown) => void;
  readonly ask: (name: string, ...args: ReadonlyArray<unknown>) => Promise<unknown>;
}

export const makeProbe = (): Probe => {
  const answers = new Map<string, (...args: ReadonlyArray<never>) => unknown>();
  return {
    set: (name, answer) => answers.set(name, answer),
    ask: async (name, ...args) => {
      const answer = answers.get(name);
      if (answer === undefined) throw new Error(`nothing answers to ${name}`);
      return await answer(...(args as ReadonlyArray<never>));
    },
  };
};
