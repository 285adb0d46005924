/** What *Remove Everything* shows before it asks: each thing that would go, what would be lost with it, what stays. */
import type { OwnThings } from "../../shared/contract/daemonRoutes.ts";
import { t } from "../text/t.ts";
import { visibleText } from "../text/visibleText.ts";

export const removalPage = (things: OwnThings | undefined, drafts: number): string => {
  const { items = [], unlanded = [], stays = [] } = things ?? {};
  const lines = [
    t("This would be removed:"),
    ...items.map(({ what, path, bytes }) => `  ${sizeOf(bytes).padStart(9)}  ${path}  (${what})`),
    ...(drafts === 0 ? [] : [`             ${t("drafts of plans in this workspace: {0}", drafts)}`]),
    `             ${t("what the extension remembers: drafts of plans and past tasks of all workspaces")}`,
    ...(unlanded.length === 0 ? [] : ["", t("This has not landed, and would be lost:")]),
    ...unlanded.map(({ id, title, place, status }) => `  ${id}  ${title}  (${status}, ${place})`),
    "",
    t("This stays:"),
    ...stays.map((sentence) => `  ${sentence}`),
    ...keptByEditor().map((line) => `  ${line}`),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
};

/** What VS Code itself keeps of an extension, and no extension can remove. */
const keptByEditor = (): ReadonlyArray<string> => [
  t("your settings that begin with vibe. (in settings.json)"),
  t("the extension itself, until you uninstall it, and VS Code's logs of it"),
  t("what VS Code remembers of views: which are open, and how wide"),
  t("commits that have landed, and plans that you saved to a workspace: they are yours"),
];

const sizeOf = (bytes: number): string => {
  if (bytes === 0) return "";
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${units[power]}`;
};
