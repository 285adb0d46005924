/** Pinned files, what is compared with what, where the gate's findings stand, and the person's remarks. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CommitFile, commitUri, readCommitUri } from "../../../extension/diff/commitUri.ts";
import { diffEntries } from "../../../extension/diff/diffEntries.ts";
import { gateProblems } from "../../../extension/diff/gateProblems.ts";
import {
  commentsFor,
  lineComments,
  type ReviewComment,
  readComments,
} from "../../../extension/diff/reviewComments.ts";

const commit = "c".repeat(40);

describe("the address of a pinned file", () => {
  it("says the same as what it was made of, whatever the names are", () => {
    const text = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.option(text, { nil: undefined }),
        fc.boolean(),
        (project, epic, path, cell, before) => {
          const file: CommitFile = {
            project,
            epic,
            commit,
            path,
            side: before ? "before" : "after",
            ...(cell === undefined ? {} : { cell }),
          };
          expect(readCommitUri(commitUri(file))).toEqual(file);
        },
      ),
    );
  });

  it("is not read from what is none", () => {
    const good = commitUri({ project: "p", epic: "e", commit, path: "a", side: "after" });
    expect(readCommitUri({ ...good, scheme: "file" })).toBeUndefined();
    for (const query of [
      "",
      "{",
      "null",
      "[]",
      '{"project":1}',
      '{"project":"p","epic":"e","commit":"c","side":"x"}',
    ])
      expect(readCommitUri({ ...good, query })).toBeUndefined();
  });
});

describe("a diff", () => {
  it("has no side where there is no file, and the old name where it was renamed", () => {
    const [added, deleted, renamed, mode] = diffEntries(
      {
        base: "b",
        head: "h",
        files: [
          { path: "new", status: "added", binary: false },
          { path: "gone", status: "deleted", binary: false },
          { path: "to", oldPath: "from", status: "renamed", binary: false },
          { path: "run.sh", status: "mode", binary: false },
        ],
      },
      { project: "p", epic: "e" },
    );
    expect(added).toMatchObject({ before: undefined, after: { path: "/new" } });
    expect(deleted).toMatchObject({ before: { path: "/gone" }, after: undefined });
    expect(renamed).toMatchObject({ path: "to", before: { path: "/from" }, after: { path: "/to" } });
    expect(readCommitUri(renamed!.before!)).toMatchObject({ commit: "b", side: "before" });
    expect(readCommitUri(renamed!.after!)).toMatchObject({ commit: "h", side: "after" });
    expect(mode).toMatchObject({ before: { path: "/run.sh" }, after: { path: "/run.sh" } });
  });
});

describe("what the gate found", () => {
  it("stands at its path and line, in files of the diff only", () => {
    const found = gateProblems(
      [
        { kind: "weakens-checks", message: "skips a test", path: "a.test.ts", line: 7 },
        { kind: "outside-lease", message: "outside of its files", path: "b.ts" },
        { kind: "unsafe-entry", message: "elsewhere", path: "not/here" },
        { kind: "sent-back", message: "shorter, please", path: "b.ts", line: 2 },
      ],
      ["a.test.ts", "b.ts"],
    );
    expect(found).toEqual([
      { path: "a.test.ts", line: 7, column: 1, message: "skips a test" },
      { path: "b.ts", line: 1, column: 1, message: "outside of its files" },
    ]);
  });

  it("is found in what a check printed, in the ways that tools name a place", () => {
    const output = [
      "src/a.ts(12,5): error TS2322: no",
      "./src/b.ts:3:9 - error",
      "    at Object.<anonymous> (/tmp/w/src/b.ts:40:2)",
      "  src/b.ts:50",
      "src/unchanged.ts:1:1 bad",
      "12:30:01 something",
      "https://example.com:80/x",
    ].join("\n");
    const found = gateProblems([{ kind: "check-failed", message: output }], ["src/a.ts", "src/b.ts"]);
    expect(found.map(({ path, line, column }) => [path, line, column])).toEqual([
      ["src/a.ts", 12, 5],
      ["src/b.ts", 3, 9],
      ["src/b.ts", 40, 2],
      ["src/b.ts", 50, 1],
    ]);
  });

  it("comes in bounds from any output, at lines and columns that exist", () => {
    const piece = fc.constantFrom(
      "src/a.ts",
      ":",
      "(",
      ")",
      ",",
      "0",
      "99999999",
      "\n",
      " ",
      "/",
      ".",
      "'",
      "\u001b[1m",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const found = gateProblems(
          [{ kind: "check-failed", message: pieces.join("") }],
          ["src/a.ts", "a.ts"],
        );
        for (const { line, column, message } of found) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(message).not.toContain("\u001b");
        }
      }),
    );
    const flood = Array.from({ length: 5000 }, (_, index) => `src/a.ts:${index + 1}:1 bad`).join("\n");
    expect(gateProblems([{ kind: "check-failed", message: flood }], ["src/a.ts"]).length).toBe(200);
    // One line without an end, and without a place, is looked at in no time.
    const long = `${"a/".repeat(200_000)}x`;
    expect(gateProblems([{ kind: "check-failed", message: long }], ["src/a.ts"])).toEqual([]);
  });
});

describe("remarks on lines", () => {
  const remark = (
    id: string,
    path: string,
    line: number,
    given: Partial<CommitFile> = {},
  ): ReviewComment => ({
    id,
    file: { project: "p", epic: "e", commit, path, side: "after", ...given },
    line,
    text: `about ${id}`,
  });
  const all = [
    remark("3", "b.ts", 1),
    remark("2", "a.ts", 20),
    remark("1", "a.ts", 3, { cell: "e.1" }),
    remark("x", "a.ts", 1, { epic: "other" }),
    remark("y", "a.ts", 1, { project: "q" }),
  ];
  const whole = { project: "p", epic: "e", changed: [] };

  it("go along with their epic, or with the cell that they are about", () => {
    expect(commentsFor(all, whole).map(({ id }) => id)).toEqual(["3", "2", "1"]);
    expect(commentsFor(all, { ...whole, cell: "e.1", changed: ["a.ts"] }).map(({ id }) => id)).toEqual([
      "2",
      "1",
    ]);
    expect(commentsFor(all, { ...whole, cell: "e.2", changed: ["b.ts"] }).map(({ id }) => id)).toEqual(["3"]);
  });

  it("are sent by file and line", () => {
    expect(lineComments(commentsFor(all, whole))).toEqual([
      { path: "a.ts", line: 3, text: "about 1" },
      { path: "a.ts", line: 20, text: "about 2" },
      { path: "b.ts", line: 1, text: "about 3" },
    ]);
  });

  it("are read back as they were kept, and nothing else is", () => {
    expect(readComments(JSON.parse(JSON.stringify(all)))).toEqual(all);
    expect(readComments([null, 1, {}, { id: "a" }, all[0]])).toEqual([all[0]]);
    expect(readComments("x")).toEqual([]);
  });
});
