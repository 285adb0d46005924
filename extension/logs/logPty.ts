/**
 * What an agent prints, as a terminal that can only be read: the log of one attempt from its beginning, followed
 * while it grows. What the agent printed is text here, never a command to the terminal.
 */
import * as vscode from "vscode";
import type { Received } from "../../shared/router/createClient.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { terminalFilter } from "./terminalFilter.ts";

export const logPty = (options: {
  /** The stream of the log; `signal` ends it. */
  readonly follow: (signal: AbortSignal) => Promise<AsyncIterable<Received<{ readonly text: string }>>>;
  /** It could not be followed to its end. */
  readonly onProblem: (cause: unknown) => void;
}): vscode.Pseudoterminal => {
  const write = new vscode.EventEmitter<string>();
  const close = new vscode.EventEmitter<void>();
  const closing = new AbortController();

  const note = (text: string) => write.fire(`\r\n\u001b[2m${asPlainText(text)}\u001b[0m\r\n`);

  const run = async () => {
    const filter = terminalFilter();
    let isEmpty = true;
    try {
      for await (const { data } of await options.follow(closing.signal)) {
        const shown = filter(data.text);
        if (shown !== "") write.fire(shown);
        isEmpty &&= shown === "";
      }
      if (!closing.signal.aborted)
        note(isEmpty ? t("It printed nothing. The attempt is over.") : t("The attempt is over."));
    } catch (cause) {
      if (closing.signal.aborted) return;
      note(cause instanceof Error ? cause.message : String(cause));
      options.onProblem(cause);
    }
  };

  return {
    onDidWrite: write.event,
    onDidClose: close.event,
    open: () => void run(),
    close: () => {
      closing.abort();
      write.dispose();
      close.dispose();
    },
    // It is for reading: what is typed goes nowhere, except that ^C closes it.
    handleInput: (typed) => {
      if (typed === "\u0003") close.fire();
    },
  };
};
