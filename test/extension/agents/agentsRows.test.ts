/** What the *Agents & leases* view shows of a project. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyModel, type ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { type AgentsFacts, agentsRows } from "../../../extension/views/agents/agentsRows.ts";
import { type Row, rowTree } from "../../../extension/views/Row.ts";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { LeaseView, TicketView } from "../../../shared/contract/reservationRoutes.ts";
import { noon, subtaskOf, swarmOf } from "../hive/models.ts";

type Lease = typeof LeaseView.Type;
const now = new Date(noon);

const agentOf = (name: string, given: Partial<AgentView> = {}): AgentView => ({
  name,
  kind: "worker",
  registeredAt: noon,
  ...given,
});
const leaseOf = (
  lease: string,
  holder: string,
  patterns: ReadonlyArray<string>,
  given: Partial<Lease> = {},
): Lease => ({
  lease,
  token: 1,
  holder,
  patterns,
  exclusive: true,
  ...given,
});
const ticketOf = (ticket: string, holder: string, behind: Lease, ahead = 0): TicketView => ({
  ticket,
  holder,
  patterns: behind.patterns,
  exclusive: true,
  ahead,
  conflicts: behind.patterns.map((held) => ({ requested: held, held, holder: behind.holder })),
});

const modelWith = (given: {
  readonly agents?: ReadonlyArray<AgentView>;
  readonly leases?: ReadonlyArray<Lease>;
  readonly rest?: Partial<ProjectModel>;
}): ProjectModel => ({
  ...emptyModel,
  agents: new Map((given.agents ?? []).map((agent) => [agent.name, agent])),
  leases: new Map((given.leases ?? []).map((lease) => [lease.lease, lease])),
  ...given.rest,
});
const rows = (model: ProjectModel, given: Partial<AgentsFacts> = {}) =>
  agentsRows({ project: "/p/.git", model, conflicts: new Map(), away: undefined, now, ...given });
const labels = (all: ReadonlyArray<Row> | undefined) => (all ?? []).map((row) => row.label);

const busy = subtaskOf("e.1", { status: "running", attempts: 2, agent: "BlueLake", files: ["src/"] });
const blueLake = agentOf("BlueLake", { epic: "e", cell: "e.1" });
const itsLease = leaseOf("l1", "e.1", ["src/**", "docs/a.md"], { cell: "e.1", epic: "e" });

describe("the Agents & leases view", () => {
  it("says what a worker does by its last line, and holds what its cell holds", () => {
    const model = modelWith({
      agents: [blueLake],
      leases: [itsLease],
      rest: {
        swarms: new Map([["e", swarmOf("e", [busy])]]),
        lines: new Map([["e.1", "running\u001b[31m the tests"]]),
      },
    });
    const [agent, ...others] = rows(model);
    expect(others).toEqual([]);
    expect(agent).toMatchObject({ label: "BlueLake", description: "running the tests · e.1" });
    expect(agent?.tooltip).toContain("attempt 2");
    expect(agent?.words?.split(" ")).toEqual(expect.arrayContaining(["agent", "log", "diff"]));
    expect(agent?.children).toMatchObject([
      { label: "src/** and 1 more", description: "until its swarm is landed or discarded", words: "lease" },
    ]);
  });

  it("says in a word where work stands that prints nothing", () => {
    const at = (status: typeof busy.status) =>
      rows(
        modelWith({
          agents: [blueLake],
          rest: { swarms: new Map([["e", swarmOf("e", [{ ...busy, status }])]]) },
        }),
      )[0]?.description;
    expect(at("gate")).toBe("checking, try 2 · e.1");
    expect(at("running")).toBe("working, try 2 · e.1");
  });

  it("shows until when a lease holds, never how long it still does", () => {
    const expiresAt = new Date(now.getTime() + 42 * 60_000).toISOString();
    const lease = leaseOf("l", "Ann", ["a.ts"], { expiresAt });
    const [agent] = rows(modelWith({ agents: [agentOf("Ann", { kind: "session" })], leases: [lease] }));
    const time = new Date(expiresAt).toTimeString().slice(0, 5);
    expect(agent?.children).toMatchObject([{ description: `until ${time}` }]);
  });

  it("puts each request behind the leases that it waits for, in its place", () => {
    const [one, other] = [leaseOf("l1", "Ann", ["a.ts"]), leaseOf("l2", "Ann", ["b.ts"])];
    const queue = [ticketOf("t2", "e.2", one, 1), ticketOf("t1", "e.1", one)];
    const [agent] = rows(
      modelWith({ agents: [agentOf("Ann", { kind: "session" })], leases: [one, other], rest: { queue } }),
    );
    expect(agent?.children?.map((row) => row.description)).toEqual([
      expect.stringContaining("2 waiting"),
      expect.not.stringContaining("waiting"),
    ]);
    expect(agent?.children?.[0]?.children).toMatchObject([
      { label: "e.1 waits", description: "next in line" },
      { label: "e.2 waits", description: "1 before it" },
    ]);
  });

  it("shows a request that waits for another request only", () => {
    const waiting: TicketView = {
      ...ticketOf("t", "e.3", leaseOf("l", "e.2", ["a.ts"]), 1),
      conflicts: [{ requested: "a.ts", held: "a.ts", holder: "e.2", waiting: true }],
    };
    expect(labels(rows(modelWith({ rest: { queue: [waiting] } })))).toEqual(["e.3 waits"]);
  });

  it("lists what no agent holds: the person's own first, then files that wait with their epic", () => {
    const model = modelWith({
      leases: [leaseOf("l1", "e", ["src/**"], { epic: "e" }), leaseOf("l2", "person", ["mine.ts"])],
      rest: { swarms: new Map([["e", swarmOf("e", [], { title: "Parser" })]]) },
    });
    const found = rows(model);
    expect(labels(found)).toEqual(["You", "Parser (e)"]);
    expect(found[0]?.children).toMatchObject([{ words: "mine" }]);
  });

  it("lists what waits for the person, each with the words of what can be done", () => {
    const held = subtaskOf("e.2", {
      status: "needs-you",
      attempts: 1,
      findings: [{ kind: "weakens-checks", message: "deletes a test" }],
    });
    const model = modelWith({
      rest: {
        swarms: new Map([
          ["e", swarmOf("e", [held])],
          ["f", swarmOf("f", [], { status: "ready", title: "Docs" })],
        ]),
        mail: [
          {
            id: "m",
            from: "Ann",
            to: ["person"],
            subject: "Which port?",
            body: "",
            thread: "m",
            importance: "normal",
            replyTo: "d",
            at: noon,
          },
        ],
      },
    });
    const [waits] = rows(model);
    expect(waits).toMatchObject({ label: "Waits for you", description: "3", open: true });
    expect(waits?.children).toMatchObject([
      { label: "Which port?", description: "Ann asks you", words: "mail", ref: { mail: "m" } },
      { ref: { epic: "e", cell: "e.2" } },
      { label: "Docs", description: "Ready to land", ref: { epic: "f", cell: "f" } },
    ]);
    expect(waits?.children?.[1]?.words).toMatch(/\banswer\b/);
    expect(waits?.children?.[2]?.words).toMatch(/\bland\b/);
  });

  it("warns at the agent whose work meets the person's uncommitted changes, and names the files", () => {
    const model = modelWith({ agents: [blueLake], rest: { swarms: new Map([["e", swarmOf("e", [busy])]]) } });
    expect(rows(model)[0]?.icon).not.toBe("warning");
    const [agent] = rows(model, { conflicts: new Map([["e.1", ["src/a.ts"]]]) });
    expect(agent).toMatchObject({ icon: "warning", open: true });
    expect(agent?.description).toMatch(/^meets your changes in src\/a\.ts · .* · e\.1$/);
    expect(agent?.children?.[0]).toMatchObject({ description: "src/a.ts", click: "vibe.showDiffNow" });
  });

  it("says that it is paused, and what happened while the person was away", () => {
    const away = {
      since: noon,
      happenings: [{ epic: "e", cell: "e.1", icon: "git-merge", text: "Parser was merged" }],
    };
    const found = rows(modelWith({ rest: { paused: true } }), { away });
    expect(labels(found)).toEqual(["Paused", "While you were away"]);
    expect(found[1]?.children).toMatchObject([{ label: "Parser was merged", click: "vibe.showCell" }]);
    expect(rows(modelWith({}), { away: { since: noon, happenings: [] } })).toEqual([]);
  });

  it("shows names of agents as text", () => {
    const name = "$(zap)[x](command:y)\u001b[2J";
    const [agent] = rows(
      modelWith({ agents: [agentOf(name, { kind: "session", harness: "[h](command:z)" })] }),
    );
    for (const text of [agent?.label, agent?.description, ...(agent?.tooltip ?? [])]) {
      expect(text).not.toContain("$(zap)");
      expect(text).not.toMatch(/\]\(command/);
    }
    // What commands are given is the name as it is.
    expect(agent?.ref.agent).toBe(name);
  });

  it("gives every row an id of its own, whatever the names are", () => {
    const name = fc.constantFrom("a", "a/b", "b", "/", "person", "e", "e.1", "%2F", "ä\ud800");
    const lease = fc.record({
      lease: name,
      holder: name,
      patterns: fc.array(name, { minLength: 1, maxLength: 2 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(name),
        fc.uniqueArray(lease, { selector: (one) => one.lease }),
        fc.array(fc.tuple(name, fc.nat(3))),
        (names, leases, waiting) => {
          const held = leases.map((one) => leaseOf(one.lease, one.holder, one.patterns));
          const queue = waiting.flatMap(([holder, at], index) =>
            held[at] === undefined ? [] : [ticketOf(`t${index}`, holder, held[at])],
          );
          const all = rows(
            modelWith({ agents: names.map((one) => agentOf(one)), leases: held, rest: { queue } }),
          );
          const count = (some: ReadonlyArray<Row>): number =>
            some.reduce((sum, row) => sum + 1 + count(row.children ?? []), 0);
          expect(rowTree(all).rows.size).toBe(count(all));
        },
      ),
    );
  });
});
