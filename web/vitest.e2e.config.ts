import { defineConfig } from 'vitest/config';

// One file after the other: the tests watch live video, and two at once would
// disturb each other.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
