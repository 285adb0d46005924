/**
 * Inputs for routes: those that pass the schema and are about things that exist, and broken ones. The first kind is
 * `Arbitrary.schema` of the route's own input, with the fields that name something filled from what the daemon has.
 */
import { Arbitrary, Effect, Schema } from "effect";
import type { Caller, Fields, Json, Random, World } from "./World.ts";

export const pick = <A>(random: Random, from: ReadonlyArray<A>): A =>
  from[Math.floor(random() * from.length)] as A;

/** Inputs as the schema alone has them, encoded. */
export const samplesOf = (
  input: Schema.Codec<unknown, unknown>,
  count: number,
  seed: number,
): ReadonlyArray<Fields> => {
  const samples = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(input), { count, seed }));
  const encode = Schema.encodeUnknownSync(input);
  return samples.map((sample) => encode(sample) as Fields);
};

const patterns = [
  "a.txt",
  "src/**",
  "src/b.ts",
  "**/*.ts",
  "new/file.md",
  "docs/",
  "{a,b}.txt",
  "src/*",
  "ü.txt",
];

interface Given {
  readonly world: World;
  readonly random: Random;
  readonly caller: Caller;
  readonly project: string;
}
type Fill = (given: Given) => Json | undefined;

const recalled =
  (...kinds: ReadonlyArray<string>): Fill =>
  ({ world, random, project }) =>
    world.recall(pick(random, kinds), project, random);
/** Many that nobody else has, so that leases are had, and some that many want. */
const patternOf = (random: Random) =>
  random() < 0.7 ? `made/${Math.floor(random() * 1000)}.txt` : pick(random, patterns);
const patternList: Fill = ({ random }) =>
  Array.from({ length: 1 + Math.floor(random() * 3) }, () => patternOf(random));

/** By route and field, else by the field alone: what there is to be named. Undefined leaves the field as it is. */
const fills: Readonly<Record<string, Fill>> = {
  epic: recalled("epic"),
  cell: recalled("cell"),
  "hive/show id": recalled("cell"),
  "hive/start id": recalled("cell"),
  "hive/update id": recalled("cell"),
  "hive/close id": recalled("cell"),
  "hive/reopen id": recalled("cell"),
  "hive/list status": ({ random }) => pick(random, ["open", "closed", "in_progress", "x"]),
  title: ({ random }) => pick(random, ["A title", "Ein Titel mit ü", "題", " x "]),
  subtasks: ({ random }) =>
    Array.from({ length: Math.floor(random() * 4) }, (_, index) => ({
      title: `subtask ${index}`,
      dependencies: index > 0 && random() < 0.5 ? [index - 1] : [],
    })),
  priority: ({ random }) => Math.floor(random() * 5),
  parent_id: recalled("cell"),
  id: recalled("deferred pending", "deferred pending", "deferred resolved"),
  "mail/send id": () => absent,
  thread: recalled("thread"),
  "mail/ask to": recalled("name"),
  replyTo: recalled("deferred pending"),
  to: recalled("name", "holder"),
  "mail/send to": ({ world, random, project }) =>
    [world.recall("name", project, random) ?? "person", "person"].slice(random() < 0.5 ? 0 : 1),
  subject: ({ random }) => pick(random, ["Hello", "?", "主题"]),
  of: ({ caller, world, random, project }) =>
    caller.kind === "agent" ? absent : world.recall("name", project, random),
  "agents/end name": ({ caller, world, random, project }) =>
    caller.kind === "agent" ? absent : world.recall("name", project, random),
  "agents/register name": ({ random }) => (random() < 0.7 ? absent : `Agent${Math.floor(random() * 1e9)}`),
  patterns: patternList,
  "reservations/takeover patterns": ({ random }) => [patternOf(random)],
  path: ({ random, project }) => (random() < 0.5 ? patternOf(random) : `${project}/${patternOf(random)}`),
  harness: ({ caller, random }) => (caller.kind === "launcher" || random() < 0.1 ? "h" : absent),
  session: ({ caller, random }) =>
    caller.kind === "launcher" || random() < 0.1 ? `s${Math.floor(random() * 9)}` : absent,
  "agents/register harness": () => "h",
  "agents/register session": ({ random }) => `s${Math.floor(random() * 9)}`,
  // Short, so that files are free again for others.
  ttlSeconds: ({ random }) => 1 + Math.floor(random() * 20),
  // Waiting is not what is looked at, and takes a lane.
  waitSeconds: ({ random }) => (random() < 0.02 ? 1 : 0),
  visibilitySeconds: ({ random }) => 1 + Math.floor(random() * 5),
  base: recalled("base"),
  hashes: ({ world, random, project }) => [world.recall("hash", project, random) ?? "none"],
  planner: ({ world }) => world.planner,
  agent: ({ world, random }) => pick(random, world.agents),
  maxWorkers: ({ random }) => 1 + Math.floor(random() * 3),
  maxSubtasks: ({ random }) => 1 + Math.floor(random() * 3),
  // A paused swarm gives little to play with: one is paused, and all go on.
  "swarm/pause epic": recalled("epic"),
  "swarm/unpause epic": () => absent,
  "swarm/log attempt": ({ random }) => (random() < 0.5 ? absent : 1),
  "swarm/changes now": ({ random }) => (random() < 0.8 ? absent : true),
  // With a cell of the epic, or none: see below.
  "swarm/changes cell": () => absent,
  "swarm/sendBack cell": () => absent,
  "swarm/sendBack text": ({ random }) => pick(random, ["Otherwise, please.", "Önce more", "x".repeat(5000)]),
  "swarm/sendBack comments": () => [],
  text: ({ world, random }) => planText(world, random),
  plan: ({ world, random }) => planText(world, random),
  seq: recalled("seq"),
  after: recalled("seq"),
  stream: recalled("stream"),
  type: recalled("type"),
  at: () => new Date().toISOString(),
  projection: () => absent,
  limit: ({ random }) => Math.floor(random() * 50),
  "project/locate folder": ({ world, random, project }) => placeOf(world, random, project),
  // An announcement would leave this machine.
  announce: () => false,
  port: () => absent,
};

