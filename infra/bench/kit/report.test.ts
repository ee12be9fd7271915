import { expect, test } from 'bun:test'
import { buildResult, createTarget, toMarkdown } from './report.ts'
import { takeTurns } from './sampling.ts'
import { computeQuartiles, computeRatio, formatSamples } from './statistics.ts'

test('a report has a row for each variant, with the further rows below, and the samples rounded to hundredths', () => {
  const result = buildResult<{ name: string; ms: number[] }>({
    title: 'Sleep',
    method: ['Two variants sleep.'],
    columns: { variant: ({ name }) => name, ms: ({ ms }) => formatSamples(ms, 1) },
    rows: [
      { name: 'ours', ms: [1, 2, 3] },
      { name: 'floor', ms: [1, 1, 1] },
    ],
    extraRows: [['bytes', '7']],
    targets: [createTarget({ target: 'at most 2 ms', value: 2, digits: 0, suffix: ' ms', atMost: 2 })],
    samples: { ours: [1.23456] },
  })
  expect(result.rounds).toEqual({ ours: [1.23] })
  expect(toMarkdown({ ...result, machine: 'one core' }).split('\n')).toEqual([
    '# Sleep',
    '',
    'Two variants sleep.',
    '',
    'Machine: one core.',
    '',
    '| variant | ms |',
    '| --- | --- |',
    '| ours | 2.0 (1.5–2.5) |',
    '| floor | 1.0 (1.0–1.0) |',
    '| bytes | 7 |',
    '',
    '- at most 2 ms: 2 ms, met',
    '',
  ])
})

test.each([
  [{ atMost: 1.9 }, false],
  [{ atMost: 2 }, true],
  [{ atLeast: 2 }, true],
  [{ atLeast: 2.1 }, false],
])('a target of quartiles with median 2 and limits %j is met: %j', (limits, met) => {
  const value = computeQuartiles([1, 2, 30])
  expect(createTarget({ target: '', value, digits: 0, ...limits })).toEqual({ target: '', reached: '2 (2–16)', met })
})

test('ratios are computed sample by sample', () => {
  expect(computeRatio([1, 20, 300], [1, 10, 100])).toEqual({ median: 2, low: 1.5, high: 2.5 })
})

test('each round begins with another variant', async () => {
  const order: string[] = []
  await takeTurns(['a', 'b', 'c'], 4, async variant => void order.push(variant))
  expect(order.join('')).toBe('abcbcacababc')
})
