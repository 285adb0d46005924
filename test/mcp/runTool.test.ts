/** What a call of a tool comes to when the session behind it fails, hangs or lies; and what the tools say they take. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, describe, it, vi } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { DaemonUnreachable, Deadlock, LeaseConflict } from "../../shared/contract/errors.ts";
import { limitSeconds, type McpSession, runTool } from "../../shared/mcp/runTool.ts";
import { chooseWay, inputSchema, longestWait, type Tool } from "../../shared/mcp/tool.ts";
import { tools } from "../../shared/mcp/tools.ts";

const toolOf = (name: string): Tool => {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  return tool;
};
const never = new AbortController().signal;
const failingWith = (cause: unknown): McpSession => ({
  project: "/project",
  act: () => Promise.reject(cause),
});

afterEach(() => {
  vi.useRealTimers();
});

describe("runTool", () => {
  it("gives up after 25 seconds, whatever hangs, and says that it may have been done", async () => {
    vi.useFakeTimers();
    let stopped = false;
    const hanging: McpSession = { project: "/project", act: () => Promise.race([]) };
    const asking: McpSession = {
      project: "/project",
      act: (use) =>
        use(
          {
            mail: {
              receive: (_: unknown, { signal }: { signal: AbortSignal }) =>
                new Promise((_resolve, reject) =>
                  signal.addEventListener("abort", () => {
                    stopped = true;
                    reject(signal.reason);
                  }),
                ),
            },
          } as unknown as DaemonClient,
          "ada",
        ),
    };
    for (const session of [hanging, asking]) {
      let answered = false;
      const call = runTool(toolOf("agentmail_inbox"), {}, session, never).finally(() => {
        answered = true;
      });
      await vi.advanceTimersByTimeAsync(limitSeconds * 1000 - 1);
      assert.isFalse(answered);
      await vi.advanceTimersByTimeAsync(1);
      const { isError, structuredContent } = await call;
      assert.isTrue(isError);
      assert.match(structuredContent.text, /given up after 25 seconds.*may have been done/);
      assert.deepInclude(structuredContent.error as object, { tag: "TimedOut" });
    }
    assert.isTrue(stopped);
    assert.strictEqual(vi.getTimerCount(), 0);
  });

  it("waits no longer than leaves time for an answer, and says so in the schema", () => {
    assert.isBelow(longestWait, limitSeconds);
    const given = { patterns: ["a"], waitSeconds: 600 };
    assert.deepInclude(chooseWay(toolOf("agentmail_reserve"), given, "/project").input as object, {
      waitSeconds: longestWait,
    });
    const waiting = tools.filter(({ takes }) => takes.waitSeconds !== undefined);
    assert.deepStrictEqual(
      waiting.map(({ name }) => name),
      ["agentmail_reserve", "agentmail_inbox", "agentmail_ask"],
    );
    for (const tool of waiting) {
      const { waitSeconds } = inputSchema(tool).properties as Record<string, object>;
      assert.deepInclude(waitSeconds, { maximum: longestWait }, tool.name);
    }
  });

  it("tells an error so that a model knows what to do next", async () => {
    const conflict = { requested: "src/a.ts", held: "src/", holder: "grace", waiting: false, cell: "p-1" };
    const message = "src/a.ts is held by another.";
    const cases: ReadonlyArray<readonly [Error, RegExp]> = [
      [
        new LeaseConflict({ message, conflicts: [conflict], ahead: 2 }),
        /grace holds src\/ for p-1\nWhat to do: .*number 3/,
      ],
      [new Deadlock({ message, cycle: [] }), /What to do: release/],
      [new DaemonUnreachable({ message }), /What to do: call the tool again; what you hold is kept/],
    ];
    for (const [error, says] of cases) {
      const result = await runTool(toolOf("agentmail_init"), {}, failingWith(error), never);
      assert.isTrue(result.isError);
      const text = result.content[0]?.text ?? "";
      assert.isTrue(text.startsWith(message), text);
      assert.match(text, says);
      assert.strictEqual(result.structuredContent.text, text);
    }
  });

  it("never rejects: what nobody foresaw is an error with a tag, too", async () => {
    for (const cause of [new TypeError("x is not a function"), "a text", undefined, { _tag: "Strange" }]) {
      const { isError, structuredContent } = await runTool(
        toolOf("hive_ready"),
        {},
        failingWith(cause),
        never,
      );
      assert.isTrue(isError);
      assert.deepInclude(structuredContent.error as object, { tag: "InternalError" });
    }
  });
});

describe("the tools", () => {
  it("say what each argument means, know all of them, and say nothing that providers of models refuse", () => {
    for (const tool of tools) {
      assert.match(tool.name, /^[a-z_]{1,40}$/);
      const { type, properties, ...rest } = inputSchema(tool);
      assert.strictEqual(type, "object");
      assert.doesNotHaveAnyKeys(rest, ["anyOf", "oneOf", "allOf", "$ref", "$defs"], tool.name);
      for (const [name, schema] of Object.entries(properties as Record<string, Record<string, unknown>>)) {
        assert.isString(schema.description, `${tool.name} ${name}`);
        // More than its description: the route knows the argument.
        const isAnything = tool.name === "swarm_validate_decomposition" && name === "plan";
        assert.isTrue(isAnything || Object.keys(schema).length > 1, `${tool.name} ${name}`);
        assert.notInclude(JSON.stringify(schema), "$ref", `${tool.name} ${name}`);
      }
    }
  });

  it("are those that the page about them lists", () => {
    const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "mcp.md"), "utf8");
    const listed = [...page.matchAll(/^\| `([a-z]+_[a-z_]+)`/gm)].map(([, name]) => name);
    assert.deepStrictEqual(listed.toSorted(), tools.map(({ name }) => name).toSorted());
  });
});
