/** Leases and the queue as they are shown to who asks about one project. */
import type { LeaseView, TicketView } from "../../../shared/contract/reservationRoutes.ts";
import type { Lease, Place } from "./Reservations.ts";

export const leaseView = ({ project: _, ...lease }: Lease): LeaseView => lease;
export const ticketView = ({ project: _, ...ticket }: Place): TicketView => ticket;
