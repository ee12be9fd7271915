import { expect, test } from 'bun:test'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelSpec } from '@darkroom/contracts/model'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { FAKE_MODELS } from '../../testing/fake-models.ts'
import { mergeWrittenModels, readWrittenModels } from './written-models.ts'

const MODELS = FAKE_MODELS.slice(0, 2).map(
  (spec): ModelSpec => ({ ...spec, id: `mine/${spec.id}`, connection: 'mine' }),
)
const [FIRST, SECOND] = MODELS

test('changes, adds and hides models of their own connection alone', () => {
  const merged = mergeWrittenModels('mine', MODELS, [
    { id: 'mine/fake-image', name: 'My fake', price: { kind: 'free' } },
    { id: 'mine/new', like: 'mine/fake-image', name: 'New' },
    { id: 'mine/fake-bytes', hidden: true },
    { id: 'theirs/fake-image', name: 'Theirs' },
    { id: 'mine/unknown', like: 'mine/missing' },
  ])
  expect(merged.map(({ id, name, price, source }) => [id, name, price.kind, source])).toEqual([
    ['mine/fake-image', 'My fake', 'free', 'written'],
    ['mine/new', 'New', 'per-output', 'written'],
  ])
  expect([FIRST?.name, SECOND?.name]).toEqual(['Fake', 'Fake, as bytes'])
})

test('reads the file of a user, and names what is wrong in it', async () => {
  await using directory = await createTestDirectory()
  const write = (text: string) => writeFile(join(directory.path, 'models.json'), text)
  expect(await readWrittenModels(directory.path)).toEqual([])
  await write('[{ "id": "openai/x", "like": "openai/gpt-image-1", "promptCharacters": 100 }]')
  expect(await readWrittenModels(directory.path)).toEqual([
    { id: 'openai/x', like: 'openai/gpt-image-1', promptCharacters: 100 },
  ])
  await write('[{ "id": "openai/x", "promptCharacters": -1, "colour": 1 }]')
  expect(readWrittenModels(directory.path)).rejects.toThrow(/promptCharacters/)
  await write('nonsense')
  expect(readWrittenModels(directory.path)).rejects.toThrow('models.json is not JSON')
})
