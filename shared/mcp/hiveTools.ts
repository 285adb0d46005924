/** Tools for the hive, the tracker of the project's work items (cells), and for swarms. */
import { Schema } from "effect";
import { InvalidInput } from "../contract/errors.ts";
import type { CellView } from "../contract/hiveRoutes.ts";
import { contract } from "../contract/routes.ts";
import type { SwarmView } from "../contract/swarmRoutes.ts";
import { listOf } from "./tellError.ts";
import { type Tool, way } from "./tool.ts";

const cellText = {
  title: "What is to be done, in one line.",
  description: "All that somebody needs who does it.",
  priority: "0 (most urgent) to 4.",
  issue_type: "For instance task, bug or feature.",
};

/** A decomposition as an object, or as the text of one. */
const proposalInput = Schema.Struct({ project: Schema.String, plan: Schema.Json });

/** What is nested deeper than the stack is no plan, and has no text. */
const planText = (plan: Schema.Json): string => {
  try {
    return JSON.stringify(plan);
  } catch {
    throw new InvalidInput({
      message:
        "The plan is nested too deeply. Give an object with epic and subtasks, as the tool describes it.",
    });
  }
};

/** Who is to run the subtasks is said at the start, not here: this stands for it, and git is always there. */
const agent = "command:git";

