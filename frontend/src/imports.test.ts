import { expect, test } from 'bun:test'
import { basename, dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BunPlugin, Glob } from 'bun'

const SOURCE = import.meta.dir
const CONTRACTS = join(SOURCE, '../../contracts/src')
const CONTRACTS_MAX_BYTES = 3_400
const transpiler = new Bun.Transpiler({ loader: 'tsx' })

test('loads no schema: one of them costs 22 KB', async () => {
  const reached = await collectImports(join(SOURCE, 'main.tsx'))
  const outside = reached.packages.filter(name => /^(zod|elysia|@sinclair|@darkroom\/(?!contracts))/.test(name))
  expect(outside).toEqual([])
  expect(reached.files).toContain(join(CONTRACTS, 'enums.ts'))
})

test('loads less than 3.4 KB of the contracts at first, minified and compressed', async () => {
  const { files } = await collectImports(join(SOURCE, 'main.tsx'), staticImports)
  const ofPage = files.filter(file => file.startsWith(SOURCE))
  const bundle = await bundleImportsFrom('@darkroom/contracts/', ofPage)
  expect(bundle).toContain('perReferenceMicros')
  expect(gzipSync(bundle).byteLength).toBeLessThan(CONTRACTS_MAX_BYTES)
})

test('imports types only of a service', async () => {
  const files = await Array.fromAsync(new Glob('**/*.{ts,tsx}').scan({ cwd: SOURCE, absolute: true }))
  for (const file of files) {
    const imports = await valueImports(file)
    expect({ file: relative(SOURCE, file), services: imports.filter(path => path.includes('services/')) }).toEqual({
      file: relative(SOURCE, file),
      services: [],
    })
  }
  expect(files.length).toBeGreaterThan(30)
})

test('a part with a style sheet of its own is not shown without it', async () => {
  const files = await Array.fromAsync(new Glob('**/*.tsx').scan({ cwd: SOURCE, absolute: true }))
  const texts = await Promise.all(files.map(file => Bun.file(file).text()))
  const styled = files.filter((file, at) => !file.endsWith('/main.tsx') && texts[at]?.includes(".css'"))
  const wrapped = texts.flatMap(text => [...text.matchAll(/withStyles\('([\w-]+)'/g)].map(([, name]) => name))
  expect(wrapped.sort()).toEqual(styled.map(file => basename(file, '.tsx')).sort())
})

/** Collects the files of this repository that a file loads, directly or not, and the packages. Type imports load nothing. */
async function collectImports(
  entry: string,
  listImports = valueImports,
): Promise<{ files: string[]; packages: string[] }> {
  const files = new Set<string>()
  const packages = new Set<string>()
  const queue = [entry]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file) || /\.(css|webp)$/.test(file)) continue
    files.add(file)
    for (const path of await listImports(file)) {
      const resolved = resolveFile(path, file)
      if (resolved) queue.push(resolved)
      if (!resolved) packages.add(path)
    }
  }
  return { files: [...files], packages: [...packages] }
}

async function valueImports(file: string): Promise<string[]> {
  return transpiler.scanImports(await Bun.file(file).text()).map(found => found.path)
}

/** Returns the imports that are loaded with the file, and not when they are needed. */
async function staticImports(file: string): Promise<string[]> {
  const found = transpiler.scanImports(await Bun.file(file).text())
  return found.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)
}

/** Returns the file of an import, undefined if it is a package. */
function resolveFile(path: string, from: string): string | undefined {
  if (path.startsWith('.')) return join(dirname(from), path)
  return path.startsWith('@darkroom/contracts/')
    ? join(CONTRACTS, `${path.slice('@darkroom/contracts/'.length)}.ts`)
    : undefined
}

/** Bundles and minifies the values that files import from modules with a prefix. */
async function bundleImportsFrom(prefix: string, files: readonly string[]): Promise<string> {
  const namesByModule = new Map<string, Set<string>>()
  for (const file of files) {
    for (const { module, names } of importedNames(await Bun.file(file).text())) {
      if (!module.startsWith(prefix)) continue
      namesByModule.set(module, (namesByModule.get(module) ?? new Set()).union(new Set(names)))
    }
  }
  const reexports = [...namesByModule].map(([module, names]) => `export { ${[...names]} } from '${module}'`)
  const { outputs } = await Bun.build({
    entrypoints: [ENTRY],
    plugins: [virtualEntry(reexports.join('\n'))],
    minify: true,
  })
  return (await outputs[0]?.text()) ?? ''
}

/** Returns the names of the value imports of a file. */
function importedNames(source: string): { module: string; names: string[] }[] {
  return [...source.matchAll(/^import \{([^}]*)\} from '([^']+)'/gm)].map(([, names = '', module = '']) => ({
    module,
    names: names
      .split(',')
      .map(name => name.trim().replace(/ as .*/, ''))
      .filter(name => name !== '' && !name.startsWith('type ')),
  }))
}

const ENTRY = join(SOURCE, 'contracts-entry.ts')

/** Creates the plugin that gives the entry of a build its text, without a file on disk. */
function virtualEntry(contents: string): BunPlugin {
  return {
    name: 'virtual-entry',
    setup(build) {
      build.onResolve({ filter: /contracts-entry\.ts$/ }, () => ({ path: ENTRY, namespace: 'virtual' }))
      build.onLoad({ filter: /.*/, namespace: 'virtual' }, () => ({ contents, loader: 'ts', resolveDir: SOURCE }))
    },
  }
}
