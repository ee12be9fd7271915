import { expect, test } from 'bun:test'
import { createStopWish } from './stop-signals.ts'

function heardAt(...times: number[]): string[] {
  const calls: string[] = []
  const hear = createStopWish({ stop: () => calls.push('stop'), force: () => calls.push('force') })
  for (const time of times) hear(time)
  return calls
}

test('one Ctrl-C that arrives three times at once is one stop', () => {
  expect(heardAt(0, 1, 40)).toEqual(['stop'])
})

test('a second one within two seconds does not force', () => {
  expect(heardAt(500, 2_400)).toEqual(['stop'])
})

test('a later one forces, once for each time it was meant', () => {
  expect(heardAt(500, 600, 2_501, 2_503, 9_000)).toEqual(['stop', 'force', 'force'])
})
