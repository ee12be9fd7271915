import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'

/** Builds the pages of `bun run bench gallery` and `bun run bench progress`. The studio does not serve them. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [solid()],
  build: {
    target: 'es2023',
    outDir: '../../.darkroom/bench-pages',
    emptyOutDir: true,
    rollupOptions: {
      input: ['gallery.html', 'progress.html'].map(file => new URL(file, import.meta.url).pathname),
    },
  },
})