/** Of a field that is better left out. */
const absent = "\0absent";

const placeOf = (world: World, random: Random, project: string): string =>
  random() < 0.95
    ? project
    : pick(random, [
        world.unmanaged,
        world.box.folder,
        `${project}/src`,
        `${project}/a.txt`,
        "/nowhere",
        ".",
      ]);

const planText = (world: World, random: Random): string => {
  const file = `made/${Math.floor(random() * 1e6)}.test.js`;
  const one = { epic: { title: "fuzz" }, subtasks: [world.subtask(file, Math.floor(random() * 4))] };
  const two = { ...one, subtasks: [...one.subtasks, { ...world.subtask(`${file}x`, 1), dependencies: [0] }] };
  const clash = { ...one, subtasks: [...one.subtasks, world.subtask("**")] };
  const text = JSON.stringify(pick(random, [one, one, one, two, clash]));
  return pick(random, [text, text, text, `\`\`\`json\n${text}\n\`\`\``, JSON.stringify(text), text.slice(1)]);
};

/** Fields that belong together, from one thing that was seen: in the project, or by the caller. */
const together: Readonly<Record<string, ReadonlyArray<readonly ["project" | "caller", string]>>> = {
  "reservations/renew": [["caller", "lease"]],
  "reservations/handover": [["caller", "held"]],
  "reservations/release": [["caller", "held"]],
  "reservations/withdraw": [["caller", "ticket"]],
  "mail/ack": [["caller", "delivery"]],
  "mail/seen": [["project", "to the person"]],
  "mail/revive": [["project", "dead"]],
  "swarm/start": [["project", "proposal"]],
  "swarm/land": [["project", "swarm ready"]],
  "swarm/resume": [
    ["project", "swarm interrupted"],
    ["project", "swarm blocked"],
  ],
  "swarm/cancel": [
    ["project", "swarm running"],
    ["project", "swarm blocked"],
    ["project", "swarm ready"],
  ],
  "swarm/discard": [
    ["project", "swarm cancelled"],
    ["project", "swarm blocked"],
  ],
  "swarm/retry": [["project", "blocked"]],
  "swarm/sendBack": [["project", "swarm ready"]],
  "swarm/revert": [["project", "swarm landed"]],
  "swarm/changes": [
    ["project", "swarm ready"],
    ["project", "swarm landed"],
    ["project", "swarm cell"],
  ],
  "swarm/file": [
    ["project", "swarm ready"],
    ["project", "swarm landed"],
  ],
  "swarm/log": [["project", "swarm cell"]],
  "swarm/graph": [
    ["project", "swarm ready"],
    ["project", "swarm landed"],
  ],
  "swarm/answer": [["project", "needs-you"]],
  "agents/endSession": [["project", "session"]],
};

