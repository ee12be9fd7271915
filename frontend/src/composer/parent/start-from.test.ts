import { expect, test } from 'bun:test'
import { buildModel } from '../model.fixture.ts'
import { formatParent, parseParent } from './draft-parent.ts'
import { findRole, selectModelFor } from './start-from.ts'

const PLAIN = buildModel({ id: 'plain', operations: ['generate'] })
const EDITOR = buildModel({ id: 'editor', operations: ['generate', 'edit'] })
const OTHER = buildModel({ id: 'other', operations: ['edit'] })
const generation = { model: 'editor' } as never

test('goes on with the selected model, else the one that made the output, else one whose connection works', () => {
  const select = (models: (typeof PLAIN)[], selected?: typeof PLAIN) =>
    selectModelFor({ generation, verb: 'edit' }, models, selected)?.id
  expect(select([PLAIN, OTHER, EDITOR], OTHER)).toBe('other')
  expect(select([PLAIN, OTHER, EDITOR], PLAIN)).toBe('editor')
  const broken = { ...EDITOR, connectionState: 'no-credit' }
  expect(select([PLAIN, broken, OTHER])).toBe('other')
  expect(select([PLAIN, broken])).toBe('editor')
  expect(select([PLAIN])).toBeUndefined()
})

test('needs a role for the output, unless the output is not attached', () => {
  const upscaler = buildModel({
    operations: ['upscale'],
    inputs: [{ role: 'source', min: 1, max: 1, maxBytes: null, types: [], needsPublicUrl: false }],
  })
  expect(findRole(upscaler, ['source', 'reference'])).toBe('source')
  expect(selectModelFor({ generation, verb: 'upscale' }, [upscaler], undefined)).toBeUndefined()
  expect(selectModelFor({ generation, verb: 'upscale', roles: ['source'] }, [upscaler], undefined)).toBe(upscaler)
  expect(selectModelFor({ generation, verb: 'again', roles: [] }, [PLAIN], undefined)).toBe(PLAIN)
})

test('names the parent by its first words and the verb', () => {
  const parent = { generationId: 'a', outputIndex: 0, verb: 'edit', prompt: 'a plain\n kitchen chair' }
  expect(formatParent(parent)).toBe('Going on from: a plain kitchen chair · edit')
  expect(formatParent({ ...parent, prompt: '', verb: 'later-one' })).toBe(
    'Going on from: an earlier picture · later-one',
  )
  expect(formatParent({ ...parent, prompt: 'word '.repeat(40) })).toEndWith('word… · edit')
})

test('parses a stored parent, and anything else as none', () => {
  const parent = { generationId: 'a', outputIndex: 1, verb: 'edit', prompt: 'a chair' }
  expect(parseParent(JSON.stringify(parent))).toEqual(parent)
  for (const text of [null, '', '{', '7', 'null', '{"generationId":1}']) expect(parseParent(text)).toBeNull()
})
