/**
 * Finds OpenCode servers and OpenCode Vibe daemons: on this machine, and on the local network by multicast DNS.
 * Takes less than three seconds, fails never, and reads every answer as a stranger's: each is bounded, cleaned, and
 * asked by HTTP whether it is what it says, at the address that it came from and at no other.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askHealth, clean, type Health, type Role } from "./askHealth.ts";
import { dataFolder, runtimeFolder, socketPath } from "./dataFolder.ts";
import { openMulticast } from "./multicast.ts";
import { type Announcement, openCodeType, readAnnouncements, vibeType } from "./readAnnouncements.ts";

export interface Server {
  readonly name: string;
  readonly role: Role;
  /** A URL, or the path of a socket of this machine. */
  readonly address: string;
  /** As the server itself says, else as its announcement says. */
  readonly version: string | null;
  readonly health: Health;
  readonly thisMachine: boolean;
}

export interface Discovery {
  readonly servers: ReadonlyArray<Server>;
  /** What could not be looked at, in a sentence each. */
  readonly notes: ReadonlyArray<string>;
}

/** How long answers are waited for; asking those that came takes up to `healthMs` more. */
const listenMs = 1500;
const healthMs = 900;
/** When the question is asked (again: a packet may be lost). */
const askAt = [0, 250, 1000];

const mostServers = 100;
const mostPackets = 2000;
/** Where `opencode serve` listens when nobody says otherwise; it announces itself only with `--mdns`. */
const openCodePort = 4096;

export const discover = async (folder: string = dataFolder()): Promise<Discovery> => {
  const [local, network] = await Promise.all([onThisMachine(folder), onTheNetwork()]);
  // A server of this machine that was announced as well is listed once, under its announced name.
  const announced = new Set(network.servers.filter(({ thisMachine }) => thisMachine).map(portOf));
  const others = local.filter((server) => server.role === "vibe daemon" || !announced.has(portOf(server)));
  return { servers: [...others, ...network.servers], notes: network.notes };
};

const portOf = ({ address }: Server) => /:(\d+)$/.exec(address)?.[1];

/** The daemons of this user, by their sockets, and an OpenCode server at its usual port. */
const onThisMachine = async (folder: string): Promise<ReadonlyArray<Server>> => {
  const signal = AbortSignal.timeout(listenMs);
  const own = readDaemon(folder);
  const runtime = runtimeFolder();
  const sockets = new Set([
    ...(own === undefined ? [] : [own.socket]),
    ...(process.platform !== "win32" && existsSync(runtime) ? readdirSync(runtime) : [])
      .filter((name) => name.endsWith(".sock"))
      .slice(0, mostServers)
      .map((name) => join(runtime, name)),
  ]);
  const daemons = [...sockets].map(async (socket): Promise<ReadonlyArray<Server>> => {
    const { health, version } = await askHealth("vibe daemon", { socketPath: socket }, signal);
    // A socket that nobody serves is what a daemon that was killed left behind.
    if (health === "unreachable") return [];
    const mine = socket === own?.socket || socket === socketPath(folder);
    return [
      {
        name: mine ? "your daemon" : "a daemon of another data folder",
        role: "vibe daemon",
        address: socket,
        version: version ?? (mine ? (own?.version ?? null) : null),
        health,
        thisMachine: true,
      },
    ];
  });
  const openCode = async (): Promise<ReadonlyArray<Server>> => {
    const { health, version = null } = await askHealth(
      "opencode server",
      { host: "127.0.0.1", port: openCodePort },
      signal,
    );
    const address = `http://127.0.0.1:${openCodePort}`;
    const name = `opencode-${openCodePort}`;
    return health === "healthy"
      ? [{ name, role: "opencode server", address, version, health, thisMachine: true }]
      : [];
  };
  return (await Promise.all([...daemons, openCode()])).flat();
};

const readDaemon = (folder: string): { readonly socket: string; readonly version: string } | undefined => {
  try {
    const { socket, version } = JSON.parse(readFileSync(join(folder, "daemon.json"), "utf8"));
    return typeof socket === "string" && typeof version === "string" ? { socket, version } : undefined;
  } catch {
    // No daemon has announced itself there.
    return undefined;
  }
};

/** A server that announced itself. `hosts` are the addresses that its answers came from: nowhere else is asked. */
interface Heard {
  readonly announcement: Announcement;
  readonly hosts: Set<string>;
}

