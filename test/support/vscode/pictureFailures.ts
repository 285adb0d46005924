/** Called at the top of a test file: after a test that failed, each of its windows is saved as a picture. */
import { afterEach } from "vitest";
import type { VsCode } from "./startVsCode.ts";

export const pictureFailures = (code: () => VsCode | undefined): void => {
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    for (const [n, window] of (code()?.windows ?? []).entries()) {
      if (window.page.isClosed()) continue;
      console.log(
        `the window, as it was: ${await window.picture(`${task.file.name}-${task.name}-${n + 1}`)}`,
      );
    }
  });
};
