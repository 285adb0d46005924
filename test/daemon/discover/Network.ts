/**
 * Two machines on a network of their own: network namespaces with a cable (veth) between them, so that nothing that a
 * test sends by multicast leaves this machine. Needs Linux and either root or user namespaces; where neither is to be
 * had, the tests that ask for it fail with a sentence. The namespaces go with the processes that hold
 * them, and these with the test, whose end of their standard input closes.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export type Host = "a" | "b";

export const addresses: Readonly<Record<Host, { readonly four: string; readonly six: string }>> = {
  a: { four: "10.77.0.1", six: "fd77::1" },
  b: { four: "10.77.0.2", six: "fd77::2" },
};

const asRoot = process.getuid?.() === 0;

export class Network implements AsyncDisposable {
  private readonly started = new Set<ChildProcess>();
  private readonly holders: Readonly<Record<Host, ChildProcess>>;

  private constructor(holders: Readonly<Record<Host, ChildProcess>>) {
    this.holders = holders;
  }

  /** `versions` says what the cable carries. */
  static async make(versions: ReadonlyArray<"four" | "six"> = ["four", "six"]): Promise<Network> {
    const net = ["--net", "sh", "-c", "echo; exec cat"];
    try {
      const a = await holder("unshare", asRoot ? net : ["--user", "--map-root-user", ...net]);
      const inA = asRoot ? [] : ["nsenter", "-t", String(a.pid), "--user", "--preserve-credentials"];
      const [command = "", ...args] = [...inA, "unshare", ...net];
      const b = await holder(command, args);
      const network = new Network({ a, b });
      // IPv6 asks first whether anybody has an address, which takes seconds.
      const off = versions.includes("six") ? 0 : 1;
      const set = ["all", "default"].map(
        (which) => `cd /proc/sys/net/ipv6/conf/${which} && echo 0 > accept_dad && echo ${off} > disable_ipv6`,
      );
      for (const host of ["a", "b"] as const) network.enter(host, "sh", ["-c", set.join(" && ")]);
      const cable = `link add cable type veth peer name cable netns ${b.pid}`;
      network.ip("a", ...cable.split(" "));
      for (const host of ["a", "b"] as const) {
        network.ip(host, "link", "set", "lo", "up");
        for (const version of versions) {
          const address = addresses[host][version];
          const length = version === "six" ? 64 : 24;
          network.ip(host, "addr", "add", `${address}/${length}`, "dev", "cable");
        }
        network.ip(host, "link", "set", "cable", "up");
        // OpenCode sends where the default route leads.
        if (versions.includes("four")) network.ip(host, "route", "add", "default", "dev", "cable");
      }
      // The system gives each end its link-local address when it likes.
      for (const host of versions.includes("six") ? (["a", "b"] as const) : []) {
        while (!(await network.run(host, "ip", ["-6", "addr", "show", "cable"])).stdout.includes("fe80:"))
          await sleep(20);
      }
      return network;
    } catch (cause) {
      throw new Error(
        `This test makes a network of its own, with \`unshare\`, \`nsenter\` and \`ip\` as root or with user namespaces, and could not: ${cause instanceof Error ? cause.message : cause}`,
      );
    }
  }

  ip(host: Host, ...args: ReadonlyArray<string>): void {
    this.enter(host, "ip", args);
  }

  start(
    host: Host,
    program: string,
    args: ReadonlyArray<string>,
    env: NodeJS.ProcessEnv = process.env,
  ): ChildProcess {
    const child = spawn("nsenter", this.into(host, program, args), {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.started.add(child);
    child.once("close", () => this.started.delete(child));
    return child;
  }

  /** Answers when the program has ended. */
  async run(host: Host, program: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv) {
    const child = this.start(host, program, args, env);
    const stdout = said(child.stdout);
    const stderr = said(child.stderr);
    const [code] = await once(child, "close");
    return { code, stdout: stdout(), stderr: stderr() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = [...this.started, ...Object.values(this.holders)].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    await Promise.all(ended);
  }

  private enter(host: Host, program: string, args: ReadonlyArray<string>): void {
    execFileSync("nsenter", this.into(host, program, args), { stdio: ["ignore", "ignore", "pipe"] });
  }

  private into(host: Host, program: string, args: ReadonlyArray<string>): ReadonlyArray<string> {
    const user = asRoot ? [] : ["--user", "--preserve-credentials"];
    return ["-t", String(this.holders[host].pid), ...user, "--net", program, ...args];
  }
}

const holder = async (command: string, args: ReadonlyArray<string>): Promise<ChildProcess> => {
  const child = spawn(command, args, { stdio: "pipe" });
  const complaint = said(child.stderr);
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "close").then(() => Promise.reject(new Error(complaint() || `${command} ended`))),
  ]);
  return child;
};

/** What was printed so far. */
export const said = (stream: NodeJS.ReadableStream | null): (() => string) => {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk) => {
    text += chunk;
  });
  return () => text;
};
