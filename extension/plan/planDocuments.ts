/**
 * Keeps a verdict for every plan that is open: asked of the daemon a moment after the last change, shown as
 * diagnostics and lenses. Typing waits for none of it.
 */
import * as vscode from "vscode";
import type { Project } from "../project/Project.ts";
import { t } from "../text/t.ts";
import { timeOfDay } from "../text/timeOfDay.ts";
import type { Vibe } from "../Vibe.ts";
import { draftOf, draftStore, planScheme } from "./PlanDrafts.ts";
import { countFiles, type FileCounts, judgePlan, type PlanVerdict } from "./PlanVerdict.ts";
import { placeFaults } from "./placeFaults.ts";

export const planSelector: ReadonlyArray<vscode.DocumentFilter> = [
  { scheme: planScheme, pattern: "**/*.vibe-plan.json" },
  { scheme: "file", pattern: "**/*.vibe-plan.json" },
];

export const isPlan = (document: vscode.TextDocument): boolean =>
  vscode.languages.match([...planSelector], document) > 0;

export interface SeenPlan {
  /** The document's version that the verdict is about. */
  readonly version: number;
  readonly verdict: PlanVerdict;
  readonly counts: FileCounts;
}

export interface PlanDocuments extends vscode.Disposable {
  /** What is known of the document as it is now; waiting while that is nothing yet. */
  readonly seen: (document: vscode.TextDocument) => SeenPlan;
  /** Looks anew, for what is not in the text: another agent, another commit, files that were released. */
  readonly look: (document: vscode.TextDocument) => void;
  readonly projectOf: (document: vscode.TextDocument) => Project | undefined;
  readonly onDidJudge: vscode.Event<vscode.TextDocument>;
}

/** Milliseconds after the last change. */
const restMs = 250;

