/** A lease as the projection's row has it. */
import { Schema } from "effect";
import type { Row } from "../../primitives/Projection.ts";
import type { Lease } from "./Reservations.ts";

const LeaseRow = Schema.Struct({
  project: Schema.String,
  lease: Schema.String,
  token: Schema.Int,
  holder: Schema.String,
  cell: Schema.NullOr(Schema.String),
  epic: Schema.NullOr(Schema.String),
  patterns: Schema.Array(Schema.String),
  exclusive: Schema.Int,
  reason: Schema.NullOr(Schema.String),
  expires_at: Schema.NullOr(Schema.String),
});

export const leaseOfRow = (row: Row): Lease => {
  const { cell, epic, reason, expires_at, exclusive, ...rest } = Schema.decodeUnknownSync(LeaseRow)(row);
  return {
    ...rest,
    exclusive: exclusive === 1,
    ...(cell !== null && { cell }),
    ...(epic !== null && { epic }),
    ...(reason !== null && { reason }),
    ...(expires_at !== null && { expiresAt: expires_at }),
  };
};
