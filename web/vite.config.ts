import { resolve } from 'node:path';
import { defineConfig } from 'vite';

// The gateway serves dist/ under /-/, and the two pages from there: index.html
// at / and player.html at /{app}/{name}/. Everything under assets/ carries the
// hash of its content in its name and never changes.
export default defineConfig({
  base: '/-/',
  build: {
    target: ['es2022', 'safari16'],
    emptyOutDir: true, // public/ puts .gitkeep back
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 1000, // dash.js, loaded only when DASH is chosen
    rolldownOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        player: resolve(import.meta.dirname, 'player.html'),
      },
    },
  },
});
