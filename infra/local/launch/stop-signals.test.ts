import { expect, test } from 'bun:test'
import { createStopDebouncer } from './stop-signals.ts'

function callsAt(...times: number[]): string[] {
  const calls: string[] = []
  const handleSignal = createStopDebouncer({ onStop: () => calls.push('stop'), onForceStop: () => calls.push('force') })
  for (const time of times) handleSignal(time)
  return calls
}

test('three signals at once are one stop', () => {
  expect(callsAt(0, 1, 40)).toEqual(['stop'])
})

test('a signal within two seconds after the first does not force', () => {
  expect(callsAt(500, 2_400)).toEqual(['stop'])
})

test('each later signal forces once, however often it arrives', () => {
  expect(callsAt(500, 600, 2_501, 2_503, 9_000)).toEqual(['stop', 'force', 'force'])
})
