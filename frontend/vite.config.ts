import { readFileSync } from 'node:fs'
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite'
import solid from 'vite-plugin-solid'

const EARLY_THEME = new URL('./src/settings/early-theme.js', import.meta.url)

export default defineConfig({
  plugins: [solid(), earlyTheme(), preloadedFont()],
  build: {
    target: 'es2023',
    // The content security policy allows no `data:` fonts and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
})

/** Adds the script that sets the stored theme before the first paint. It is a file: the content security policy forbids an inline one. */
function earlyTheme(): Plugin {
  let file: string | undefined
  return {
    name: 'early-theme',
    buildStart() {
      if (this.environment.mode !== 'build') return
      file = this.emitFile({ type: 'asset', name: 'early-theme.js', source: readFileSync(EARLY_THEME) })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const built = context.bundle && file !== undefined ? findAsset(context.bundle, /early-theme.*\.js$/) : undefined
        return [headTag('script', { src: built ?? '/src/settings/early-theme.js' })]
      },
    },
  }
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
