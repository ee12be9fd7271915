import { expect, test } from 'bun:test'
import { createDiskSpaceReporter } from './disk-space.ts'

const MB = 1024 * 1024

function reportsAt(...megabytes: number[]): string[] {
  const lines: string[] = []
  const report = createDiskSpaceReporter({ folder: '/data', onMessage: line => lines.push(line) })
  for (const free of megabytes) report(free * MB)
  return lines
}

test('reports the beginning and the end of reading only, once each', () => {
  expect(reportsAt(95, 90, 80, 200, 300)).toEqual([
    'Only 95 MB are free in /data: what is made can be looked at, and nothing is changed until there is room.',
    '200 MB are free in /data: Darkroom goes on with everything.',
  ])
})

test('a disk at the limit does not fill the terminal', () => {
  expect(reportsAt(95, 97, 95, 97, 95, 97)).toHaveLength(1)
})

test('warns when the space becomes low again, not when it was so at the start', () => {
  expect(reportsAt(900, 800, 2_000, 900, 800)).toEqual(['Only 900 MB are free in /data: make room soon.'])
})
