import { expect, test } from 'bun:test'
import { Submission } from '@darkroom/contracts/generation'
import type { Price } from '@darkroom/contracts/model'
import { estimateOutputMicros } from './generation-rows.ts'
import { demoModel } from './model.fixture.ts'

const TABLE = {
  kind: 'table',
  currency: 'USD',
  by: ['grain', 'size'],
  rows: { '0.5 1248x832': 7, '*': 9 },
} satisfies Price

test.each<[Price, object, number | null]>([
  [{ kind: 'free' }, {}, 0],
  [{ kind: 'unknown' }, {}, null],
  [{ ...TABLE, by: ['resolution'], rows: { '1024': 7 } }, {}, 7],
  // A setting that is not chosen counts with the default of the model.
  [TABLE, { aspectRatio: '3:2', resolution: '1248x832' }, 7],
  [TABLE, { aspectRatio: '3:2', resolution: '1248x832', settings: { grain: 0.1 } }, 9],
])('estimates an output of a price %j with %j', (price, parameters, expected) => {
  const submission = Submission.parse({ prompt: 'a boat', parameters })
  const generation = { submission, model: { ...demoModel, price }, references: [], assumedMicros: null }
  expect(estimateOutputMicros(generation)).toBe(expected)
  expect(estimateOutputMicros({ ...generation, assumedMicros: 5 })).toBe(expected ?? 5)
})
