import { expect, test } from 'bun:test'
import { EMPTY_DRAFT } from '../draft.ts'
import { buildModel, SETTINGS } from '../model.fixture.ts'
import { parseFavourites } from './favourite-models.ts'
import { describeModel, formatRetirement, hasBothKinds, selectModels } from './picker-list.ts'

const FLUX = buildModel({ id: 'bfl/flux-2', name: 'FLUX.2 pro', connectionName: 'Black Forest Labs' })
const GPT = buildModel({ id: 'openai/gpt-image-2', name: 'gpt-image-2', connectionName: 'OpenAI' })
const VEO = buildModel({ id: 'google/veo', name: 'Veo', connectionName: 'Google', kind: 'video' })
const MODELS = [FLUX, GPT, VEO]
const CONTEXT = { models: MODELS, now: Date.parse('2026-11-29T12:00:00Z') }

function select(text: string, kind: 'image' | 'video' | null = null, favourites: string[] = []) {
  const { favourites: first, others } = selectModels(MODELS, { text, kind }, new Set(favourites))
  return [first.map(({ name }) => name), others.map(({ name }) => name)]
}

test('finds models by all words of their name, id and connection, in any letter case', () => {
  expect(select('')).toEqual([[], ['FLUX.2 pro', 'gpt-image-2', 'Veo']])
  expect(select('openai')).toEqual([[], ['gpt-image-2']])
  expect(select(' PRO  forest ')).toEqual([[], ['FLUX.2 pro']])
  expect(select('pro openai')).toEqual([[], []])
})

test('lists favourites first, and one kind only if that is chosen', () => {
  expect(select('', null, [VEO.id])).toEqual([['Veo'], ['FLUX.2 pro', 'gpt-image-2']])
  expect(select('', 'image', [VEO.id])).toEqual([[], ['FLUX.2 pro', 'gpt-image-2']])
  expect([hasBothKinds(MODELS), hasBothKinds([FLUX, GPT])]).toEqual([true, false])
})

test('describes what a model takes, its time, and its price with the settings of the draft', () => {
  const price = {
    kind: 'table',
    currency: 'USD',
    by: ['quality'],
    rows: { low: 10_000, medium: 40_000, high: 165_000 },
  } as const
  const model = buildModel({ mask: 'alpha-is-edit', settings: SETTINGS, price: { ...price, by: [...price.by] } })
  expect(describeModel(model, EMPTY_DRAFT, CONTEXT)).toMatchObject({
    takes: { references: 'takes 2 references', mask: 'takes a mask', video: null },
    seconds: '24 s',
    price: '$0.04',
    warnings: [],
    isUsable: true,
  })
  expect(describeModel(model, { ...EMPTY_DRAFT, settings: { quality: 'high' } }, CONTEXT).price).toBe('$0.165')
  expect(describeModel(buildModel(), EMPTY_DRAFT, CONTEXT).price).toBe('–')
  expect(describeModel(buildModel({ price: { kind: 'free' } }), EMPTY_DRAFT, CONTEXT).price).toBe('free')
})

test('warns of a model that retires, and of a connection that does not work', () => {
  const retiring = buildModel({ retiresAt: '2027-01-15' })
  expect(describeModel(retiring, EMPTY_DRAFT, CONTEXT)).toMatchObject({
    warnings: ['47 days left, then: FLUX.2 pro'],
    isUsable: true,
  })
  const { now } = CONTEXT
  const format = (retiresAt: string, models = [] as typeof MODELS) =>
    formatRetirement(buildModel({ id: 'openai/gpt-image-1', name: 'gpt-image-1', retiresAt }), models, now)
  expect(format('soon')).toBe('retires soon')
  expect(format('2027-03-01')).toBe('retires 1 Mar')
  expect([format('2026-12-01'), format('2026-11-30'), format('2026-11-29')]).toEqual([
    '2 days left',
    '1 day left',
    'retires today',
  ])
  expect(format('2026-12-01', MODELS)).toBe('2 days left, then: gpt-image-2')
  const leaving = MODELS.map(model => ({ ...model, retiresAt: '2026-12-24' }))
  expect(format('2026-12-01', leaving)).toBe('2 days left')
  expect(format('2026-12-01', [{ ...GPT, connectionState: 'no-credit' }, FLUX])).toBe('2 days left, then: FLUX.2 pro')
  const broken = buildModel({ connectionName: 'OpenAI', connectionState: 'no-credit' })
  expect(describeModel(broken, EMPTY_DRAFT, CONTEXT)).toMatchObject({
    warnings: ['OpenAI: no credit'],
    isUsable: false,
  })
  for (const connectionState of ['ok', 'limited', 'checking', 'a-later-one'])
    expect(describeModel(buildModel({ connectionState }), EMPTY_DRAFT, CONTEXT).isUsable).toBe(true)
})

test('parses stored favourites, and takes anything else for none', () => {
  expect([...parseFavourites('["a",1,"b"]')]).toEqual(['a', 'b'])
  for (const text of [null, '', '{', '{"a":1}', '7']) expect(parseFavourites(text).size).toBe(0)
})
