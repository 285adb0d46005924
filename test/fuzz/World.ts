/**
 * What a fuzz plays with: a daemon, two repositories with cells, leases, mail and swarms, a repository that is not
 * managed, and everybody who may call. What the answers contain is remembered, so that later inputs are about things
 * that exist. The daemon runs in the sandbox's folder, where a relative path leads nowhere else.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { socketPath } from "../../shared/client/dataFolder.ts";
import { makeRepository } from "../support/gitFixture.ts";
import { programs, Sandbox } from "../support/sandbox.ts";
import { scriptAgent } from "../support/swarms.ts";

export type Random = () => number;
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };
export type Fields = { [key: string]: Json };

export interface Caller {
  readonly kind: "person" | "agent" | "launcher" | "nobody";
  readonly token: string | undefined;
  /** An agent's project. */
  readonly project?: string;
}

/** Per kind; the oldest go, so that what is drawn may still be there. */
const most = 200;

const eachFile = 'for (const path of process.env.OCVIBE_FILES.split("\\n").filter(Boolean)) ';

export class World {
  readonly box = new Sandbox();
  readonly projects: ReadonlyArray<string>;
  readonly unmanaged: string;
  readonly socket: string;
  /** SPECs of programs that end soon. */
  readonly agents: ReadonlyArray<string>;
  readonly planner: string;
  callers: Array<Caller> = [];
  private readonly replaced = new Set<Caller>();
  private readonly pools = new Map<string, Array<Json>>();

  constructor() {
    this.projects = ["one", "two"].map((name) => join(this.box.folder, name));
    this.unmanaged = join(this.box.folder, "unmanaged");
    this.socket = socketPath(this.box.home);
    this.agents = [
      scriptAgent(this.box, `${eachFile}write(path, String(Math.random()));`),
      scriptAgent(this.box, ""),
      scriptAgent(this.box, "process.exit(1);"),
      // Weakens the tests, which is for the person to decide.
      scriptAgent(this.box, `${eachFile}write(path, "it.skip(1)" + Math.random());`),
    ];
    const plan = JSON.stringify({ epic: { title: "p" }, subtasks: [this.subtask("b.txt")] });
    this.planner = this.box.agent("planner", `console.log(${JSON.stringify(plan)});`);
  }

  subtask(file: string, agent = 0) {
    return {
      title: "s",
      files: [file],
      dependencies: [],
      estimated_complexity: 1,
      agent: this.agents[agent] ?? "",
    };
  }

  async begin(): Promise<DaemonClient> {
    for (const root of [...this.projects, this.unmanaged]) {
      await makeRepository(root, {
        "a.txt": "a",
        "src/b.ts": "export {};",
        "package.json": JSON.stringify({ scripts: { test: "node -e 0" } }),
      });
    }
    mkdirSync(join(this.box.home, "logs"), { recursive: true });
    const child = spawn(process.execPath, [join(programs, "daemon.js")], {
      cwd: this.box.folder,
      env: this.box.env({ OCVIBE_IDLE_SECONDS: "3600" }),
      stdio: "ignore",
      detached: true,
    });
    child.unref();
    while (this.box.daemonPid() === undefined) await sleep(20);
    const client = await this.box.client();
    const token = (name: string) => readFileSync(join(this.box.home, `${name}.token`), "utf8").trim();
    this.callers = [
      { kind: "person", token: token("person") },
      { kind: "launcher", token: token("launcher") },
      { kind: "nobody", token: undefined },
      { kind: "nobody", token: "not a token" },
    ];
    for (const project of this.projects) {
      await client.hive.create({ project, title: "first" });
      await this.approveChecks(client, project);
      for (let i = 0; i < 3; i++) await this.addAgent(client, project);
    }
    return client;
  }

  /** So that swarms can start. */
  private async approveChecks(client: DaemonClient, project: string): Promise<void> {
    const text = JSON.stringify({ epic: { title: "e" }, subtasks: [this.subtask("b.txt")] });
    const { base, checks } = await client.swarm.propose({ project, text });
    const hashes = checks.map(({ check }) => check.hash);
    await client.swarm.approveChecks({ project, base, hashes });
  }

  /** One that was handed out again and again, and never acked. Takes seconds. */
  async addDeadLetter(client: DaemonClient, project: string): Promise<void> {
    await client.mail.send({ project, to: ["person"], subject: "never read" });
    let dead = await client.mail.dead({ project });
    while (dead.length === 0) {
      await client.mail.receive({ project, visibilitySeconds: 1, waitSeconds: 2 });
      dead = await client.mail.dead({ project });
    }
    this.learnFrom(project, dead, 0);
  }

