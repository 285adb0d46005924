/**
 * What the status bar's one item says: the most pressing thing of the window, in few characters, and where a click
 * leads. A pure function of what is known.
 */
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import type { ProjectModel } from "../project/ProjectModel.ts";
import type { WindowState } from "../project/Projects.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { isOver } from "../views/hive/hiveTree.ts";
import { type Waiting, waitsForYou } from "../views/hive/waitsForYou.ts";

export interface StatusProject {
  readonly commonDir: string;
  readonly model: Pick<ProjectModel, "swarms" | "mail" | "paused">;
}

export interface StatusInput {
  readonly state: WindowState;
  readonly projects: ReadonlyArray<StatusProject>;
  readonly plannings: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Epics whose landing the person has taken note of. */
  readonly noted: ReadonlySet<string>;
}

/** Where a click leads. */
export type Matter =
  | { readonly kind: "start" | "planning" | "trust" | "down" | "checkout" }
  | { readonly kind: "question" }
  | { readonly kind: "cell" | "landing" | "landed"; readonly project: string; readonly cell: string };

export interface SwarmStatus {
  readonly kind: StatusKind;
  /** With icons in VS Code's `$(…)` notation. */
  readonly text: string;
  /** One sentence: the tooltip's first line, and what a screen reader says. */
  readonly spoken: string;
  readonly severity: "normal" | "warning" | "error";
  readonly matter: Matter;
}

export type StatusKind =
  | "hidden"
  | "restricted"
  | "checkout"
  | "down"
  | "needs-you"
  | "failed"
  | "running"
  | "paused"
  | "planning"
  | "ready"
  | "landed"
  | "idle";

/** Milliseconds for which a landing is news. */
export const newsFor = 10 * 60_000;

export const swarmStatus = (input: StatusInput): SwarmStatus =>
  ofWindow(input.state) ??
  ofWaiting(input) ??
  ofWork(input) ??
  ofPlanning(input) ??
  ofReady(input) ??
  ofLanded(input) ??
  idle();

const ofWindow = (state: WindowState): SwarmStatus | undefined => {
  switch (state) {
    case "restricted":
      return {
        kind: "restricted",
        text: "$(shield) Vibe",
        spoken: t("Restricted Mode: trust this folder to start swarms."),
        severity: "normal",
        matter: { kind: "trust" },
      };
    case "checkout":
      return {
        kind: "checkout",
        text: `$(eye) ${t("Agent's checkout")}`,
        spoken: t("This folder is an agent's checkout. Its swarm is shown where your repository is open."),
        severity: "normal",
        matter: { kind: "checkout" },
      };
    case "down":
      return {
        kind: "down",
        text: `$(debug-disconnect) ${t("Vibe: daemon down")}`,
        spoken: t("The daemon does not answer. Nothing is lost; click to start it again."),
        severity: "error",
        matter: { kind: "down" },
      };
    case "no-folder":
    case "no-git":
      return { kind: "hidden", text: "", spoken: "", severity: "normal", matter: { kind: "start" } };
    default:
      return undefined;
  }
};

interface Pressing {
  readonly project: StatusProject;
  readonly waiting: Waiting;
}

const ofWaiting = (input: StatusInput): SwarmStatus | undefined => {
  const all: ReadonlyArray<Pressing> = input.projects.flatMap((project) =>
    waitsForYou(project.model).map((waiting) => ({ project, waiting })),
  );
  const asking = all.find(({ waiting }) => waiting.kind === "question" || waiting.kind === "answer");
  const failing = all.find(({ waiting }) => waiting.kind === "blocked" || waiting.kind === "stopped");
  const first = asking ?? failing;
  if (first === undefined) return undefined;
  const figures = progressOf(input.projects);
  const besides = figures === undefined ? "" : ` · ${figures.merged}/${figures.total}`;
  if (asking !== undefined) {
    return {
      kind: "needs-you",
      text: `$(bell-dot) ${t("Vibe needs you")}${besides}`,
      spoken:
        asking.waiting.kind === "question"
          ? t("A question waits for you.")
          : t("The gate asks you about a cell."),
      severity: "warning",
      matter: matterOf(first),
    };
  }
  return {
    kind: "failed",
    text: `$(error) ${first.waiting.kind === "blocked" ? t("Vibe: a cell failed") : t("Vibe: a swarm stopped")}${besides}`,
    spoken:
      first.waiting.kind === "blocked"
        ? t("A cell used up its attempts: retry it, or cancel its swarm.")
        : t("A swarm was interrupted; it can be resumed."),
    severity: "error",
    matter: matterOf(first),
  };
};