export const hiveTools: ReadonlyArray<Tool> = [
  {
    name: "hive_create",
    title: "Create a work item",
    description:
      "Puts a piece of work (a cell) into the project's tracker: something you found and do not do now, or a part of a larger cell (parent_id). Several at once that depend on each other: hive_create_epic.",
    takes: { ...cellText, parent_id: "The cell that it is a part of." },
    ways: [
      way(contract.hive.create.input, async ({ client, options }, input) =>
        oneCell("Created", await client.hive.create(input, options)),
      ),
    ],
  },
  {
    name: "hive_create_epic",
    title: "Create a work item with parts",
    description:
      "Puts a larger piece of work (an epic) and its parts into the tracker at once, with what each part has to wait for. It starts nothing: take a part that is ready with hive_start.",
    takes: {
      title: cellText.title,
      description: cellText.description,
      subtasks:
        "The parts. `dependencies` are positions in this list, from 0, of the parts that come before one.",
    },
    ways: [
      way(contract.hive.createEpic.input, async ({ client, options }, input) => {
        const { epic, cells } = await client.hive.createEpic(input, options);
        return {
          text: [`Created ${cellLine(epic)}`, ...cells.map((cell) => `  ${cellLine(cell)}`)].join("\n"),
          data: { epic, cells },
        };
      }),
    ],
  },
  {
    name: "hive_query",
    title: "Look at work items",
    readOnly: true,
    description:
      "Shows one cell (id) with all there is to know of it, or lists the cells of the project, all of them or those with one status. What can be begun now is what hive_ready lists.",
    takes: {
      id: "Show this cell.",
      status: "Only those with this status: open, in_progress, blocked, closed.",
    },
    ways: [
      way(
        contract.hive.show.input,
        async ({ client, options }, input) => {
          const cell = await client.hive.show(input, options);
          const { description } = cell.fields;
          const lines = [
            cellLine(cell),
            ...cell.waiting_for.map((reason) => `Not ready: ${reason}`),
            ...(typeof description === "string" && description !== "" ? ["", description] : []),
          ];
          return { text: lines.join("\n"), data: { cell } };
        },
        "id",
      ),
      way(contract.hive.list.input, async ({ client, options }, input) =>
        manyCells("There are no such cells.", await client.hive.list(input, options)),
      ),
    ],
  },
  {
    name: "hive_ready",
    title: "What can be begun now",
    readOnly: true,
    description:
      "Lists the cells that nothing stands in the way of, the most urgent first. Choose one of them, take it with hive_start, reserve its files, and close it with hive_close when it is done.",
    takes: { limit: "At most this many." },
    ways: [
      way(contract.hive.ready.input, async ({ client, options }, input) =>
        manyCells(
          "Nothing is ready. hive_query says why the others are not.",
          await client.hive.ready(input, options),
        ),
      ),
    ],
  },
  {
    name: "hive_start",
    title: "Take a work item",
    description:
      "Says that you work on a cell from now on. One that is not ready, or that another works on, is refused. Reserve its files next.",
    takes: { id: "The cell." },
    ways: [
      way(contract.hive.start.input, async ({ client, options }, input) =>
        oneCell("Yours now:", await client.hive.start(input, options)),
      ),
    ],
  },
  {
    name: "hive_update",
    title: "Change a work item",
    description: "Changes what a cell says. Only what you give is changed.",
    takes: { id: "The cell.", ...cellText },
    ways: [
      way(contract.hive.update.input, async ({ client, options }, input) =>
        oneCell("Changed", await client.hive.update(input, options)),
      ),
    ],
  },
  {
    name: "hive_close",
    title: "Close a work item",
    description:
      "Says that a cell is done, or will not be done (say so in reason). Cells of a swarm are closed by the swarm, when their work has passed.",
    takes: { id: "The cell.", reason: "What came of it, in one line." },
    ways: [
      way(contract.hive.close.input, async ({ client, options }, input) =>
        oneCell("Closed", await client.hive.close(input, options)),
      ),
    ],
  },
  {
    name: "swarm_status",
    title: "How a swarm gets on",
    readOnly: true,
    description:
      "Says how a swarm (several agents on the parts of one plan) gets on: one of them (epic), or the latest of the project. It starts and changes nothing; that is the person's to do.",
    takes: { epic: "The swarm's id." },
    ways: [
      way(
        contract.swarm.status.input,
        async ({ client, options }, input) => {
          const swarm = await client.swarm.status(input, options);
          const lines = swarm.subtasks.map(
            ({ id, title, status, attempts, files }) =>
              `  ${id} ${status}, attempt ${attempts}: ${title} (${listOf(files, 5)})`,
          );
          return { text: [swarmLine(swarm), ...lines].join("\n"), data: { swarm } };
        },
        "epic",
      ),
      way(contract.swarm.list.input, async ({ client, options }, input) => {
        const swarms = await client.swarm.list(input, options);
        const text =
          swarms.length === 0 ? "There is no swarm in this project." : swarms.map(swarmLine).join("\n");
        return { text, data: { swarms } };
      }),
    ],
  },
  {
    name: "swarm_validate_decomposition",
    title: "Check a plan",
    readOnly: true,
    description:
      "Checks a plan of parallel subtasks against the repository and the files held now: empty parts, circles, subtasks whose files overlap without an order between them. Every fault is named. Nothing is started: give a plan that passes to the person, who starts it with `ocvibe start --plan`.",
    takes: {
      plan: `The plan, as an object or as JSON text: {"epic": {"title"}, "subtasks": [{"title", "description", "files": ["src/a.ts"], "dependencies": [positions from 0], "estimated_complexity": 1 to 5}]}.`,
    },
    ways: [
      way(proposalInput, async ({ client, options }, { project, plan }) => {
        const text = typeof plan === "string" ? plan : planText(plan);
        const { subtasks, warnings, dirty, planHash } = await client.swarm.propose(
          { project, text, agent },
          options,
        );
        const lines = [
          `The plan is valid: ${subtasks.length} subtasks.`,
          ...subtasks.map(
            ({ title, patterns, filesNow }) => `  ${title}: ${listOf(patterns, 5)} (${filesNow} files now)`,
          ),
          ...warnings.map(({ where, message }) => `Warning, ${where}: ${message}`),
          ...(dirty.length === 0
            ? []
            : [`${dirty.length} changed files are not committed, so a swarm would not see them.`]),
        ];
        return { text: lines.join("\n"), data: { valid: true, subtasks, warnings, planHash } };
      }),
    ],
  },
];

const cellLine = ({ id, priority, status, title, ready }: CellView): string =>
  `${id} P${priority} ${status}${ready ? ", ready" : ""}: ${title}`;

const oneCell = (what: string, cell: CellView) => ({ text: `${what} ${cellLine(cell)}`, data: { cell } });

/** A model's window is not for ten thousand cells; the rest are counted. */
const shown = 50;

const manyCells = (none: string, cells: ReadonlyArray<CellView>) => {
  const more = cells.length - shown;
  const lines = cells.slice(0, shown).map(cellLine);
  const text =
    cells.length === 0 ? none : [...lines, ...(more > 0 ? [`… and ${more} more.`] : [])].join("\n");
  return { text, data: { cells: cells.slice(0, shown), total: cells.length } };
};

const swarmLine = ({ epic, title, status, subtasks, problem }: SwarmView): string => {
  const merged = subtasks.filter((subtask) => subtask.status === "merged").length;
  return `${epic} ${status}: ${title} (${merged} of ${subtasks.length} merged)${problem === null ? "" : `. ${problem}`}`;
};