  async addAgent(client: DaemonClient, project: string): Promise<void> {
    const { name, token } = await client.agents.register({ project });
    this.callers.push({ kind: "agent", token, project });
    this.remember("name", project, name);
  }

  /** An agent that has ended is no caller any more. */
  async replaceAgent(client: DaemonClient, gone: Caller): Promise<void> {
    if (gone.project === undefined || this.replaced.has(gone)) return;
    this.replaced.add(gone);
    await this.addAgent(client, gone.project);
    this.callers.splice(this.callers.indexOf(gone), 1);
  }

  remember(kind: string, project: string, value: Json): void {
    const name = `${kind} ${project}`;
    const pool = this.pools.get(name) ?? [];
    if (pool.length >= most) pool.shift();
    pool.push(value);
    this.pools.set(name, pool);
  }

  /** One of what was seen in a project, the later the likelier; undefined when nothing was. */
  recall(kind: string, project: string, random: Random): Json | undefined {
    const pool = this.pools.get(`${kind} ${project}`) ?? [];
    return pool[Math.floor(Math.sqrt(random()) * pool.length)];
  }

  /** Takes from an answer what later inputs may name. `input` is what was asked. */
  learn(path: string, caller: Caller, input: unknown, answer: unknown): void {
    const asked = asFields(input);
    const given = asFields(answer);
    const project = caller.project ?? String(asked.project ?? this.projects[0]);
    this.learnFrom(project, answer, 0);
    if (path === "swarm/propose") {
      const { text, agent, maxWorkers } = asked;
      const proposal = { project, text, agent, maxWorkers, base: given.base, approvedPlan: given.planHash };
      this.remember("proposal", project, JSON.parse(JSON.stringify(proposal)));
      const checks = (given.checks ?? []) as ReadonlyArray<{ check: { hash: string } }>;
      for (const { check } of checks) this.remember("hash", project, check.hash);
    }
    if (path === "agents/register" && typeof given.name === "string")
      this.remember("name", project, given.name);
    if (path === "agents/register" && typeof asked.session === "string") {
      this.remember("session", project, { harness: asked.harness ?? "", session: asked.session });
    }
    if (Array.isArray(given.to) && given.to.includes("person"))
      this.remember("to the person", project, { id: given.id ?? null });
    // A delivery is its receiver's alone.
    const deliveries = path === "mail/receive" && Array.isArray(answer) ? answer.map(asFields) : [];
    for (const { id = null, delivery = null } of deliveries) {
      this.remember("delivery", caller.token ?? "", { id, delivery });
    }
    if (path === "reservations/reserve" && given.kind === "granted") {
      const { lease = null, token = null, patterns = null } = asFields(given.lease);
      this.remember("lease", caller.token ?? "", { lease, token });
      this.remember("held", caller.token ?? "", { patterns });
    }
    if (path === "reservations/reserve" && given.kind === "waiting") {
      this.remember("ticket", caller.token ?? "", { ticket: asFields(given.ticket).ticket ?? null });
    }
  }

  private learnFrom(project: string, value: unknown, depth: number): void {
    if (depth > 6 || typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const entry of value.slice(-20)) this.learnFrom(project, entry, depth + 1);
      return;
    }
    const record = value as Fields;
    for (const key of simple) if (key in record) this.remember(key, project, record[key] ?? null);
    const { id = null } = record;
    if ("issue_type" in record) this.remember("cell", project, id);
    if ("subject" in record) this.remember("message", project, id);
    if ("deliveries" in record && "error" in record) {
      this.remember("dead", project, { id, recipient: record.recipient ?? null });
    }
    if ("state" in record && "expiresAt" in record) this.remember(`deferred ${record.state}`, project, id);
    if ("epic" in record && "subtasks" in record) {
      const { epic = null, head, status = null } = record;
      this.remember("epic", project, epic);
      this.remember(`swarm ${status}`, project, { epic, commit: head ?? "none" });
      for (const subtask of record.subtasks as ReadonlyArray<Fields>) {
        const cell = subtask.id ?? null;
        this.remember("swarm cell", project, { epic, cell });
        if (subtask.status === "needs-you") this.remember("needs-you", project, { cell });
        if (subtask.status === "blocked") this.remember("blocked", project, { cell });
      }
    }
    for (const entry of Object.values(record)) this.learnFrom(project, entry, depth + 1);
  }
}

const asFields = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

/** Fields of answers that are remembered under their own name. */
const simple = ["seq", "holder", "recipient", "thread", "stream", "type", "base"];
