import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { OCVIBE_TEST_BUILD: "true" },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/replayStores.ts"],
    // Two cores is all that continuous integration has. Much of what a suite does is to wait for processes of its own.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
