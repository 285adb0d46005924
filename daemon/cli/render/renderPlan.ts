/** A plan as a person reads it before saying yes: who would do what, what judges it, and what is not seen. */
import type { Check } from "../../../shared/contract/gate.ts";
import type { Proposal } from "../../../shared/contract/swarmRoutes.ts";
import { targetName } from "./names.ts";
import { count, painter, plain, plainLines, shortCommit, wrap } from "./text.ts";

const mostDirty = 10;

export const renderPlan = (
  proposal: Proposal,
  look: { readonly colour: boolean; readonly width: number },
): ReadonlyArray<string> => {
  const paint = painter(look.colour);
  const { plan } = proposal;
  const start = proposal.target.kind === "branch" ? targetName(proposal) : "HEAD, which is detached,";
  return [
    paint("bold", `Plan: ${plain(plan.epic.title)}`),
    ...(plan.epic.description === undefined ? [] : described(plan.epic.description, look.width, "  ")),
    ...plan.subtasks.flatMap((subtask, index) => {
      const now = proposal.subtasks[index];
      const after = subtask.dependencies.map((position) => position + 1).join(", ");
      return [
        "",
        `  ${index + 1}. ${paint("bold", plain(subtask.title))}${after === "" ? "" : `, after ${after}`}`,
        ...(subtask.description === undefined
          ? []
          : described(subtask.description, look.width, "     ").map((line) => paint("dim", line))),
        `     files  ${paint("cyan", plain(subtask.files.join(" ")))} (${count(now?.filesNow ?? 0, "file")} now)`,
        `     agent  ${plain(now?.agent ?? subtask.agent ?? "")}`,
      ];
    }),
    "",
    `Work starts from ${start} at ${shortCommit(proposal.base)}, with up to ${count(proposal.maxWorkers, "agent")} at once.`,
    "Agents run as you, in checkouts of their own; nothing reaches your branch before you land it.",
    ...renderChecks(proposal),
    ...renderDirty(proposal),
    ...proposal.warnings
      .filter((fault) => fault.severity === "warning")
      .map((fault) => paint("yellow", `Warning: ${plain(fault.where)}: ${plain(fault.message)}`)),
  ];
};

const described = (text: string, width: number, indent: string): ReadonlyArray<string> =>
  plainLines(text)
    .flatMap((line) => wrap(line, width - indent.length))
    .map((line) => indent + line);

/** The exact text of each command, since that is what the person approves. */
export const checkLines = (check: Check): ReadonlyArray<string> => {
  const [command = "", ...bodies] = plainLines(check.text);
  return [`  ${command}`, ...bodies.map((line) => `    ${line}`)];
};

const renderChecks = (proposal: Proposal): ReadonlyArray<string> => {
  const lines = (entry: { readonly check: Check; readonly approved: boolean }) => {
    const [first = "", ...rest] = checkLines(entry.check);
    return [entry.approved ? first : `${first}   (to be approved)`, ...rest];
  };
  return [
    ...(proposal.setup === undefined ? [] : ["Each checkout is made ready by:", ...lines(proposal.setup)]),
    ...(proposal.checks.length === 0
      ? [
          "No checks were found: nothing but the limits on files judges the work, and landing it needs an extra yes.",
        ]
      : ["Work is taken only when these pass:", ...proposal.checks.flatMap(lines)]),
  ];
};

const renderDirty = ({ dirty }: Proposal): ReadonlyArray<string> => {
  if (dirty.length === 0) return [];
  const more = dirty.length - mostDirty;
  return [
    `Agents will not see your uncommitted changes (${count(dirty.length, "path")}), and they stay as they are:`,
    ...dirty.slice(0, mostDirty).map(({ path, state }) => `  ${state}  ${plain(path)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
};
