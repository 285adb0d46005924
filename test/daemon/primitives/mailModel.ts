/** What a mailbox should do, in the plainest way: the reference of the property test. */
export interface ModelLetter {
  readonly id: string;
  readonly recipient: string;
  readonly thread: string;
  readonly rank: number;
  readonly seq: number;
  deliveries: number;
  error: string | null;
  out: { readonly delivery: string; readonly until: number } | undefined;
}

export const makeMailModel = () => {
  let letters: Array<ModelLetter> = [];
  const dead: Array<{ readonly letter: ModelLetter; readonly error: string }> = [];
  let now = 0;

  const bury = (letter: ModelLetter, error: string) => {
    letters = letters.filter((one) => one !== letter);
    dead.push({ letter, error });
  };
  /** What the time alone brings about. */
  const settle = () => {
    for (const letter of letters) {
      if (letter.out === undefined || letter.out.until > now) continue;
      letter.out = undefined;
      const before = letter.error === null ? "" : ` Before that: ${letter.error}`;
      if (letter.deliveries >= 5) bury(letter, `It was not acked in time.${before}`);
    }
  };
  const held = (id: string, recipient: string, delivery: string) =>
    letters.find((one) => one.id === id && one.recipient === recipient && one.out?.delivery === delivery);

  return {
    pass: (milliseconds: number) => {
      now += milliseconds;
      settle();
    },
    send: (letter: Pick<ModelLetter, "id" | "recipient" | "thread" | "rank" | "seq">) => {
      letters.push({ ...letter, deliveries: 0, error: null, out: undefined });
      letters.sort((a, b) => a.seq - b.seq);
    },
    /** What may be handed out, in order: of each thread with nothing out, the earliest. */
    ready: (recipient: string): ReadonlyArray<ModelLetter> => {
      const mine = letters.filter((one) => one.recipient === recipient);
      const busy = new Set(mine.filter(({ out }) => out !== undefined).map(({ thread }) => thread));
      return mine
        .filter((one) => !busy.has(one.thread) && mine.find(({ thread }) => thread === one.thread) === one)
        .sort((a, b) => a.rank - b.rank || a.seq - b.seq);
    },
    handOut: (letter: ModelLetter, delivery: string, visibility: number) => {
      letter.deliveries += 1;
      letter.out = { delivery, until: now + visibility };
    },
    held,
    now: () => now,
    ack: (letter: ModelLetter) => {
      letters = letters.filter((one) => one !== letter);
    },
    /** Answers whether it is dead now. */
    fail: (letter: ModelLetter, error: string): boolean => {
      letter.out = undefined;
      letter.error = error;
      if (letter.deliveries >= 5) bury(letter, error);
      return letter.deliveries >= 5;
    },
    revive: (recipient: string, id: string): boolean => {
      const at = dead.findIndex(({ letter }) => letter.recipient === recipient && letter.id === id);
      const [found] = at === -1 ? [] : dead.splice(at, 1);
      if (found === undefined) return false;
      letters.push({ ...found.letter, deliveries: 0, error: null, out: undefined });
      letters.sort((a, b) => a.seq - b.seq);
      return true;
    },
    waiting: (recipient: string) =>
      letters.filter((one) => one.recipient === recipient).sort((a, b) => a.rank - b.rank || a.seq - b.seq),
    dead: () => dead,
  };
};
