/** `ocvibe hive create|list|show`: the work items of this project. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import { textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { pad, plain, plainLines } from "../render/text.ts";

const create = Command.make(
  "create",
  {
    title: Argument.String("title").pipe(Argument.withDescription("What is to be done")),
    description: textFlag("description", "TEXT", "More about it"),
    type: textFlag("type", "TYPE", "For instance task, bug or feature"),
    parent: textFlag("parent", "ID", "The cell that this one is a part of"),
    priority: Flag.Int("priority").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("0 (highest) to 4"),
      Flag.optional,
    ),
  },
  Effect.fn("hive.create")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      title: input.title,
      description: Option.getOrUndefined(input.description),
      issue_type: Option.getOrUndefined(input.type),
      parent_id: Option.getOrUndefined(input.parent),
      priority: Option.getOrUndefined(input.priority),
    });
    const cell = yield* session.ask((client, signal) => client.hive.create(request, { signal }));
    session.print(cell, [`Created ${cell.id}: ${plain(cell.title)}`]);
  }),
).pipe(Command.withDescription("Create a cell"));

const list = Command.make(
  "list",
  { status: textFlag("status", "STATUS", "Only cells with this status, for instance open") },
  Effect.fn("hive.list")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({ project: session.project, status: Option.getOrUndefined(input.status) });
    const cells = yield* session.ask((client, signal) => client.hive.list(request, { signal }));
    session.print(cells, cells.length === 0 ? ["There are no cells here."] : cellTable(cells));
  }),
).pipe(Command.withDescription("List cells"));

const show = Command.make(
  "show",
  { id: Argument.String("id").pipe(Argument.withDescription("The cell's id")) },
  Effect.fn("hive.show")(function* ({ id }) {
    const session = yield* openSession;
    const { project } = session;
    const cell = yield* session.ask((client, signal) => client.hive.show({ project, id }, { signal }));
    session.print(cell, cellLines(cell));
  }),
).pipe(Command.withDescription("Show a cell"));

const cellTable = (cells: ReadonlyArray<CellView>): ReadonlyArray<string> => {
  const idWidth = Math.max(...cells.map((cell) => cell.id.length));
  const statusWidth = Math.max(...cells.map((cell) => cell.status.length));
  return cells.map(
    ({ id, priority, status, title }) =>
      `${pad(id, idWidth)}  P${priority}  ${pad(plain(status), statusWidth)}  ${plain(title)}`,
  );
};

const cellLines = (cell: CellView): ReadonlyArray<string> => {
  const description = cell.fields.description;
  const blockers = cell.dependencies.map(
    (dependency) => `${dependency.depends_on_id} (${plain(dependency.type)})`,
  );
  return [
    `${cell.id}  ${plain(cell.title)}`,
    `  ${plain(cell.issue_type)}, priority ${cell.priority}, ${plain(cell.status)}${cell.ready ? ", ready" : ""}`,
    ...(cell.parent_id === null ? [] : [`  part of ${cell.parent_id}`]),
    ...(blockers.length === 0 ? [] : [`  depends on ${blockers.join(", ")}`]),
    ...cell.waiting_for.map((reason) => `  not ready: ${plain(reason)}`),
    ...(typeof description === "string" && description !== ""
      ? ["", ...plainLines(description).map((line) => `  ${line}`)]
      : []),
  ];
};

export const hive = Command.make("hive").pipe(
  Command.withDescription("Work items of this project"),
  Command.withSubcommands([create, list, show]),
);