const matterOf = ({ project: { commonDir: project }, waiting }: Pressing): Matter => {
  switch (waiting.kind) {
    case "question":
      return { kind: "question" };
    case "answer":
    case "blocked":
      return { kind: "cell", project, cell: waiting.cell };
    case "stopped":
      return { kind: "cell", project, cell: waiting.epic };
    case "land":
      return { kind: "landing", project, cell: waiting.epic };
  }
};

const ofWork = ({ projects }: StatusInput): SwarmStatus | undefined => {
  const figures = progressOf(projects);
  if (figures === undefined) return undefined;
  const { merged, total, first, project } = figures;
  const matter: Matter = { kind: "cell", project, cell: first.epic };
  const count = t("{0} of {1} cells are merged.", merged, total);
  if (first.paused) {
    return {
      kind: "paused",
      text: `$(debug-pause) ${merged}/${total}`,
      spoken: t("{0} Paused: no new agents are started.", count),
      severity: "normal",
      matter,
    };
  }
  const landing = first.status === "landing" || first.status === "reverting";
  return {
    kind: "running",
    text: `$(loading~spin) ${merged}/${total}`,
    spoken: landing ? t("{0} Landing.", count) : t("{0} Agents are at work.", count),
    severity: "normal",
    matter,
  };
};

const ofPlanning = ({ plannings }: StatusInput): SwarmStatus | undefined =>
  plannings === 0
    ? undefined
    : {
        kind: "planning",
        text: `$(loading~spin) ${t("Planning…")}`,
        spoken: t("A plan is being made."),
        severity: "normal",
        matter: { kind: "planning" },
      };

const ofReady = ({ projects }: StatusInput): SwarmStatus | undefined => {
  const found = swarmsOf(projects).find(({ swarm }) => swarm.status === "ready");
  if (found === undefined) return undefined;
  const { swarm, project } = found;
  const matter: Matter = { kind: "landing", project, cell: swarm.epic };
  const title = asPlainText(swarm.title, 80);
  return swarm.refusal === null
    ? {
        kind: "ready",
        text: `$(rocket) ${t("Ready to land")}`,
        spoken: t('"{0}" passed every check and waits for you to land it.', title),
        severity: "warning",
        matter,
      }
    : {
        kind: "failed",
        text: `$(error) ${t("Landing refused")}`,
        spoken: t('"{0}" did not land: {1}', title, asPlainText(swarm.refusal.message, 200)),
        severity: "error",
        matter,
      };
};

const ofLanded = ({ projects, now, noted }: StatusInput): SwarmStatus | undefined => {
  const found = swarmsOf(projects)
    .filter(({ swarm }) => swarm.status === "landed" && !noted.has(swarm.epic) && isNews(swarm, now))
    .toSorted((left, right) => (left.swarm.endedAt! < right.swarm.endedAt! ? 1 : -1))[0];
  if (found === undefined) return undefined;
  const { swarm, project } = found;
  return {
    kind: "landed",
    text: `$(pass-filled) ${t("Landed")}`,
    spoken: t('"{0}" has landed.', asPlainText(swarm.title, 80)),
    severity: "normal",
    matter: { kind: "landed", project, cell: swarm.epic },
  };
};

const isNews = ({ endedAt }: SwarmView, now: number): boolean =>
  endedAt !== null && now - Date.parse(endedAt) < newsFor;

const idle = (): SwarmStatus => ({
  kind: "idle",
  text: "$(rocket) Vibe",
  spoken: t("No swarm is at work. Click to start one."),
  severity: "normal",
  matter: { kind: "start" },
});

const swarmsOf = (projects: ReadonlyArray<StatusProject>) =>
  projects.flatMap(({ commonDir: project, model }) =>
    [...model.swarms.values()].map((swarm) => ({ project, swarm })),
  );

/** Of the swarms that are being worked on; the first is the one that was started last. */
const progressOf = (projects: ReadonlyArray<StatusProject>) => {
  const working = swarmsOf(projects)
    .filter(({ swarm }) => !isOver(swarm) && swarm.status !== "ready")
    .toSorted((left, right) => (left.swarm.startedAt < right.swarm.startedAt ? 1 : -1));
  const [latest] = working;
  if (latest === undefined) return undefined;
  const subtasks = working.flatMap(({ swarm }) => swarm.subtasks);
  return {
    merged: subtasks.filter(({ status }) => status === "merged").length,
    total: subtasks.length,
    first: working.find(({ swarm }) => !swarm.paused)?.swarm ?? latest.swarm,
    project: latest.project,
  };
};
