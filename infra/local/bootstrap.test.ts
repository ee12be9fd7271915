import { expect, test } from 'bun:test'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'

const BUILT_IN = [...builtinModules.map(name => `node:${name}`), 'bun:test', 'bun:sqlite']

/** Returns the static imports of a file, with those of the files that it imports. */
async function staticImports(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const text = await Bun.file(file).text()
  const names = [...text.matchAll(/^import (?!type)[^'(]*'([^']+)'/gm)].map(([, name]) => name ?? '')
  for (const name of names) {
    const target = name.startsWith('.') ? join(dirname(file), name) : name
    if (seen.has(target)) continue
    seen.add(target)
    if (target !== name) await staticImports(target, seen)
  }
  return seen
}

test.each([
  ['bootstrap.ts', 1],
  ['test-preload.ts', 1],
  ['doctor.ts', 15],
])('%s imports built-ins only', async (file, minImports) => {
  const imports = [...(await staticImports(join(import.meta.dirname, file)))]
  expect(imports.length).toBeGreaterThan(minImports)
  expect(imports.filter(name => !name.startsWith('/') && !BUILT_IN.includes(name))).toEqual([])
})
