import { expect, test } from 'bun:test'
import { createChangeBatcher } from './change-batcher.ts'
import type { Change } from './replay-buffer.ts'

const change = (sequence: number, id = String(sequence)): Change => ({ sequence, workspaceId: 'w', id })

test('handles a change that is added in any microtask around the end of a flush', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { add, sequences } = open()
    add(1, change(1))
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    add(2, change(2))
    await Bun.sleep(0)
    expect(sequences).toEqual([1, 2])
  }
})

test('batches the changes that arrive during a batch, one per generation, at its last change', async () => {
  const { add, batches, sequences } = open()
  add(1, change(1, 'a'))
  add(2, change(2, 'b'))
  add(3, change(3, 'c'))
  add(4, change(4, 'b'))
  add(5, undefined)
  await Bun.sleep(0)
  expect(batches).toEqual([[change(1, 'a')], [change(3, 'c'), change(4, 'b')]])
  expect(sequences).toEqual([1, 5])
})

test('reports nothing as processed after a batch failed or the signal was aborted', async () => {
  const failing = open(() => Promise.reject(new Error('unavailable')))
  failing.add(1, change(1))
  await Bun.sleep(0)
  failing.add(2, change(2))
  await Bun.sleep(0)
  expect([failing.batches.length, failing.sequences, failing.errors]).toEqual([1, [], [new Error('unavailable')]])

  const ending = open(async () => ending.stop.abort())
  ending.add(1, change(1))
  await Bun.sleep(0)
  ending.add(2, change(2))
  await Bun.sleep(0)
  expect([ending.batches.length, ending.sequences, ending.errors]).toEqual([1, [], []])
})

function open(onBatch: () => Promise<void> = async () => {}) {
  const batches: (readonly Change[])[] = []
  const sequences: number[] = []
  const errors: unknown[] = []
  const stop = new AbortController()
  const batcher = createChangeBatcher({
    onBatch: changes => {
      batches.push(changes)
      return onBatch()
    },
    onProcessed: sequence => sequences.push(sequence),
    onError: reason => errors.push(reason),
    signal: stop.signal,
  })
  return { ...batcher, batches, sequences, errors, stop }
}
