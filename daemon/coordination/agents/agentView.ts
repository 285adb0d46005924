/** Agents as they are shown: what they are and when they were there, never their tokens. */
import { Schema } from "effect";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { Row } from "../../primitives/Projection.ts";
import type { LiveAgent } from "./liveAgents.ts";

export const viewOf = ({ name, kind, harness, epic, cell, registeredAt }: LiveAgent): AgentView => ({
  name,
  kind,
  registeredAt,
  ...(harness !== undefined && { harness }),
  ...(epic !== undefined && { epic }),
  ...(cell !== undefined && { cell }),
});

const EndedRow = Schema.Struct({
  name: Schema.String,
  kind: Schema.Literals(["worker", "session"]),
  harness: Schema.NullOr(Schema.String),
  epic: Schema.NullOr(Schema.String),
  cell: Schema.NullOr(Schema.String),
  registered_at: Schema.String,
  ended_at: Schema.String,
});
const decodeEnded = Schema.decodeUnknownOption(EndedRow);

/** As many of those that have ended as a list shows. */
const shown = 1000;

/** Those of the rows of `agents` that have ended, the latest first. */
export const endedAgents = (rows: ReadonlyArray<Row>): ReadonlyArray<AgentView> =>
  rows
    .filter((row) => row.ended_at !== null)
    .toSorted((a, b) => (String(a.ended_at) < String(b.ended_at) ? 1 : -1))
    .slice(0, shown)
    .flatMap((row) => {
      const decoded = decodeEnded(row);
      if (decoded._tag === "None") return [];
      const { name, kind, harness, epic, cell, registered_at, ended_at } = decoded.value;
      return [
        {
          name,
          kind,
          registeredAt: registered_at,
          endedAt: ended_at,
          ...(harness !== null && { harness }),
          ...(epic !== null && { epic }),
          ...(cell !== null && { cell }),
        },
      ];
    });
