import { expect, test } from 'bun:test'
import { dirname } from 'node:path'
import { declarationsOf } from './declarations.ts'
import { parseFile, type Repository, readRepository, TEST_FILE } from './source-files.ts'

const FUNCTION_LINES = 80
const FILE_LINES = { product: 300, test: 500 }
const FOLDER_FILES = 22

test('no function is longer than a screen', async () => {
  const functions = [...(await readRepository()).values()].flatMap(file =>
    declarationsOf(file).functions.map(({ name, lines }) => ({ path: file.path, name, lines })),
  )
  expect(functions.filter(({ lines }) => lines > FUNCTION_LINES)).toEqual([])
})

test.each([
  ['function a() {\n  b()\n}', [{ name: 'a', lines: 3 }]],
  ['const a = () => {\n  b()\n}', [{ name: 'a', lines: 3 }]],
  ['const a = {\n  b() {\n    c()\n  },\n}', [{ name: 'b', lines: 3 }]],
])('%j: %j', (source, expected) => {
  const { functions } = declarationsOf(parseFile('a.ts', source))
  expect(functions.map(({ name, lines }) => ({ name, lines }))).toEqual(expected)
})

test('no file is too long to be about one thing', async () => {
  const files = [...(await readRepository()).values()].map(({ path, source }) => ({
    path,
    lines: source.split('\n').length - 1,
  }))
  const most = (path: string) => (TEST_FILE.test(path) ? FILE_LINES.test : FILE_LINES.product)
  expect(files.filter(({ path, lines }) => lines > most(path))).toEqual([])
})

test('no folder has more files than can be taken in, beside their tests', async () => {
  const product = [...(await readRepository()).keys()].filter(
    path => !/\.(test|component|browser|fixture)\./.test(path),
  )
  const folders = [...Map.groupBy(product, dirname)].map(([folder, files]) => ({ folder, files: files.length }))
  expect(folders.filter(({ files }) => files > FOLDER_FILES)).toEqual([])
})

test('no test waits for an async function by waitForFunction, which takes its promise for the result', async () => {
  const waiting = /waitForFunction\(\s*async\b/
  const files = [...(await readRepository()).values()].filter(
    ({ path, source }) => TEST_FILE.test(path) && waiting.test(source),
  )
  expect(files.map(({ path }) => path)).toEqual([])
})

test('no files import one another in a circle, not even types', async () => {
  expect(circlesIn(await readRepository())).toEqual([])
})

test('a circle is found, whether by values or by types', () => {
  const files = [
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.ts', 'd.ts']],
    ['c.ts', ['a.ts']],
    ['d.ts', []],
  ] as const
  const planted: Repository = new Map(
    files.map(([path, targets]) => {
      const imports = targets.map(target => ({ target, typeOnly: true }))
      return [path, { path, source: '', text: '', imports }]
    }),
  )
  expect(circlesIn(planted)).toEqual([['a.ts', 'b.ts', 'c.ts']])
})

/** Returns the strongly connected components of more than one file (Tarjan's algorithm). */
function circlesIn(repository: Repository): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const connect = (path: string) => {
    index.set(path, index.size)
    low.set(path, index.get(path) ?? 0)
    stack.push(path)
    for (const { target } of repository.get(path)?.imports ?? []) {
      if (!repository.has(target)) continue
      if (!index.has(target)) connect(target)
      if (stack.includes(target)) low.set(path, Math.min(low.get(path) ?? 0, low.get(target) ?? 0))
    }
    if (low.get(path) !== index.get(path)) return
    const circle = stack.splice(stack.indexOf(path))
    if (circle.length > 1) circles.push(circle.toSorted())
  }
  for (const path of repository.keys()) if (!index.has(path)) connect(path)
  return circles
}
