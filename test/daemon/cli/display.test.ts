import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { liveDisplay, plainDisplay } from "../../../daemon/cli/display.ts";
import { began, storedEvent, subtaskView, swarmView, workingView } from "./fakeSwarm.ts";
import { FakeTerminal } from "./fakeTerminal.ts";

const cell = "shop-a1b2.1";
const refused = storedEvent("gate_failed", {
  cell,
  attempt: 1,
  stage: "cell",
  findings: [{ kind: "outside-lease", message: "src/x.ts is outside its files" }],
  results: [],
});

describe("plainDisplay", () => {
  it("says a line for what happens, and none for states and what agents print", () => {
    const said: Array<string> = [];
    const display = plainDisplay((line) => said.push(line.slice(9)));
    display.update({ kind: "state", swarm: swarmView([workingView({ id: cell })]) });
    display.update({ kind: "progress", cell, line: "thinking" });
    display.update({ kind: "event", event: refused });
    expect(said).toEqual([`${cell} BlueLake refused: src/x.ts is outside its files`]);
  });
});

describe("liveDisplay", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: began + 10_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("draws one frame over the other, keeps what matters above, and leaves the terminal as it was", () => {
    const terminal = new FakeTerminal(80);
    terminal.write("$ ocvibe start\n");
    const display = liveDisplay(terminal.screen);
    expect(terminal.cursorShown).toBe(false);
    display.update({
      kind: "state",
      swarm: swarmView([workingView({ id: cell }), subtaskView({ id: "2" })]),
    });
    vi.advanceTimersByTime(5000);
    display.update({ kind: "progress", cell, line: "reading" });
    vi.advanceTimersByTime(1000);
    const [prompt, head, one, two, ...rest] = terminal.lines;
    expect([prompt, head?.slice(0, 13), rest]).toEqual(["$ ocvibe start", "Sums of money", [""]]);
    expect(head).toMatch(/0:16$/);
    expect(one).toMatch(/1 Add sums .*working .*BlueLake .*reading$/);
    expect(two).toMatch(/2 Add sums .*waiting$/);
    display.update({ kind: "event", event: refused });
    display.update({ kind: "state", swarm: swarmView([workingView({ id: cell })]) });
    vi.advanceTimersByTime(200);
    expect(terminal.lines).toHaveLength(5);
    expect(terminal.lines[1]).toMatch(/refused: src\/x.ts is outside its files$/);
    expect(terminal.lines[2]).toMatch(/^Sums of money/);
    display.close();
    expect(terminal.cursorShown).toBe(true);
    expect(terminal.lines).toHaveLength(3);
    expect(terminal.lines[1]).toMatch(/refused/);
    expect(terminal.lines[2]).toBe("");
  });

  it("draws what was news right at the end", () => {
    const terminal = new FakeTerminal(80);
    const display = liveDisplay(terminal.screen);
    display.update({ kind: "state", swarm: swarmView([workingView({ id: cell })]) });
    display.update({ kind: "event", event: refused });
    display.close();
    expect(terminal.lines.join("\n")).toMatch(/refused: src\/x.ts is outside its files\n$/);
  });

  it("draws nothing while nothing changes within a second", () => {
    const terminal = new FakeTerminal(80);
    let frames = 0;
    const draw = (text: string) => {
      frames++;
      terminal.write(text);
    };
    const display = liveDisplay({ ...terminal.screen, draw });
    display.update({ kind: "state", swarm: swarmView([workingView({ id: cell })]) });
    vi.advanceTimersByTime(100);
    const before = frames;
    vi.advanceTimersByTime(800);
    expect(frames).toBe(before);
    vi.advanceTimersByTime(200);
    expect(frames).toBe(before + 1);
    display.close();
  });

  it("gives the cursor back when the process ends in another way", () => {
    const terminal = new FakeTerminal(80);
    const listeners = process.listeners("exit");
    const display = liveDisplay(terminal.screen);
    const [added] = process.listeners("exit").filter((listener) => !listeners.includes(listener));
    added?.(1);
    expect(terminal.cursorShown).toBe(true);
    display.close();
    expect(process.listeners("exit")).toEqual(listeners);
  });
});
