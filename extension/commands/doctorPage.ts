/** What *Doctor* shows: a line for each thing that was looked at, problems first, each with the way to mend it. */
import type { Diagnosis } from "../../shared/contract/daemonRoutes.ts";
import { t } from "../text/t.ts";
import { visibleText } from "../text/visibleText.ts";

type Line = typeof Diagnosis.Type;

export const doctorPage = (lines: ReadonlyArray<Line>): string => {
  const problems = lines.filter(({ ok }) => !ok);
  const notes = lines.filter(({ ok, note }) => ok && note === true);
  const rest = lines.filter(({ ok, note }) => ok && note !== true);
  const head = problems.length === 0 ? t("Nothing is wrong.") : t("Problems: {0}", problems.length);
  const block = (mark: string, some: ReadonlyArray<Line>) =>
    some.flatMap(({ what, detail, remedy }) => [
      `${mark}  ${oneLine(what)}: ${oneLine(detail)}`,
      ...(remedy === undefined ? [] : [`         ${oneLine(remedy)}`]),
    ]);
  const page = [
    head,
    "",
    ...block("problem", problems),
    ...block("note   ", notes),
    ...block("ok     ", rest),
  ];
  return `${page.join("\n")}\n`;
};

const oneLine = (text: string) => visibleText(text.replace(/\s+/g, " "));
