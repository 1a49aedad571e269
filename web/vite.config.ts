import { resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

/** Writes into a page where the code of each player is, in place of %PLAYER_HLS% and its like. */
function playerCode(): Plugin {
  return {
    name: 'player-code',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle }) =>
        html.replace(/%PLAYER_(\w+)%/g, (_, name: string) => {
          const source = `src/players/${name.toLowerCase()}.ts`;
          if (!bundle) return `/-/${source}`; // the development server has no chunks
          const found = Object.values(bundle).find(
            (file) => file.type === 'chunk' && file.facadeModuleId?.endsWith(source),
          );
          if (!found) throw new Error(`${source} is not loaded by itself`);
          return `/-/${found.fileName}`;
        }),
    },
  };
}

// The gateway serves dist/ under /-/, and the two pages from there: index.html
// at / and player.html at /{app}/{name}/. Everything under assets/ carries the
// hash of its content in its name and never changes.
export default defineConfig({
  base: '/-/',
  plugins: [playerCode()],
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
