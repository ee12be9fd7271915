import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { ConfigSchema } from '../src/config-schema.ts'
import { SECRET_KEYS } from '../src/secret-files.ts'
import { createTestDirectory } from '../testing/test-resources.ts'
import { MarkerError, updateDocs } from './docs.ts'
import { ROOT } from './root.ts'

const FILES = ['README.md', '.env.example', 'infra/deploy/nats.conf']

test("this repository's configuration docs are current", async () => {
  expect(await updateDocs({ root: ROOT, shouldWrite: false })).toEqual([])
})

test('creates both files in an empty folder, and finds them current afterwards', async () => {
  await using directory = await createTestDirectory()
  const root = directory.path
  expect(await updateDocs({ root, shouldWrite: false })).toEqual(FILES)
  expect(await Bun.file(join(root, 'README.md')).exists()).toBe(false)
  expect(await updateDocs({ root, shouldWrite: true })).toEqual(FILES)
  expect(await updateDocs({ root, shouldWrite: true })).toEqual([])
  expect(await updateDocs({ root, shouldWrite: false })).toEqual([])
})

test('changes a README only between the markers', async () => {
  await using directory = await createTestDirectory()
  const path = join(directory.path, 'README.md')
  const [before, after] = ['# Mine\n\n<!-- config:begin -->', '<!-- config:end -->\n\nAnd more $& of it.\n']
  await Bun.write(path, `${before}\n| an | old | table |\n${after}`)
  expect(await updateDocs({ root: directory.path, shouldWrite: true })).toContain('README.md')
  const text = await Bun.file(path).text()
  expect(text).toStartWith(`${before}\n\n| Key | Default | Meaning |\n`)
  expect(text).toMatch(/\|\n\nEach secret may be in a file, [^\n]+\.\n\n<!-- config:end -->/)
  expect(text).toEndWith(`.\n\n${after}`)
  expect(text).not.toContain('| old |')
})

for (const text of ['# Mine\n', '<!-- config:end -->\n<!-- config:begin -->\n', '<!-- config:begin -->\n']) {
  test(`leaves a README without valid markers unchanged: ${JSON.stringify(text)}`, async () => {
    await using directory = await createTestDirectory()
    await Bun.write(join(directory.path, 'README.md'), text)
    await expect(updateDocs({ root: directory.path, shouldWrite: true })).rejects.toThrow(MarkerError)
    expect(await Bun.file(join(directory.path, 'README.md')).text()).toBe(text)
  })
}

test('both files list every setting except the internal one', async () => {
  const keys = Object.keys(ConfigSchema.shape).filter(key => key !== 'DARKROOM_PARENT_PID')
  const { readme, example } = await readUpdatedDocs()
  const rows = [...readme.matchAll(/^\| `([A-Z0-9_]+)` \| (?:`(.*?)`)? \| (.+) \|$/gm)]
  expect(rows.map(([, key]) => key)).toEqual(keys)
  expect([...example.matchAll(/^# ([A-Z0-9_]+)=/gm)].map(([, key]) => key)).toEqual(keys)
  expect(rows.find(([, key]) => key === 'PORT')?.slice(2)).toEqual([
    '3000',
    expect.stringContaining('Port people open'),
  ])
})

test('both files say once that each secret may be in a file', async () => {
  const { readme, example } = await readUpdatedDocs()
  for (const text of [readme, example]) {
    const [sentence = '', ...others] = text.split('\n').filter(line => line.includes('may be in a file'))
    expect(others).toEqual([])
    expect(SECRET_KEYS.filter(key => !new RegExp(`\\b${key}\\b`).test(sentence))).toEqual([])
  }
})

test('the example sets nothing, and its commented values are the defaults', async () => {
  const { example } = await readUpdatedDocs()
  expect(example.split('\n').filter(line => line !== '' && !line.startsWith('# '))).toEqual([])
  const commented = [...example.matchAll(/^# ([A-Z0-9_]+)=(.*)$/gm)].map(([, key = '', value]) => [key, value])
  expect(readConfig(Object.fromEntries(commented))).toEqual(readConfig({}))
})

async function readUpdatedDocs(): Promise<{ readme: string; example: string }> {
  await using directory = await createTestDirectory()
  await updateDocs({ root: directory.path, shouldWrite: true })
  const [readme = '', example = ''] = await Promise.all(FILES.map(name => Bun.file(join(directory.path, name)).text()))
  return { readme, example }
}
