/** A projection with tables of every column type, random histories for it, and the plainest fold to compare with. */
import { Effect } from "effect";
import fc from "fast-check";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import type { Projection, Row } from "../../../daemon/primitives/Projection.ts";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { ended, registered } from "./storeFixture.ts";

/** Two tables with a key of two columns, an index, and every column type. */
export const tally: Projection = {
  name: "tally",
  version: 1,
  tables: [
    {
      name: "tally",
      columns: { name: "text", turn: "integer", share: "real", extra: "json" },
      key: ["name", "turn"],
      indexes: [["turn"], ["name", "share"]],
    },
    { name: "tally_last", columns: { name: "text", turn: "integer", late: "integer" }, key: ["name"] },
  ],
  types: ["agent_ended"],
  apply: ({ type, data, seq }) =>
    type !== "agent_ended"
      ? []
      : [
          {
            table: "tally",
            key: { name: data.name, turn: seq % 5 },
            set: { share: seq / 7, extra: { reason: data.reason, odd: [seq % 2 === 1], none: null } },
          },
          { table: "tally_last", key: { name: data.name }, set: { turn: seq, late: seq > 10 } },
          { table: "tally", key: { name: data.name, turn: (seq + 2) % 5 }, delete: true },
        ],
};

export const tables = ["seen", "tally", "tally_last"];

export interface Step {
  readonly name: string;
  readonly project: string;
  readonly tenant: string;
  /** Empty for a registration. */
  readonly end: string;
}

export const someStep: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom("a", "b", "c", 'd"\\ü'),
  project: fc.constantFrom("p", "q"),
  tenant: fc.constantFrom("local", "local", "t"),
  end: fc.constantFrom("", "bye", "gone"),
});

export const appendStep = ({ name, project, tenant, end }: Step) =>
  Effect.flatMap(EventStore, (store) =>
    store.append({ project, tenant, actor: "daemon" }, [end === "" ? registered(name) : ended(name, end)]),
  );

type Tables = Record<string, ReadonlyArray<string>>;

/** As text, in an order of its own, to be compared. */
export const asText = (rows: Readonly<Record<string, ReadonlyArray<Row>>>): Tables =>
  Object.fromEntries(
    Object.entries(rows)
      .sort()
      .map(([table, all]) => [table, all.map((row) => JSON.stringify(Object.entries(row).sort())).sort()]),
  );

export const liveRows = Effect.gen(function* () {
  const store = yield* EventStore;
  const rows = yield* Effect.forEach(tables, (table) => store.rows(table));
  return asText(Object.fromEntries(tables.map((table, index) => [table, rows[index]!])));
});

/** What the tables of `seen` and `tally` hold after these events, written down a second time. */
export const replayed = (events: ReadonlyArray<StoredEvent>): Tables => {
  const seen = new Map<string, Row>();
  const turns = new Map<string, Row>();
  const last = new Map<string, Row>();
  for (const event of events) {
    if (!isKnown(event)) continue;
    const { tenant, project, seq } = event;
    const owner = { tenant, project };
    if (event.type === "agent_registered") {
      const id = `${tenant} ${project} ${event.data.name}`;
      const old = seen.get(id) ?? { ...owner, name: event.data.name, ended: null };
      seen.set(id, { ...old, info: { kind: "worker" } });
    }
    if (event.type !== "agent_ended") continue;
    const { name, reason } = event.data;
    const id = `${tenant} ${project} ${name}`;
    if (reason === "gone") seen.delete(id);
    else seen.set(id, { info: null, ...owner, name, ...seen.get(id), ended: event.at });
    const extra = { reason, odd: [seq % 2 === 1], none: null };
    turns.set(`${id} ${seq % 5}`, { ...owner, name, turn: seq % 5, share: seq / 7, extra });
    turns.delete(`${id} ${(seq + 2) % 5}`);
    last.set(id, { ...owner, name, turn: seq, late: seq > 10 ? 1 : 0 });
  }
  return asText({ seen: [...seen.values()], tally: [...turns.values()], tally_last: [...last.values()] });
};
