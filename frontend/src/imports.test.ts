import { expect, test } from 'bun:test'
import { dirname, join, relative } from 'node:path'
import { Glob } from 'bun'

const SOURCE = import.meta.dir
const CONTRACTS = join(SOURCE, '../../contracts/src')
const transpiler = new Bun.Transpiler({ loader: 'tsx' })

test('nothing that the page loads reaches a schema: one of them costs 22 KB', async () => {
  const reached = await reach(join(SOURCE, 'main.tsx'))
  const outside = reached.packages.filter(name => /^(zod|elysia|@sinclair|@darkroom\/(?!contracts))/.test(name))
  expect(outside).toEqual([])
  expect(reached.files).toContain(join(CONTRACTS, 'enums.ts'))
})

test('a service is known by its type alone', async () => {
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

/** Every file of ours that is loaded with the given one, and every package. Imports of types load nothing. */
async function reach(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const files = new Set<string>()
  const packages = new Set<string>()
  const waiting = [entry]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file) || file.endsWith('.css')) continue
    files.add(file)
    for (const path of await valueImports(file)) {
      const ours = resolveOurs(path, file)
      if (ours) waiting.push(ours)
      if (!ours) packages.add(path)
    }
  }
  return { files: [...files], packages: [...packages] }
}

async function valueImports(file: string): Promise<string[]> {
  return transpiler.scanImports(await Bun.file(file).text()).map(found => found.path)
}

function resolveOurs(path: string, from: string): string | undefined {
  if (path.startsWith('.')) return join(dirname(from), path)
  return path.startsWith('@darkroom/contracts/')
    ? join(CONTRACTS, `${path.slice('@darkroom/contracts/'.length)}.ts`)
    : undefined
}
