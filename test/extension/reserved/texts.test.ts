import { describe, expect, it } from "vitest";
import { decorate } from "../../../extension/reserved/decorate.ts";
import { handOverRequest } from "../../../extension/reserved/handOverRequest.ts";
import { leaseChoices } from "../../../extension/reserved/leaseChoices.ts";
import {
  conflictText,
  heldText,
  holderOf,
  isMine,
  untilText,
} from "../../../extension/reserved/leaseText.ts";
import {
  type Reservation,
  readReservation,
  reservationLine,
} from "../../../extension/reserved/Reservation.ts";
import { takeOverText } from "../../../extension/reserved/takeOverText.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";
import { agent, lease, model } from "./views.ts";

const now = new Date(2026, 10, 21, 14, 0);
const end = new Date(2026, 10, 21, 15, 42).toISOString();
const work = lease("w", ["src/a.ts"], { holder: "a1b2.1", cell: "a1b2.1", epic: "a1b2" });
const session = lease("s", ["src/a.ts"], { holder: "RedFox", expiresAt: end });
const own = lease("m", ["src/"], { holder: "person", expiresAt: end });
const busy = model({
  leases: [work, session, own],
  agents: [agent("BlueLake", { cell: "a1b2.1" }), agent("RedFox", { kind: "session" })],
  titles: { "a1b2.1": "Round amounts", a1b2: "Amounts" },
});
const reservation = (...leases: ReadonlyArray<LeaseView>): Reservation => {
  const found = readReservation(busy, "src/a.ts", "file", leases);
  if (found === undefined) throw new Error("nobody holds it");
  return found;
};

