/** The pages of Doctor and Remove Everything: everything is on them, a line each, and nothing on them is hidden. */
import { assert, describe, it } from "vitest";
import { doctorPage } from "../../../extension/commands/doctorPage.ts";
import { removalPage } from "../../../extension/commands/removalPage.ts";

describe("doctorPage", () => {
  it("has problems first, then notes, each with what to do", () => {
    const page = doctorPage([
      { what: "git", ok: true, detail: "2.47" },
      { what: "codex", ok: true, note: true, detail: "not found", remedy: "Install it." },
      { what: "disk", ok: false, detail: "full\n\u001b[2K", remedy: "Free some space." },
    ]);
    assert.deepStrictEqual(page.split("\n"), [
      "Problems: 1",
      "",
      "problem  disk: full \\u{1b}[2K",
      "         Free some space.",
      "note     codex: not found",
      "         Install it.",
      "ok       git: 2.47",
      "",
    ]);
    assert.match(doctorPage([]), /^Nothing is wrong\./);
  });
});

describe("removalPage", () => {
  const things = {
    folder: "/data",
    items: [
      { what: "events", path: "/data/store.db", bytes: 4_200_000, by: "client" as const },
      { what: "a pin", path: "refs/vibe/x/base", bytes: 0, by: "daemon" as const },
    ],
    unlanded: [{ id: "x-1", title: "Faster\u202e", place: "/r", status: "ready" }],
    stays: ["/data/notes.txt is not ours."],
    hash: "h",
  };

  it("has each thing that goes, what is lost with it, and what stays", () => {
    const page = removalPage(things, 2);
    for (const part of [
      "4 MB  /data/store.db",
      "refs/vibe/x/base",
      "workspace: 2",
      "/data/notes.txt is not ours.",
    ])
      assert.include(page, part);
    assert.include(page, "x-1  Faster\\u{202e}  (ready, /r)");
    assert.isBelow(page.indexOf("would be removed"), page.indexOf("would be lost"));
    assert.isBelow(page.indexOf("would be lost"), page.indexOf("This stays"));
  });

  it("without a daemon's data there is still what the extension remembers", () => {
    const page = removalPage(undefined, 0);
    assert.include(page, "past tasks");
    assert.notInclude(page, "would be lost");
  });
});
