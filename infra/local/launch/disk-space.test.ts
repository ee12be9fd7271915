import { expect, test } from 'bun:test'
import { createDiskSpaceReporter } from './disk-space.ts'

const MB = 1024 * 1024

function reportsAt(...megabytes: number[]): string[] {
  const lines: string[] = []
  const report = createDiskSpaceReporter({ folder: '/data', onMessage: line => lines.push(line) })
  for (const free of megabytes) report(free * MB)
  return lines
}

test('reports when nothing more is made, when it only reads, and when each ends, once each', () => {
  expect(reportsAt(500, 400, 95, 90, 80, 200, 300, 600)).toEqual([
    'Only 500 MB are free in /data: nothing more is made until there is room.',
    'Only 95 MB are free in /data: what is made can be looked at, and nothing is changed until there is room.',
    'Only 200 MB are free in /data: changes are taken again, but nothing more is made until there is room.',
    '600 MB are free in /data: Darkroom goes on with everything.',
  ])
})

test('reports the worst alone when the disk is full at once, and the best when it is empty at once', () => {
  expect(reportsAt(5_000, 50, 5_000, 900)).toEqual([
    'Only 50 MB are free in /data: what is made can be looked at, and nothing is changed until there is room.',
    '5000 MB are free in /data: Darkroom goes on with everything.',
    'Only 900 MB are free in /data: make room soon.',
  ])
})

test('a disk at the limit does not fill the terminal', () => {
  expect(reportsAt(95, 97, 95, 97, 95, 97)).toHaveLength(1)
  expect(reportsAt(511, 513, 511, 513)).toHaveLength(1)
})

test('warns when the space becomes low again, not when it was so at the start', () => {
  expect(reportsAt(900, 800, 2_000, 900, 800)).toEqual(['Only 900 MB are free in /data: make room soon.'])
})
