/** Leases and tickets as their rows have them. */
import { Schema } from "effect";
import type { AwakeClock } from "../../primitives/AwakeClock.ts";
import type { Row } from "../../primitives/Projection.ts";
import { type Lease, readKnown, type Ticket } from "./leaseBook.ts";

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

const decodeLease = Schema.decodeUnknownOption(LeaseRow);

/** Undefined for what is left of a lease whose grant was redacted: nobody holds anything by it. */
export const leaseOfRow = (row: Row): Lease | undefined => {
  const decoded = decodeLease(row);
  if (decoded._tag === "None") return undefined;
  const { cell, epic, reason, expires_at, exclusive, ...rest } = decoded.value;
  return {
    ...rest,
    exclusive: exclusive === 1,
    ...(cell !== null && { cell }),
    ...(epic !== null && { epic }),
    ...(reason !== null && { reason }),
    ...(expires_at !== null && { expiresAt: expires_at }),
  };
};

const TicketRow = Schema.Struct({
  project: Schema.String,
  ticket: Schema.String,
  position: Schema.Int,
  holder: Schema.String,
  cell: Schema.NullOr(Schema.String),
  epic: Schema.NullOr(Schema.String),
  patterns: Schema.Array(Schema.String),
  exclusive: Schema.Int,
  reason: Schema.NullOr(Schema.String),
  ttl_seconds: Schema.NullOr(Schema.Int),
  seen_at: Schema.String,
});

/** The columns of a ticket's row beside its key. */
export const rowOfTicket = (
  ticket: Omit<Ticket, "compiled">,
  clock: Pick<AwakeClock["Service"], "wallOf">,
) => ({
  position: ticket.position,
  holder: ticket.holder,
  cell: ticket.cell ?? null,
  epic: ticket.epic ?? null,
  patterns: ticket.patterns,
  exclusive: ticket.exclusive ? 1 : 0,
  reason: ticket.reason ?? null,
  ttl_seconds: ticket.ttlSeconds,
  seen_at: new Date(clock.wallOf(ticket.seen)).toISOString(),
});

export const ticketOfRow = (row: Row, clock: Pick<AwakeClock["Service"], "awakeOf">): Ticket => {
  const { cell, epic, reason, ttl_seconds, seen_at, exclusive, ...rest } =
    Schema.decodeUnknownSync(TicketRow)(row);
  return {
    ...rest,
    exclusive: exclusive === 1,
    compiled: readKnown(rest.patterns),
    ttlSeconds: ttl_seconds,
    seen: clock.awakeOf(Date.parse(seen_at)),
    ...(cell !== null && { cell }),
    ...(epic !== null && { epic }),
    ...(reason !== null && { reason }),
  };
};