/** One that the schema takes, about things that exist where there are such. */
export const validInput = (
  {
    path,
    fields,
    sample,
  }: { readonly path: string; readonly fields: ReadonlyArray<string>; readonly sample: Fields },
  caller: Caller,
  world: World,
  random: Random,
): Fields => {
  const project =
    caller.project !== undefined && random() < 0.95 ? caller.project : pick(random, world.projects);
  const input: Fields = { ...sample };
  const given = { world, random, caller, project };
  for (const key of fields) {
    // An optional field may stay away.
    if (!(key in sample)) continue;
    const value =
      key === "project" ? placeOf(world, random, project) : (fills[`${path} ${key}`] ?? fills[key])?.(given);
    if (value === absent) delete input[key];
    else if (value !== undefined) input[key] = value;
  }
  const [whose, kind] = pick(random, together[path] ?? [["project", ""]]);
  const seen = world.recall(kind, whose === "project" ? project : (caller.token ?? ""), random);
  for (const [key, value] of Object.entries((seen ?? {}) as Fields))
    if (fields.includes(key)) input[key] = value;
  // Of these two only one may be given.
  if (path === "events/stateAt") delete input[random() < 0.5 ? "at" : "seq"];
  if (path === "reservations/release") delete input[random() < 0.8 ? "all" : "patterns"];
  return input;
};

const strings = [
  "",
  "\0",
  "a\0b",
  "\ud800",
  "\u202e\u0007\u001b[2J",
  "𝕏👩‍👩‍👧 ﷽ ñ",
  "../../etc/passwd",
  "/etc/passwd",
  "-rf",
  "--upload-pack=x",
  "$(id)",
  "'; DROP TABLE events; --",
  "__proto__",
  "constructor",
  "%00",
  "a/".repeat(2000),
  "**/".repeat(300),
  "{a,b}".repeat(40),
  "x".repeat(100_000),
];
const values: ReadonlyArray<Json> = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 31),
  [],
  {},
  [[]],
  { length: 1e9 },
  "x",
  [null],
  { $ref: "#" },
];

/** A body of JSON, or of what is none. `valid` is an input that the schema takes. */
export const brokenBody = (valid: Fields, random: Random): string | Buffer => {
  const keys = Object.keys(valid);
  const key = keys.length === 0 ? "x" : pick(random, keys);
  const text = JSON.stringify(valid);
  switch (Math.floor(random() * 12)) {
    case 0: {
      const { [key]: _, ...rest } = valid;
      return JSON.stringify(rest);
    }
    case 1:
    case 2:
      return JSON.stringify({ ...valid, [key]: pick(random, values) });
    case 3:
    case 4:
      return JSON.stringify({ ...valid, [key]: pick(random, strings) });
    case 5:
      return JSON.stringify({ ...valid, [key]: [pick(random, strings), pick(random, values)] });
    case 6:
      return JSON.stringify({ ...valid, [pick(random, strings).slice(0, 50)]: 1 });
    case 7:
      return `{"__proto__":{"admin":true},"constructor":{"prototype":{}},${text.slice(1)}`.replace(
        /,}$/,
        "}",
      );
    case 8:
      return JSON.stringify({ ...valid, [key]: 0 }).replace(
        /:0}?$/,
        `:${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      );
    case 9:
      return text.slice(0, Math.floor(random() * text.length));
    case 10:
      return pick(random, [
        "",
        "null",
        "[]",
        '"x"',
        "1",
        "\ufeff{}",
        "{}{}",
        "{'a':1}",
        "NaN",
        "{,}",
        `${text}x`,
      ]);
    default:
      return Buffer.concat([
        Buffer.from(text.slice(0, -1)),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
        Buffer.from("}"),
      ]);
  }
};