describe("who holds a file, and until when", () => {
  it("names the agent behind a cell's lease, and the cell", () => {
    expect(heldText(busy, work, now)).toBe(
      "Held by BlueLake (a1b2.1) until its swarm is landed or discarded",
    );
    expect(holderOf(busy, work)).toMatchObject({ agent: "BlueLake", title: "Round amounts", isMine: false });
  });

  it("names the cell when no agent is at work on it, and the epic when it is merged", () => {
    const still = model({ titles: { "a1b2.1": "Round amounts" } });
    expect(holderOf(still, work)).toEqual({
      name: "a1b2.1",
      cell: "a1b2.1",
      epic: "a1b2",
      title: "Round amounts",
      isMine: false,
    });
    const merged = lease("e", ["src/a.ts"], { holder: "a1b2", epic: "a1b2" });
    expect(heldText(busy, merged, now)).toBe("Held by a1b2 until its swarm is landed or discarded");
    expect(holderOf(busy, merged).title).toBe("Amounts");
  });

  it("says the time of day and never how long, whatever this clock says", () => {
    expect(untilText(session, now)).toBe("until 15:42");
    // The daemon's clock may be behind: what it said is what is said.
    expect(untilText(session, new Date(2026, 10, 21, 18, 0))).toBe("until 15:42");
    expect(untilText(session, new Date(2026, 10, 20, 18, 0))).toMatch(/^until .*21.*15:42$/);
    expect(untilText(lease("x", ["a"]), now)).toBe("until it is released");
  });

  it("tells the person's own from an agent that is called person, and from a cell's", () => {
    expect([isMine(own), isMine({ ...own, cell: "a1b2.1" }), isMine(session)]).toEqual([true, false, false]);
    expect(heldText(busy, own, now)).toBe("Reserved for you until 15:42");
  });

  it("says what is in the way, and of whom", () => {
    const held = { requested: "src/", held: "src/a.ts" };
    const { patterns: _, ...hold } = work;
    expect(
      conflictText(
        busy,
        [
          { ...held, ...hold },
          { ...held, holder: "RedFox", expiresAt: end },
          { ...held, holder: "RedFox", waiting: true },
          { ...held, holder: "GreenOwl" },
        ],
        now,
      ),
    ).toBe(
      "src/a.ts is held by BlueLake (a1b2.1) until its swarm is landed or discarded. src/a.ts is held by RedFox until 15:42. RedFox waits for src/a.ts and came first. More in the way: 1.",
    );
  });

  it("does not let a name act", () => {
    const evil = lease("z", ["a"], { holder: "$(zap)[x](command:y)\u001b[31m\u202e" });
    const text = heldText(busy, evil, now);
    expect(text).not.toMatch(/\$\(|\]\(|\p{Cc}|\u202e/u);
    expect(decorate(busy, reservation(evil), { color: true, live: true, now }).badge).toMatch(
      /^[\p{L}\p{N}]{2}$/u,
    );
  });
});

describe("a reserved file", () => {
  it("shows others before the person's own, the exclusive one first, and how many more", () => {
    const shared = lease("t", ["**"], { holder: "GreenOwl", exclusive: false });
    const found = reservation(shared, own, work, session);
    expect([found.lease.lease, found.others.length, found.mine.length]).toEqual(["w", 3, 1]);
    expect(reservationLine(busy, found, now)).toBe(
      "Held by BlueLake (a1b2.1) until its swarm is landed or discarded, and by 2 more",
    );
    expect(reservation(own).lease.lease).toBe("m");
    expect(readReservation(busy, "a", "file", [])).toBeUndefined();
  });

  it("has the holder's initials, and a colour only where it is wanted", () => {
    const shown = (of: Reservation, color: boolean) => decorate(busy, of, { color, live: true, now });
    expect(shown(reservation(work), false)).toEqual({
      badge: "BL",
      tooltip: "Held by BlueLake (a1b2.1) until its swarm is landed or discarded\nRound amounts",
      isColored: false,
    });
    expect(shown(reservation(session), true)).toMatchObject({ badge: "RF", isColored: true });
    expect(shown(reservation(own), true)).toMatchObject({ badge: "Me", isColored: false });
  });

  it("has two characters whatever the holder is called", () => {
    for (const holder of ["x", "", "---", "lowercase", "ABCDEF", "日本", "👍👍👍", "a1b2.13"]) {
      const { badge } = decorate(busy, reservation(lease("n", ["a"], { holder })), {
        color: false,
        live: true,
      });
      expect([...badge].length, holder).toBeLessThanOrEqual(2);
      expect(badge, holder).not.toBe("");
    }
  });

  it("is plain for a folder", () => {
    const found = { ...reservation(own, session), kind: "folder" as const };
    expect(decorate(busy, found, { color: true, live: true, now })).toEqual({
      badge: "•",
      tooltip: "Everything in it is held by RedFox until 15:42\nEverything in it is held by you until 15:42",
      isColored: false,
    });
  });

  it("says why, unless the title says it", () => {
    const why = (of: LeaseView) => decorate(busy, reservation(of), { color: false, live: true, now }).tooltip;
    expect(why({ ...session, reason: "a $(zap) try" })).toBe(
      "Held by RedFox until 15:42: a $\u2060(zap) try",
    );
    expect(why({ ...work, reason: "Round amounts" })).toBe(
      "Held by BlueLake (a1b2.1) until its swarm is landed or discarded\nRound amounts",
    );
  });

  it("says when it is only what was known last", () => {
    const { tooltip } = decorate(busy, reservation(session), { color: false, live: false, now });
    expect(tooltip).toBe("Held by RedFox until 15:42\nAs it was last known: the daemon is not running.");
  });
});

describe("what can be done", () => {
  const acts = (of: Reservation) => leaseChoices(of).map(({ act }) => act);

  it("follows from who holds it", () => {
    expect(acts(reservation(work))).toEqual(["message", "askToHandOver", "takeOver", "showCell"]);
    expect(acts(reservation(session))).toEqual(["message", "askToHandOver", "takeOver"]);
    expect(acts(reservation(own))).toEqual(["release"]);
    expect(acts(reservation(own, session))).toEqual(["message", "askToHandOver", "takeOver", "release"]);
  });

  it("leaves out who is not there", () => {
    const gone = readReservation(model({ leases: [work] }), "src/a.ts", "file", [work]);
    expect(gone && acts(gone)).toEqual(["takeOver", "showCell"]);
  });
});

describe("the question before a take-over", () => {
  it("names the cell, what is not landed, and what becomes of the agent", () => {
    const paths = Array.from({ length: 10 }, (_, n) => `src/${n}.ts`);
    const { question, detail } = takeOverText(busy, "src/a.ts", [
      { lease: work, unlanded: { kind: "paths", paths } },
      { lease: session },
    ]);
    expect(question).toBe("Take src/a.ts over from BlueLake (a1b2.1), RedFox?");
    expect(detail).toContain("Round amounts");
    expect(detail).toContain("Changed and not landed: src/0.ts, ");
    expect(detail).toContain("src/7.ts and 2 more");
    expect(detail).toContain("BlueLake is stopped, and what it did is set aside; that is no strike.");
    expect(detail).toContain("RedFox keeps what it wrote in your tree");
  });

  it("says what is not known, and what is nothing", () => {
    const say = (unlanded: { kind: "unknown"; why: string } | { kind: "paths"; paths: Array<string> }) =>
      takeOverText(busy, "a", [{ lease: work, unlanded }]).detail;
    expect(say({ kind: "unknown", why: "the disk is full" })).toContain(
      "What it changed so far can't be told: the disk is full",
    );
    expect(say({ kind: "paths", paths: [] })).toContain("It has changed nothing yet.");
  });

  it("says of merged work that it waits to be landed", () => {
    const merged = lease("e", ["src/a.ts"], { holder: "a1b2", epic: "a1b2" });
    expect(takeOverText(busy, "a", [{ lease: merged }]).detail).toContain(
      "What is merged can land only when",
    );
  });
});

describe("the request to hand over", () => {
  it("tells a session how, by the patterns that it holds, and a worker that it can't", () => {
    const bySession = handOverRequest(["src/a.ts"], ["src/", "it's"], false);
    expect(bySession.subject).toBe("The person asks for src/a.ts");
    expect(bySession.body).toContain(`ocvibe handover 'src/' 'it'\\''s' --to person`);
    expect(handOverRequest(["src/a.ts"], ["src/"], true).body).toContain("They belong to your subtask");
  });
});