const onTheNetwork = async (): Promise<Discovery> => {
  const own = ownAddresses();
  const multicast = openMulticast();
  const deadline = AbortSignal.timeout(listenMs + healthMs);
  const heard = new Map<string, Heard>();
  const examined: Array<Promise<Server>> = [];
  const asked = new Set<string>();
  let packets = 0;
  multicast.onResponse((packet, from) => {
    if (++packets > mostPackets) return;
    const { announcements, unknown } = readAnnouncements(packet);
    const host = hostOf(from.address);
    for (const announcement of announcements) {
      // Of two machines each may have its own `opencode-4096`; this one answers from each of its addresses.
      const machine = isIn(own, host) ? "this" : host;
      const key = `${machine} ${announcement.role} ${announcement.port}`;
      const known = heard.get(key);
      if (known !== undefined) known.hosts.add(host);
      else if (heard.size < mostServers) {
        const first = { announcement, hosts: new Set([host]) };
        heard.set(key, first);
        examined.push(examine(first, machine === "this", deadline));
      }
    }
    const more = unknown.filter((name) => asked.size < mostServers && !asked.has(name));
    for (const name of more) asked.add(name);
    if (more.length > 0) {
      multicast.query(more.flatMap((name) => ["SRV", "TXT"].map((type) => ({ name, type }))));
    }
  });
  let waited = 0;
  for (const at of askAt) {
    await sleep(at - waited);
    waited = at;
    multicast.query([openCodeType, vibeType].map((name) => ({ name, type: "PTR" })));
  }
  await sleep(listenMs - waited);
  const problems = multicast.problems();
  const unused = multicast.working() === 0;
  await multicast.close();
  const servers = await Promise.all(examined);
  const all = [...heard.values()].map((each, index) => ({ ...each, server: servers[index] as Server }));
  return {
    servers: all
      .filter((each) => !isSecondAddress(each, all))
      .map(({ server }) => server)
      .sort(byName),
    notes: [
      ...(unused ? [noMulticast(problems)] : []),
      ...(packets > mostPackets || heard.size >= mostServers || asked.size >= mostServers
        ? ["More answers came than are looked at; some servers may be missing here."]
        : []),
    ],
  };
};

const noMulticast = (problems: ReadonlyArray<string>) => {
  const why = problems.join("; ") || "no network interface is up";
  return `Multicast DNS could not be used (${clean(why, 200)}), so the network was not looked at.`;
};

const byName = (a: Server, b: Server) => (a.name < b.name ? -1 : 1);

const examine = async (heard: Heard, thisMachine: boolean, signal: AbortSignal): Promise<Server> => {
  const { name, role, port } = heard.announcement;
  // A machine answers over each of its addresses, and the first to come may be one that leads nowhere.
  await sleep(150);
  const hosts = [...heard.hosts].sort((a, b) => rank(a) - rank(b)).slice(0, 4);
  // A daemon listens on its own machine's loopback interface only.
  const candidates = thisMachine ? ["127.0.0.1", ...hosts.filter((host) => host !== "127.0.0.1")] : hosts;
  const answers = await Promise.all(
    candidates.map(async (host) => ({ host, ...(await askHealth(role, { host, port }, signal)) })),
  );
  const best =
    answers.find(({ health }) => health === "healthy") ??
    answers.find(({ health }) => health !== "unreachable") ??
    answers[0];
  return {
    name,
    role,
    address: urlOf(best?.host ?? "", port),
    version: best?.version ?? heard.announcement.version ?? null,
    health: best?.health ?? "unreachable",
    thisMachine,
  };
};

const urlOf = (host: string, port: number) => `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

/** IPv4 first, then IPv6; a link-local address with its scope is no good in a URL. */
const rank = (host: string) => (!host.includes(":") ? 0 : /^fe80/i.test(host) ? 2 : 1);

interface Examined extends Heard {
  readonly server: Server;
}

/**
 * Of a server that answers over several addresses one is listed. They are one server's when each of its answers names
 * the other's address: what only one of two says may be a lie.
 */
const isSecondAddress = (one: Examined, all: ReadonlyArray<Examined>): boolean =>
  all.some(
    (other) =>
      other.announcement.role === one.announcement.role &&
      other.announcement.port === one.announcement.port &&
      names(one, other) &&
      names(other, one) &&
      rankOf(other) < rankOf(one),
  );

const names = ({ announcement: { claimed } }: Heard, { hosts }: Heard) =>
  [...hosts].some((host) => claimed.has(host.replace(/%.*/, "")));

const rankOf = ({ hosts, server }: Examined) =>
  Math.min(...[...hosts].map(rank)) + (server.health === "unreachable" ? 10 : 0);

/** As dgram gives it; an IPv4 address may come in the clothes of IPv6. */
const hostOf = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, "");

const ownAddresses = (): ReadonlySet<string> =>
  new Set(
    Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)),
  );
const isIn = (addresses: ReadonlySet<string>, host: string) => addresses.has(host.replace(/%.*/, ""));
