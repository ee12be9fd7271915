import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type HtmlTagDescriptor, minifySync, type Plugin } from 'vite'
import solid from 'vite-plugin-solid'
import { apiPage } from './build/api-page.ts'
import { precompress } from './build/precompress.ts'

/** Scripts that run before the page's own. The content security policy forbids inline ones, so the build makes one file of them. */
const EARLY_SCRIPTS = ['src/settings/early-theme.js', 'src/early-requests.js']

/** The modules that the page loads as soon as its first rows are there, as one file. */
const AFTER_ROWS =
  /\/src\/(?:keyboard\/create-feed-keyboard|lightbox\/(?:studio-lightbox|gallery|media-file-name)|library\/(?:found-highlight|library-dialogs|view-choices)|composer\/(?:drop-zone|controls|panels\/composer-panels|parent\/parent-line|origin\/origin-lines|attachments\/(?:source-)?upload)|live\/(?:shared-live|parts-watch|parts-monitor|stall-detector)|studio-client|store\/(?:generation|removal)-actions|store\/action-runner|ui\/(?:notice-bar|menu)|pages\/page-overlay|feed\/(?:action-button|fast-scroll-rows|meta\/(?:row-actions|prompt-popover)|tile\/tile-controls))\.tsx?$|\/(?:idb-keyval|@elysiajs)\//

export default defineConfig({
  plugins: [solid(), earlyScripts(), preloadedFont(), apiPage(), precompress()],
  build: {
    target: 'es2023',
    // The content security policy allows no `data:` fonts and no inline scripts.
    assetsInlineLimit: 0,
    // The document preloads what the entry imports, all at once. Browsers that cannot do that load it a little later.
    modulePreload: { polyfill: false },
    // One file for the first load. Without this each module that a later part uses, too, becomes a file and a request of its own.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'page', tags: ['$initial'], priority: 2 },
            { name: 'after-rows', test: AFTER_ROWS, priority: 1 },
          ],
        },
      },
    },
  },
})

/** Adds the early scripts to the head of the document. */
function earlyScripts(): Plugin {
  let isBuilt = false
  return {
    name: 'early-scripts',
    buildStart() {
      isBuilt = this.environment.mode === 'build'
      if (!isBuilt) return
      const source = EARLY_SCRIPTS.map(file =>
        minify(file, readFileSync(join(import.meta.dirname, file), 'utf8')),
      ).join('\n')
      this.emitFile({ type: 'asset', name: 'early.js', source })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const built = isBuilt ? findAsset(context.bundle ?? {}, /\/early-[^/]*\.js$/) : undefined
        const files = built === undefined ? EARLY_SCRIPTS.map(file => `/${file}`) : [built]
        return files.map(src => headTag('script', { src }))
      },
    },
  }
}

function minify(file: string, code: string): string {
  return minifySync(file, code, { sourcemap: false }).code
}

/** Preloads the font with the document and not after the style sheet: text is drawn in its own typeface at once. */
function preloadedFont(): Plugin {
  return {
    name: 'preloaded-font',
    apply: 'build',
    transformIndexHtml(_html, context) {
      const href = findAsset(context.bundle ?? {}, /\.woff2$/)
      return href ? [headTag('link', { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href })] : []
    },
  }
}

function findAsset(bundle: object, pattern: RegExp): string | undefined {
  const name = Object.keys(bundle).find(file => pattern.test(file))
  return name && `/${name}`
}

function headTag(tag: string, attrs: Record<string, string>): HtmlTagDescriptor {
  return { tag, attrs, injectTo: 'head-prepend' }
}
