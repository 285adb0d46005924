/**
 * A small repository, a planner and an agent for scenarios in a real VS Code. Each agent works until the test lets
 * it go on, so that every state of a swarm can be looked at for as long as it takes.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import type { Sandbox } from "../sandbox.ts";
import { scriptAgent, startSwarm } from "../swarms.ts";

export const task = "Greet in every language";

/** Its second subtask skips a test, about which the gate asks the person; its third waits for the first. */
const subtasks = [
  { title: "Write the greetings", files: ["src/greetings.js"], dependencies: [] },
  { title: "Test the greetings", files: ["test/greetings.test.js"], dependencies: [] },
  { title: "Greet by language", files: ["src/greet.js"], dependencies: [0] },
] as const;

const files = {
  "package.json": `${JSON.stringify({ name: "sample", private: true, type: "module", scripts: { test: "node check.js" } }, undefined, 2)}\n`,
  "check.js": 'import "./src/greet.js";\n',
  "src/greetings.js": 'export const greetings = { en: "Hello" };\n',
  "src/greet.js": 'export const greet = (name) => "Hello, " + name;\n',
  "src/names.js": 'export const names = ["Ada", "Grace"];\n',
  "test/greetings.test.js": 'import test from "node:test";\ntest("greets", () => {});\n',
  "README.md": "# Greetings\n",
};

export interface Sample {
  /** The settings of the extension for it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Lets the agents of these subtasks, counted from 1, finish. */
  readonly let: (...numbers: ReadonlyArray<number>) => void;
  /** Whether the agent of this subtask fails when it goes on. */
  readonly fail: (number: number, fails: boolean) => void;
  /** Whether the planner waits. */
  readonly holdPlanner: (holds: boolean) => void;
  /** The same swarm, started by another client than the editor. */
  readonly start: (client: DaemonClient) => Promise<SwarmView>;
}

export const layOutSample = (box: Sandbox): Sample => {
  if (!existsSync(join(box.repo, ".git"))) box.commit(files);
  const agent = scriptAgent(
    box,
    `
const number = process.env.OCVIBE_CELL.split(".").at(-1);
console.log("reading", process.env.OCVIBE_FILES);
await waitFor(${JSON.stringify(box.folder)} + "/go-" + number);
if (fs.existsSync(${JSON.stringify(box.folder)} + "/fail-" + number)) {
  console.log("No dictionary of French is here.");
  process.exit(1);
}
const path = process.env.OCVIBE_FILES.split("\\n")[0];
const findings = retry ? JSON.parse(fs.readFileSync(process.env.OCVIBE_FINDINGS, "utf8")) : [];
const asked = findings.filter((one) => one.kind === "sent-back").map((one) => "// " + one.message.replaceAll("\\n", " ") + "\\n");
const text = {
  "src/greetings.js": "export const greetings = { en: \\"Hello\\", fr: \\"Bonjour\\" };\\n",
  "src/greet.js": "import { greetings } from \\"./greetings.js\\";\\nexport const greet = (name, language) => greetings[language] + name;\\n",
  "test/greetings.test.js": "import test from \\"node:test\\";\\ntest.skip(\\"greets\\", () => {});\\n",
};
write(path, asked.join("") + text[path]);
`,
  );
  const plan = {
    epic: { title: task },
    subtasks: subtasks.map((one) => ({ ...one, description: "", estimated_complexity: 2 })),
  };
  const planner = box.agent(
    "planner",
    `import { existsSync, readFileSync } from "node:fs";
while (existsSync(${JSON.stringify(join(box.folder, "hold-planner"))})) await new Promise((go) => setTimeout(go, 10));
if (!readFileSync(0, "utf8").includes(${JSON.stringify(task)})) throw new Error("the prompt has no task");
console.log(${JSON.stringify(JSON.stringify(plan))});`,
  );
  const mark = (name: string, stands: boolean) =>
    stands ? box.write({ [name]: "" }, box.folder) : rmSync(join(box.folder, name), { force: true });
  return {
    fail: (number, fails) => mark(`fail-${number}`, fails),
    holdPlanner: (holds) => mark("hold-planner", holds),
    settings: { "vibe.agent": agent, "vibe.planner": planner },
    let: (...numbers) =>
      box.write(Object.fromEntries(numbers.map((number) => [`go-${number}`, ""])), box.folder),
    start: (client) =>
      startSwarm(
        client,
        box.repo,
        subtasks.map(({ title, files: wanted, dependencies }) => ({
          title,
          files: wanted,
          agent,
          after: dependencies,
        })),
      ),
  };
};
