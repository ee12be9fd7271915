import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'

/** The pages of benchmarks, built for `bun run bench gallery` and `bench progress`; nobody is served them otherwise. */
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
