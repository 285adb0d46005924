/** A test's way into the extension host of one window, through the probe extension that is installed there. */
import type * as vscode from "vscode";
import type { ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { fromJson, toJson } from "../../vscode/probe-extension/json.ts";
import type { ProbeAddress, ProbeCall } from "../../vscode/probe-extension/protocol.ts";
import { pause } from "../sandbox.ts";

export interface OpenProject {
  readonly root: string;
  readonly state: string;
  readonly model: ProjectModel;
}

export class Probe {
  readonly #address: ProbeAddress;

  constructor(address: ProbeAddress) {
    this.#address = address;
  }

  /** The process of the extension host. */
  get pid(): number {
    return this.#address.pid;
  }

  /** What the extension under test answers by this name. */
  ask(name: string, ...args: ReadonlyArray<unknown>): Promise<unknown> {
    return this.#call({ kind: "ask", name, args });
  }

  /** Asks until the answer is as wanted, and answers it. What the extension still has to show is waited for. */
  async becomes<T>(
    name: string,
    wanted: (answer: T) => boolean,
    ...args: ReadonlyArray<unknown>
  ): Promise<T> {
    for (;;) {
      if (wanted((await this.ask(name, ...args)) as T)) {
        await this.idle(0);
        const answer = (await this.ask(name, ...args)) as T;
        if (wanted(answer)) return answer;
      }
      await pause(20);
    }
  }

  /** Resolves when the extension knows the log up to `seq`, and shows it. */
  async idle(seq: number): Promise<void> {
    await this.ask("idle", seq);
  }

  /** The projects that the window has open, with what it knows of them. */
  async model(): Promise<ReadonlyArray<OpenProject>> {
    return (await this.ask("model")) as ReadonlyArray<OpenProject>;
  }

  /** Runs a command in the window; `uri`, `position` and `range` make arguments that the editor's own commands take. */
  execute(command: string, ...args: ReadonlyArray<unknown>): Promise<unknown> {
    return this.#call({ kind: "execute", name: command, args });
  }

  /**
   * Runs a function in the extension host. It is sent as its source: it sees its two arguments and nothing of the
   * file it stands in. What it answers comes back as JSON, maps and sets included.
   */
  run<A, R>(act: (api: typeof vscode, argument: A) => R, argument: A): Promise<Awaited<R>>;
  run<R>(act: (api: typeof vscode) => R): Promise<Awaited<R>>;
  run(act: (api: typeof vscode, argument: never) => unknown, argument?: unknown): Promise<unknown> {
    return this.#call({ kind: "run", source: act.toString(), argument });
  }

  /** Waits until the function answers something, and answers that. It runs as in `run`, again and again. */
  until<A, R>(
    act: (api: typeof vscode, argument: A) => R,
    argument: A,
  ): Promise<Exclude<Awaited<R>, undefined | null | false>>;
  until<R>(act: (api: typeof vscode) => R): Promise<Exclude<Awaited<R>, undefined | null | false>>;
  async until(act: (api: typeof vscode, argument: never) => unknown, argument?: unknown): Promise<unknown> {
    for (;;) {
      const answer = await this.#call({ kind: "run", source: act.toString(), argument });
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      await pause(20);
    }
  }

  async #call(call: ProbeCall): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#address.port}/`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#address.token}` },
      body: toJson(call),
    });
    const said = fromJson(await response.text()) as { readonly answer?: unknown; readonly error?: string };
    if (said.error !== undefined) throw new Error(`${call.kind}: ${said.error}`);
    return said.answer;
  }
}

export const uri = (path: string) => ({ $uri: `file://${path}` });
export const position = (line: number, character: number) => ({ $position: [line, character] });
export const range = (...of: readonly [number, number, number, number]) => ({ $range: of });
