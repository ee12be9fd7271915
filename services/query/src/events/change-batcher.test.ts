import { expect, test } from 'bun:test'
import { createTeller } from './change-batcher.ts'
import type { Change } from './replay-buffer.ts'

const change = (sequence: number, id = String(sequence)): Change => ({ sequence, workspaceId: 'w', id })

test('whenever something is heard it is told, also in the instant in which all was told', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { hear, places } = open()
    hear(1, change(1))
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    hear(2, change(2))
    await Bun.sleep(0)
    expect(places).toEqual([1, 2])
  }
})

test('what is heard while something is told is told together, each generation once, at its last change', async () => {
  const { hear, told, places } = open()
  hear(1, change(1, 'a'))
  hear(2, change(2, 'b'))
  hear(3, change(3, 'c'))
  hear(4, change(4, 'b'))
  hear(5, undefined)
  await Bun.sleep(0)
  expect(told).toEqual([[change(1, 'a')], [change(3, 'c'), change(4, 'b')]])
  expect(places).toEqual([1, 5])
})

test('after something could not be told, or it is over, nothing counts as told', async () => {
  const failing = open(() => Promise.reject(new Error('away')))
  failing.hear(1, change(1))
  await Bun.sleep(0)
  failing.hear(2, change(2))
  await Bun.sleep(0)
  expect([failing.told.length, failing.places, failing.failures]).toEqual([1, [], [new Error('away')]])

  const ending = open(async () => ending.stop.abort())
  ending.hear(1, change(1))
  await Bun.sleep(0)
  ending.hear(2, change(2))
  await Bun.sleep(0)
  expect([ending.told.length, ending.places, ending.failures]).toEqual([1, [], []])
})

function open(answer: () => Promise<void> = async () => {}) {
  const told: (readonly Change[])[] = []
  const places: number[] = []
  const failures: unknown[] = []
  const stop = new AbortController()
  const teller = createTeller({
    tell: changes => {
      told.push(changes)
      return answer()
    },
    onTold: sequence => places.push(sequence),
    fail: reason => failures.push(reason),
    signal: stop.signal,
  })
  return { ...teller, told, places, failures, stop }
}
