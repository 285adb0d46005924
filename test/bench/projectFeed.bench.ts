/**
 * A project with 10,000 cells as a window follows it: everything, from the question to the folded model, beside a bare
 * server that sends the same bytes; and the change of one cell, beside the call that changes it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { applyUpdate, emptyModel, type ProjectModel } from "../../extension/project/ProjectModel.ts";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { percentile } from "./percentile.ts";

const epics = 100;
const cellsEach = 99;
const changes = 200;
const rounds = 5;

const bare = `
const [socket, file] = process.argv.slice(1);
const body = require("node:fs").readFileSync(file);
require("node:http").createServer((incoming, outgoing) => {
  incoming.resume().on("end", () => outgoing.end(body));
}).listen(socket, () => console.log("listens"));
`;

const askBare = (socketPath: string) =>
  new Promise<void>((resolve, reject) => {
    const outgoing = request({ socketPath, agent: false, path: "/" }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => {
        for (const line of text.trimEnd().split("\n")) JSON.parse(line);
        resolve();
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });

const ms = (values: ReadonlyArray<number>) =>
  `p50 ${percentile(values, 50).toFixed(1)} ms, p99 ${percentile(values, 99).toFixed(1)} ms`;

/** Everything, as JSON lines, and how long it took until it was folded, and until its first part was. */
const openWindow = async (client: DaemonClient, project: string, cells: number) => {
  const enough = new AbortController();
  const texts: Array<string> = [];
  const start = performance.now();
  let model: ProjectModel = emptyModel;
  let first: number | undefined;
  let whole = 0;
  for await (const { data } of client.project.watch({ project }, { signal: enough.signal })) {
    model = applyUpdate(model, data).model;
    first ??= performance.now() - start;
    whole = performance.now() - start;
    texts.push(JSON.stringify(data));
    if (model.cells.size >= cells) enough.abort();
  }
  return { text: texts.join("\n"), first: first ?? 0, whole };
};

/** Each change is waited for before the next one is made. */
const change = async (client: DaemonClient, project: string, ids: ReadonlyArray<string>) => {
  const enough = new AbortController();
  const called: Array<number> = [];
  const told: Array<number> = [];
  const bytes: Array<number> = [];
  let model: ProjectModel = emptyModel;
  let start = 0;
  let wanted: string | undefined;
  const next = async () => {
    if (told.length >= changes) return enough.abort();
    wanted = `title ${told.length}`;
    // Not sooner than what is told of the one before: what comes at once is told in one.
    await new Promise((resolve) => setTimeout(resolve, 30));
    start = performance.now();
    await client.hive.update({ project, id: ids[told.length]!, title: wanted });
    called.push(performance.now() - start);
  };
  let working: Promise<unknown> = Promise.resolve();
  for await (const { data } of client.project.watch({ project }, { signal: enough.signal })) {
    model = applyUpdate(model, data).model;
    if (data.kind !== "changes" || model.cells.size < ids.length) continue;
    if (wanted === undefined) working = next();
    else if (data.cells?.some(({ title }) => title === wanted)) {
      told.push(performance.now() - start);
      bytes.push(JSON.stringify(data).length);
      working = working.then(next);
    }
  }
  await working;
  return { called, told, bytes };
};

const line = (what: string, figures: string) => console.log(`${what.padEnd(44)} ${figures}`);

export const run = async (): Promise<void> => {
  const box = new Sandbox();
  let server: ChildProcess | undefined;
  try {
    box.commit({ "a.txt": "a\n" });
    await box.startDaemon();
    const project = box.repo;
    const client = await box.client();
    const ids: Array<string> = [];
    for (let n = 0; n < epics; n++) {
      const made = await client.hive.createEpic({
        project,
        title: `Epic ${n}`,
        subtasks: Array.from({ length: cellsEach }, (_, k) => ({
          title: `Cell ${k} of epic ${n}`,
          description: "What is to be done is said here in a sentence or two, as people do. ".repeat(2),
          ...(k % 5 === 4 ? { dependencies: [k - 1] } : {}),
        })),
      });
      ids.push(made.epic.id, ...made.cells.map(({ id }) => id));
    }
    const cold = await openWindow(client, project, ids.length);
    const warm: Array<Awaited<ReturnType<typeof openWindow>>> = [];
    for (let n = 0; n < rounds; n++) warm.push(await openWindow(client, project, ids.length));
    const [file, socket] = [join(box.folder, "body"), join(box.folder, "bare.sock")];
    writeFileSync(file, cold.text);
    server = spawn(process.execPath, ["--eval", bare, socket, file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (server.stdout !== null) await once(server.stdout, "data");
    const raw: Array<number> = [];
    for (let n = 0; n < rounds; n++) {
      const start = performance.now();
      await askBare(socket);
      raw.push(performance.now() - start);
    }
    const middle = (values: ReadonlyArray<number>) => percentile(values, 50).toFixed(0);
    line(
      `all of ${ids.length} cells to a window`,
      `${middle(warm.map(({ whole }) => whole))} ms, its first part ${middle(warm.map(({ first }) => first))} ms, ${(cold.text.length / 1e6).toFixed(1)} MB; the first time ${cold.whole.toFixed(0)} ms   raw, a bare server with these bytes: ${middle(raw)} ms`,
    );
    const { called, told, bytes } = await change(client, project, ids);
    line(
      `one cell of ${ids.length} changes`,
      `${ms(told)} until a window has it, ${middle(bytes)} bytes   the call itself: ${ms(called)}`,
    );
  } finally {
    server?.kill();
    await box.end();
  }
};
