/**
 * Reads a packet of multicast DNS: which OpenCode servers and OpenCode Vibe daemons it says there are. Whoever is on
 * the network may have sent it, so that it is read up to a bound, and what is to be shown is cleaned. The library's
 * own `Browser` compares every record with every other and keeps one service for each name, while two machines may
 * both have an `opencode-4096`.
 */
import { clean, type Role } from "./askHealth.ts";
import { type DnsPacket, type DnsRecord, vibeService } from "./multicast.ts";

export const openCodeType = "_http._tcp.local";
export const vibeType = `_${vibeService}._tcp.local`;

const mostRecords = 200;

export interface Announcement {
  readonly name: string;
  readonly role: Role;
  readonly port: number;
  /** As announced, if it is. */
  readonly version: string | undefined;
  /** The addresses that the announced machine is said to have. Nobody asks there; see `discover`. */
  readonly claimed: ReadonlySet<string>;
}

/** The servers that a packet describes, and the names that it mentions without saying where they listen. */
export const readAnnouncements = (packet: DnsPacket) => {
  const records = [...packet.answers.slice(0, mostRecords), ...packet.additionals.slice(0, mostRecords)];
  const texts = new Map(records.filter(({ type }) => type === "TXT").map((record) => [record.name, record]));
  const claimed = new Set(
    records.flatMap(({ type, data }) =>
      (type === "A" || type === "AAAA") && typeof data === "string" ? [data] : [],
    ),
  );
  const announcements: Array<Announcement> = [];
  const described = new Set<string>();
  for (const record of records) {
    const role = roleOf(record.name);
    if (record.type !== "SRV" || role === undefined || isGoodbye(record)) continue;
    described.add(record.name);
    const { port } = record.data as { port: number };
    if (port === 0) continue;
    announcements.push({
      name: clean(record.name.slice(0, record.name.indexOf("._")), 60),
      role,
      port,
      version: textOf(texts.get(record.name), "version"),
      claimed,
    });
  }
  const unknown = records.flatMap(({ type, data }) =>
    type === "PTR" && typeof data === "string" && roleOf(data) !== undefined && !described.has(data)
      ? [data]
      : [],
  );
  return { announcements, unknown };
};

const isGoodbye = (record: DnsRecord) => (record as { ttl?: number }).ttl === 0;

/** By its full name, for instance `opencode-4096._http._tcp.local`; undefined for printers and the like. */
const roleOf = (name: string): Role | undefined => {
  const lower = name.toLowerCase();
  if (lower.endsWith(`.${vibeType}`)) return "vibe daemon";
  return lower.startsWith("opencode-") && lower.endsWith(`.${openCodeType}`) ? "opencode server" : undefined;
};

const textOf = (record: DnsRecord | undefined, key: string): string | undefined => {
  const entries = Array.isArray(record?.data) ? record.data : [];
  for (const entry of entries.slice(0, 20)) {
    const text = String(entry).slice(0, 300);
    if (text.startsWith(`${key}=`)) return clean(text.slice(key.length + 1), 40);
  }
  return undefined;
};
