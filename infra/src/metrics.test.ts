import { expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { createMetrics } from './metrics.ts'

test('every metric names its service and its host', async () => {
  const { registry } = createMetrics('query')
  const samples = (await registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const labels = [`service="query"`, `host="${hostname()}"`]
  expect(samples.filter(sample => !labels.every(label => sample.includes(label)))).toEqual([])
})
