import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Plugin } from 'vite'

/** Files of the page of the API, by the names that they have in the build: those of its own, and of Swagger UI as they are. */
const OWN_FILES = {
  'openapi.html': 'page.html',
  'openapi/theme.js': 'theme.js',
  'openapi/page.js': 'page.js',
  'openapi/page.css': 'page.css',
}
const ICON = ['openapi/icon.svg', join(import.meta.dirname, '..', 'src', 'icon.svg')] as const
const PACKAGE_FILES = ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-bundle.js.LICENSE.txt']
const OWN_FOLDER = join(import.meta.dirname, '..', 'src', 'api-page')

/**
 * Creates the plugin that adds the page of the API to the build. Nothing of it is loaded by the studio's own page, nor joined with its
 * scripts.
 */
export function apiPage(): Plugin {
  return {
    name: 'api-page',
    apply: 'build',
    async generateBundle() {
      const packageFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
      const files = [
        ICON,
        ...Object.entries(OWN_FILES).map(([name, file]) => [name, join(OWN_FOLDER, file)] as const),
        ...PACKAGE_FILES.map(file => [`openapi/${file}`, join(packageFolder, file)] as const),
      ]
      for (const [fileName, path] of files)
        this.emitFile({ type: 'asset', fileName, source: await readFile(path, 'utf8') })
    },
  }
}
