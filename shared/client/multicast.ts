/**
 * Multicast DNS on every network that this machine is in: one socket for each address family of each interface,
 * since what is sent leaves by one interface only. What an interface does not allow is a problem to tell, and no
 * failure: many have no IPv6, and some no multicast.
 */
import { createSocket, type RemoteInfo } from "node:dgram";
import type { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { Bonjour } from "bonjour-service";

/** The type of service that a daemon announces, `_opencode-vibe._tcp`. */
export const vibeService = "opencode-vibe";

/** A record of a DNS packet; `data` is as its type has it. */
export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly data?: unknown;
}

export interface DnsPacket {
  readonly answers: ReadonlyArray<DnsRecord>;
  readonly additionals: ReadonlyArray<DnsRecord>;
}

/** The library's transport, `multicast-dns`. */
interface Transport extends EventEmitter {
  readonly query: (
    questions: ReadonlyArray<{ readonly name: string; readonly type: string }>,
    sent: (error?: Error | null) => void,
  ) => void;
}

export interface Multicast {
  /** One for each socket. */
  readonly bonjours: ReadonlyArray<Bonjour>;
  readonly query: (questions: ReadonlyArray<{ readonly name: string; readonly type: string }>) => void;
  readonly onResponse: (listener: (packet: DnsPacket, from: RemoteInfo) => void) => void;
  /** Sockets that could send, so far. */
  readonly working: () => number;
  /** Why the others could not. */
  readonly problems: () => ReadonlyArray<string>;
  /** Returns when every socket is closed. */
  readonly close: () => Promise<void>;
}

/** Virtual machines and containers give a machine dozens of interfaces; a socket for each of these would be much. */
const mostInterfaces = 16;

export const openMulticast = (): Multicast => {
  const problems = new Set<string>();
  const working = new Set<string>();
  const opened = places().map((place) =>
    open(place, (error) => problems.add(`${place.name}: ${error.message}`)),
  );
  return {
    bonjours: opened.map(({ bonjour }) => bonjour),
    query: (questions) => {
      for (const { place, transport } of opened) {
        transport.query([...questions], (error) => {
          if (error == null) working.add(`${place.name} ${place.type}`);
          else problems.add(`${place.name}: ${error.message}`);
        });
      }
    },
    onResponse: (listener) => {
      for (const { transport } of opened) {
        transport.on("response", (packet: DnsPacket, from: RemoteInfo) => listener(packet, from));
      }
    },
    working: () => working.size,
    problems: () => [...problems],
    close: async () => {
      await Promise.all(
        opened.map(({ bonjour }) => new Promise<void>((resolve) => bonjour.destroy(() => resolve()))),
      );
    },
  };
};

interface Place {
  /** The interface's. */
  readonly name: string;
  readonly type: "udp4" | "udp6";
  readonly group: string;
  /** How the system is told which interface is meant. */
  readonly interface: string;
}

const places = (): ReadonlyArray<Place> =>
  Object.entries(networkInterfaces())
    .slice(0, mostInterfaces)
    .flatMap(([name, addresses = []]) => {
      const four = addresses.find(({ family }) => family === "IPv4");
      const six = addresses.find(({ family }) => family === "IPv6");
      // Windows numbers the scopes of IPv6, the others name them by the interface.
      const scope = process.platform === "win32" ? six?.scopeid : name;
      return [
        ...(four ? [{ name, type: "udp4", group: "224.0.0.251", interface: four.address } as const] : []),
        ...(six ? [{ name, type: "udp6", group: "ff02::fb", interface: `::%${scope}` } as const] : []),
      ];
    });

const open = (place: Place, failed: (error: Error) => void) => {
  const { type } = place;
  const socket = createSocket({ type, reuseAddr: true, ...(type === "udp6" && { ipv6Only: true }) });
  const options = {
    socket,
    type,
    ip: place.group,
    interface: place.interface,
    bind: type === "udp6" ? "::" : "0.0.0.0",
  };
  // The library's types know the options of a service only; these go to its transport.
  const bonjour = new Bonjour(options as object, failed);
  const { mdns: transport } = (bonjour as unknown as { server: { mdns: Transport } }).server;
  // Without a listener an error would end the process; a warning is, for instance, a packet that can't be read.
  transport.on("error", failed);
  return { place, bonjour, transport };
};