export const watchPlanDocuments = (vibe: Vibe): PlanDocuments => {
  const { projects } = vibe;
  const diagnostics = vscode.languages.createDiagnosticCollection("vibe-plan");
  const judged = new vscode.EventEmitter<vscode.TextDocument>();
  const known = new Map<string, SeenPlan>();
  const underWay = new Map<string, { readonly timer: NodeJS.Timeout; readonly asking: AbortController }>();

  const projectOf = (document: vscode.TextDocument) => {
    const commonDir = draftOf(document.uri)?.commonDir;
    return commonDir === undefined
      ? projects.of(document.uri)
      : projects.all().find((project) => project.commonDir === commonDir);
  };

  const judge = async (document: vscode.TextDocument, signal: AbortSignal): Promise<PlanVerdict> => {
    if (!vscode.workspace.isTrusted)
      return { kind: "unknown", message: t("Restricted Mode: nothing is looked at or started here") };
    // After a reload the document may be there before the drafts are.
    await draftStore(vibe.context);
    const project = projectOf(document);
    if (project === undefined)
      return { kind: "unknown", message: t("The repository of this plan is not open in this window") };
    const text = document.getText();
    return judgePlan(async () => {
      const client = await project.client();
      return client.swarm.propose({ project: project.root, text, ...agentSetting(document.uri) }, { signal });
    });
  };

  const say = (document: vscode.TextDocument, verdict: PlanVerdict) => {
    const faults =
      verdict.kind === "faulty" ? verdict.faults : verdict.kind === "good" ? verdict.proposal.warnings : [];
    const rangeOf = ({ offset, length }: { offset: number; length: number }) =>
      new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
    const placed = placeFaults(document.getText(), faults).map((fault) => {
      const severity =
        fault.severity === "error" ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
      const diagnostic = new vscode.Diagnostic(rangeOf(fault), withLocalTimes(fault.message), severity);
      diagnostic.source = "Vibe";
      diagnostic.relatedInformation = fault.related.map(
        (place) =>
          new vscode.DiagnosticRelatedInformation(
            new vscode.Location(document.uri, rangeOf(place)),
            place.path,
          ),
      );
      return diagnostic;
    });
    diagnostics.set(document.uri, placed);
  };

  const look = (document: vscode.TextDocument) => {
    if (!isPlan(document) || document.isClosed) return;
    const key = document.uri.toString();
    forget(key);
    const asking = new AbortController();
    const timer = setTimeout(async () => {
      if (!hasTab(document.uri)) return forgetPlan(document.uri);
      const { version } = document;
      const verdict = await judge(document, asking.signal);
      // The document went on, or was closed: the next look is about what it says now.
      if (asking.signal.aborted || document.version !== version) return;
      underWay.delete(key);
      const before = known.get(key)?.counts ?? new Map();
      const counts = verdict.kind === "good" ? countFiles(before, verdict.proposal) : before;
      known.set(key, { version, verdict, counts });
      say(document, verdict);
      judged.fire(document);
    }, restMs);
    underWay.set(key, { timer, asking });
  };

  const forget = (key: string) => {
    const before = underWay.get(key);
    if (before === undefined) return;
    clearTimeout(before.timer);
    before.asking.abort();
    underWay.delete(key);
  };

  /**
   * Something changed beside the text. Only what is in sight is looked at: each look is a handful of git's commands. A
   * daemon that was stopped stays so until the person does something about a plan.
   */
  const lookAtShown = () => {
    const shown = new Set(vscode.window.visibleTextEditors.map(({ document }) => document));
    for (const document of shown) if (projectOf(document)?.state() !== "down") look(document);
  };

  const seen = (document: vscode.TextDocument): SeenPlan => {
    const found = known.get(document.uri.toString());
    if (found?.version === document.version) return found;
    return { version: document.version, verdict: { kind: "waiting" }, counts: found?.counts ?? new Map() };
  };

  const forgetPlan = (uri: vscode.Uri) => {
    const key = uri.toString();
    forget(key);
    known.delete(key);
    diagnostics.delete(uri);
  };

  const subscriptions = [
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document }) => look(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => forgetPlan(uri)),
    // VS Code keeps a document for minutes after its last editor went.
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const { input } of closed)
        if (input instanceof vscode.TabInputText && !hasTab(input.uri)) forgetPlan(input.uri);
    }),
    vscode.window.onDidChangeVisibleTextEditors(lookAtShown),
    // A saved file is one more, or one fewer, that agents would not see.
    vscode.workspace.onDidSaveTextDocument(lookAtShown),
    vscode.workspace.onDidGrantWorkspaceTrust(lookAtShown),
    vscode.workspace.onDidChangeConfiguration(
      (event) => event.affectsConfiguration("vibe.agent") && lookAtShown(),
    ),
    vscode.window.onDidChangeWindowState(({ focused }) => focused && lookAtShown()),
    projects.onDidChangeProjects(lookAtShown),
    projects.onDidChange(({ change }) => (change.leases || change.whole) && lookAtShown()),
  ];
  lookAtShown();
  vibe.probe?.pending(() => underWay.size > 0);
  /** For tests: resolves when what the document says now was judged. */
  vibe.probe?.set("planVerdict", async (uri: string) => {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri, true));
    const key = document.uri.toString();
    while (seen(document).verdict.kind === "waiting" || underWay.has(key)) {
      await new Promise<void>((resolve) => {
        const waiting = judged.event(() => {
          waiting.dispose();
          resolve();
        });
      });
    }
    const { version, verdict } = seen(document);
    return { version, verdict };
  });

  return {
    seen,
    look,
    projectOf,
    onDidJudge: judged.event,
    dispose: () => {
      for (const key of [...underWay.keys()]) forget(key);
      vscode.Disposable.from(...subscriptions, diagnostics, judged).dispose();
    },
  };
};

const hasTab = (uri: vscode.Uri): boolean =>
  vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString()),
  );

/** The daemon says times for everybody; here a person reads them. */
const withLocalTimes = (message: string) =>
  message.replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => timeOfDay(time));

/** What works on subtasks that name no agent. */
export const agentSetting = (uri: vscode.Uri | undefined): { readonly agent?: string } => {
  const agent = vscode.workspace.getConfiguration("vibe", uri).get<string>("agent", "").trim();
  return agent === "" ? {} : { agent };
};
