import { expect, test } from 'bun:test'
import { builtinModules } from 'node:module'
import { join } from 'node:path'

/** Whatever a file imports before its first line runs. */
async function staticImports(file: string): Promise<string[]> {
  const text = await Bun.file(join(import.meta.dirname, file)).text()
  return [...text.matchAll(/^import (?!type)[^'(]*'([^']+)'/gm)].map(([, name]) => name ?? '')
}

test.each(['bootstrap.ts', 'test-preload.ts'])('%s needs nothing that is to be installed', async file => {
  const imports = await staticImports(file)
  expect(imports.length).toBeGreaterThan(1)
  const known = [...builtinModules.map(name => `node:${name}`), 'bun:test']
  expect(imports.filter(name => !known.includes(name))).toEqual([])
})
